/* Attention against a plain loop in double, tiled and not, fused and separate. */
#include "core/random.h"
#include "nn/attention.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>

static float *random_floats(size_t count, uint64_t number)
{
    struct random_stream stream = random_stream_numbered(3, number, "attention");
    float *values = malloc(count * sizeof *values);
    if (values == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        values[i] = (float)random_normal(&stream);
    return values;
}

/* One output row of one head, [head_width], by definition. */
static void plain_row(double *out, const struct attention_inputs *in, size_t query, size_t head)
{
    double *weights = malloc(in->key_count * sizeof *weights), largest = -INFINITY, sum = 0.0;
    if (weights == NULL)
        abort();
    const size_t column = head * in->head_width;
    for (size_t k = 0; k < in->key_count; k++) {
        weights[k] = 0.0;
        for (size_t d = 0; d < in->head_width; d++)
            weights[k] += (double)in->queries[query * in->query_stride + column + d] *
                          (double)in->keys[k * in->key_stride + column + d];
        weights[k] *= (double)in->scale;
        largest = fmax(largest, weights[k]);
    }
    for (size_t k = 0; k < in->key_count; k++)
        sum += weights[k] = exp(weights[k] - largest);
    for (size_t d = 0; d < in->head_width; d++) {
        out[d] = 0.0;
        for (size_t k = 0; k < in->key_count; k++)
            out[d] += weights[k] / sum * (double)in->values[k * in->value_stride + column + d];
    }
    free(weights);
}

/* Runs and compares every `step`-th query. */
static void check_attention(const struct attention_inputs *in, size_t step)
{
    const size_t D = in->heads * in->head_width;
    float *out = malloc(in->query_count * D * sizeof *out);
    float *scratch =
        malloc(attention_scratch_count(in->key_count, in->head_width) * sizeof *scratch);
    double expected[64];
    if (out == NULL || scratch == NULL)
        abort();
    attention(out, D, in, scratch);
    for (size_t q = 0; q < in->query_count; q += step)
        for (size_t h = 0; h < in->heads; h++) {
            plain_row(expected, in, q, h);
            for (size_t d = 0; d < in->head_width; d++)
                CU_ASSERT_DOUBLE_EQUAL(out[q * D + h * in->head_width + d], expected[d], 2e-6);
        }
    free(out);
    free(scratch);
}

static void a_fused_buffer_gives_the_plain_result(void)
{
    const size_t lengths[] = { 1, 2, 17, 174 };
    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
        const size_t T = lengths[l], D = 4 * 10;
        float *fused = random_floats(T * 3 * D, 1);
        check_attention(&(struct attention_inputs){ .queries = fused,
                                                    .keys = fused + D,
                                                    .values = fused + 2 * D,
                                                    .query_stride = 3 * D,
                                                    .key_stride = 3 * D,
                                                    .value_stride = 3 * D,
                                                    .query_count = T,
                                                    .key_count = T,
                                                    .heads = 4,
                                                    .head_width = 10,
                                                    .scale = 0.3f },
                        1);
        free(fused);
    }
}

static void long_sequences_are_tiled(void)
{
    const size_t T = 1024, D = 2 * 32;
    float *queries = random_floats(T * D, 2), *keys = random_floats(T * D, 3);
    float *values = random_floats(T * D, 4);
    CU_ASSERT(attention_scratch_count(T, 32) < T * T);
    check_attention(&(struct attention_inputs){ .queries = queries,
                                                .keys = keys,
                                                .values = values,
                                                .query_stride = D,
                                                .key_stride = D,
                                                .value_stride = D,
                                                .query_count = T,
                                                .key_count = T,
                                                .heads = 2,
                                                .head_width = 32,
                                                .scale = 0.18f },
                    61);
    free(queries);
    free(keys);
    free(values);
}

static void queries_and_keys_may_differ_in_number(void)
{
    const size_t D = 3 * 7;
    float *queries = random_floats(5 * D, 5), *keys = random_floats(90 * D, 6);
    check_attention(&(struct attention_inputs){ .queries = queries,
                                                .keys = keys,
                                                .values = keys,
                                                .query_stride = D,
                                                .key_stride = D,
                                                .value_stride = D,
                                                .query_count = 5,
                                                .key_count = 90,
                                                .heads = 3,
                                                .head_width = 7,
                                                .scale = 0.4f },
                    1);
    free(queries);
    free(keys);
}

static void scratch_is_bounded_and_never_falls(void)
{
    size_t before = 0;
    for (size_t T = 1; T <= 20000; T += 7) {
        const size_t count = attention_scratch_count(T, 64);
        CU_ASSERT(count >= before);
        CU_ASSERT(count <= (1u << 15) + (2u * 64u + 64u) * (T + 15u));
        before = count;
    }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "a fused buffer gives the plain result", a_fused_buffer_gives_the_plain_result },
        { "long sequences are tiled", long_sequences_are_tiled },
        { "queries and keys may differ in number", queries_and_keys_may_differ_in_number },
        { "scratch is bounded and never falls", scratch_is_bounded_and_never_falls },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "attention", cases);
}
