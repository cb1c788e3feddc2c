/* Gradients of every operation against differences of its own results, on shapes that the goldens
 * do not have: ragged segments, repeated rows, inputs that are used twice. */
#include "core/random.h"
#include "nn/half.h"
#include "nn/tape_activation.h"
#include "nn/tape_attention.h"
#include "nn/tape_convolution.h"
#include "nn/tape_dilated_convolution.h"
#include "nn/tape_linear.h"
#include "nn/tape_loss.h"
#include "nn/tape_norm.h"
#include "nn/tape_quantise.h"
#include "nn/tape_rows.h"
#include "nn/tape_spectrum.h"
#include "nn/tape_weight_norm.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS_MAX = 4, VALUES_MAX = 512 };

/* Something to differentiate: its inputs' shapes and how its result is made of them. */
struct subject {
    const char *name;
    struct array *(*build)(struct tape *tape, struct array *const *inputs);
    size_t shapes[INPUTS_MAX][2]; /* rows and columns; {0} ends them */
};

/* Three sequences of 5, 1 and 3 rows, and of 2, 4 and 3. */
static const size_t starts[] = { 0, 5, 6, 9 }, other_starts[] = { 0, 2, 6, 9 };
static const struct segments nine = { 3, starts }, other_nine = { 3, other_starts };

static struct array *linear(struct tape *tape, struct array *const *in)
{
    return tape_linear(tape, in[0], in[1], in[2]);
}

static struct array *linear_of_itself(struct tape *tape, struct array *const *in)
{
    return tape_linear(tape, in[0], in[0], NULL);
}

static struct array *batched(struct tape *tape, struct array *const *in)
{
    return tape_batched_matmul(tape, in[0], in[1], 2);
}

static struct array *activations(struct tape *tape, struct array *const *in)
{
    struct array *sum = tape_add(tape, tape_gelu(tape, in[0]), tape_quick_gelu(tape, in[0]));
    sum = tape_add(tape, sum, tape_tanh(tape, in[0]));
    sum = tape_add(tape, sum, tape_scale(tape, tape_silu(tape, in[0]), -0.7f));
    return tape_add(tape, sum, tape_leaky_relu(tape, in[0], 0.2f));
}

static struct array *dropped(struct tape *tape, struct array *const *in)
{
    static const uint64_t names[] = { 7, 1, (uint64_t)1 << 40, 9, 12 };
    const struct dropout dropout = {
        .probability = 0.4f, .seed = 3, .step = 11, .layer = 2, .row_names = names
    };
    return tape_dropout(tape, in[0], &dropout);
}

static struct array *layer_normed(struct tape *tape, struct array *const *in)
{
    return tape_layer_norm(tape, in[0], in[1], in[2], 1e-5f);
}

static struct array *group_normed(struct tape *tape, struct array *const *in)
{
    return tape_group_norm(tape, in[0], &other_nine, 2, in[1], in[2], 1e-3f);
}

static struct array *unit_length(struct tape *tape, struct array *const *in)
{
    return tape_l2_normalise(tape, in[0], 1e-12f);
}

static struct array *softmaxed(struct tape *tape, struct array *const *in)
{
    return tape_softmax(tape, in[0]);
}

static struct array *attended(struct tape *tape, struct array *const *in)
{
    static const uint8_t ignored[] = { 0, 1, 0, 0, 1, 0, 0, 1, 0 };
    const struct attention_plan plan = { .queries = { in[0], 0 },
                                         .keys = { in[1], 4 },
                                         .values = { in[1], 0 },
                                         .heads = 2,
                                         .head_width = 2,
                                         .query_segments = nine,
                                         .key_segments = other_nine,
                                         .ignored_keys = ignored };
    return tape_attention(tape, &plan);
}

static struct array *attended_by_prefix(struct tape *tape, struct array *const *in)
{
    static const size_t visible[] = { 3, 1, 0 };
    const struct attention_plan plan = { .queries = { in[0], 0 },
                                         .keys = { in[0], 4 },
                                         .values = { in[0], 8 },
                                         .heads = 1,
                                         .head_width = 4,
                                         .query_segments = nine,
                                         .key_segments = nine,
                                         .visible = visible };
    return tape_attention(tape, &plan);
}

static struct array *collected(struct tape *tape, struct array *const *in)
{
    static const struct row_source sources[] = { { 1, 0 }, { 0, 2 }, { 0, 2 }, { 1, 0 }, { 0, 0 } };
    return tape_collect_rows(tape, in, 2, sources, 5);
}

static struct array *reshaped(struct tape *tape, struct array *const *in)
{
    return tape_add(tape, tape_reshape(tape, in[0], 2, 6), tape_reshape(tape, in[0], 2, 6));
}

static struct array *embedded(struct tape *tape, struct array *const *in)
{
    static const int32_t ids[] = { 3, 1, 3, 0 };
    return tape_embedding(tape, in[0], ids, 4, NO_PADDING_ID);
}

static struct array *mixed(struct tape *tape, struct array *const *in)
{
    return tape_mix_layers(tape, in, 2, tape_softmax(tape, in[2]));
}

static struct array *mixed_halves(struct tape *tape, struct array *const *in)
{
    static uint16_t layers[2][15];
    const uint16_t *const both[] = { layers[0], layers[1] };
    for (size_t i = 0; i < 15; i++) {
        const float values[] = { 0.1f * (float)i, 1.0f - 0.3f * (float)i };
        half_from_float(&layers[0][i], &values[0], 1);
        half_from_float(&layers[1][i], &values[1], 1);
    }
    return tape_mix_half_layers(tape, both, 2, 3, 5, in[0]);
}

static struct array *classified(struct tape *tape, struct array *const *in)
{
    static const int32_t targets[] = { 2, IGNORED_TARGET, 0 };
    return tape_cross_entropy(tape, in[0], targets, 0.5);
}

static struct array *compared(struct tape *tape, struct array *const *in)
{
    return tape_add(tape, tape_squared_error(tape, in[0], in[1], 0.0),
                    tape_absolute_error(tape, in[0], in[1], 3.0));
}

static struct array *convolved(struct tape *tape, struct array *const *in)
{
    static const size_t out_starts[] = { 0, 3, 4, 6 };
    static const struct segments out = { 3, out_starts };
    const struct convolution convolution = {
        .kernel = 3, .stride = 2, .padding = 1, .dilation = 1, .groups = 2
    };
    return tape_convolution(tape, in[0], &nine, &out, in[1], in[2], &convolution);
}

static struct array *convolved_with_dilation(struct tape *tape, struct array *const *in)
{
    const struct dilated_convolution convolution = { .kernel = 3, .dilation = 2, .slope = 0.2f };
    return tape_dilated_convolution(tape, in[0], &nine, in[1], in[2], in[3], &convolution);
}

static struct array *convolved_twice(struct tape *tape, struct array *const *in)
{
    const struct dilated_convolution first = { .kernel = 3, .dilation = 1, .slope = 1.0f };
    const struct dilated_convolution second = { .kernel = 5, .dilation = 1, .slope = 0.5f };
    struct array *middle = tape_dilated_convolution(tape, in[0], &nine, in[1], NULL, NULL, &first);
    return tape_dilated_convolution(tape, middle, &nine, in[2], NULL, in[0], &second);
}

static const size_t sample_starts[] = { 0, 22, 27, 41 }, frame_starts[] = { 0, 5, 5, 7 };
static const struct segments samples = { 3, sample_starts }, frames = { 3, frame_starts };

static struct array *spectrum_of(struct tape *tape, struct array *const *in)
{
    static struct spectrum *spectrum; /* of the last call: the tape borrows it */
    spectrum_destroy(spectrum);
    check_status(spectrum_create(&spectrum, 8, 3), STATUS_OK, NULL);
    return tape_logarithm(tape, tape_spectrum(tape, in[0], &samples, &frames, spectrum));
}

static struct array *convergence_of(struct tape *tape, struct array *const *in)
{
    static float target[7 * 5];
    for (size_t i = 0; i < 35; i++)
        target[i] = 0.4f + 0.1f * (float)(i % 9);
    return tape_spectral_convergence(tape, in[0], tape_constant(tape, target, 7, 5), &frames, 1.5);
}

static struct array *convolved_back(struct tape *tape, struct array *const *in)
{
    static const size_t out_starts[] = { 0, 16, 20, 30 };
    static const struct segments out = { 3, out_starts };
    const struct convolution convolution = {
        .kernel = 3, .stride = 3, .padding = 1, .dilation = 2, .groups = 2, .output_padding = 1
    };
    return tape_convolution_transposed(tape, in[0], &nine, &out, in[1], in[2], &convolution);
}

static struct array *convolved_picture(struct tape *tape, struct array *const *in)
{
    const struct convolution_2d convolution = {
        .images = 2, .height = 4, .width = 3, .kernel = 3, .stride = 2, .padding = 1
    };
    return tape_convolution_2d(tape, in[0], in[1], in[2], &convolution);
}

static struct array *weight_normed(struct tape *tape, struct array *const *in)
{
    return tape_weight_norm(tape, in[0], in[1], 3, 2);
}

static const struct subject subjects[] = {
    { "linear", linear, { { 4, 3 }, { 5, 3 }, { 1, 5 } } },
    { "linear of itself", linear_of_itself, { { 4, 3 } } },
    { "batched product", batched, { { 6, 2 }, { 4, 5 } } },
    { "activations", activations, { { 3, 21 } } },
    { "dropout", dropped, { { 5, 7 } } },
    { "layer norm", layer_normed, { { 3, 70 }, { 1, 70 }, { 1, 70 } } },
    { "group norm", group_normed, { { 9, 6 }, { 1, 6 }, { 1, 6 } } },
    { "unit length", unit_length, { { 3, 5 } } },
    { "softmax", softmaxed, { { 3, 5 } } },
    { "attention", attended, { { 9, 4 }, { 9, 8 } } },
    { "attention by prefix", attended_by_prefix, { { 9, 12 } } },
    { "collected rows", collected, { { 3, 4 }, { 1, 4 } } },
    { "reshaped", reshaped, { { 3, 4 } } },
    { "embedding", embedded, { { 5, 3 } } },
    { "mixed layers", mixed, { { 3, 4 }, { 3, 4 }, { 1, 2 } } },
    { "mixed halves", mixed_halves, { { 1, 2 } } },
    { "cross entropy", classified, { { 3, 4 } } },
    { "errors", compared, { { 3, 4 }, { 3, 4 } } },
    { "convolution", convolved, { { 9, 4 }, { 6, 6 }, { 1, 6 } } },
    { "transposed convolution", convolved_back, { { 9, 4 }, { 4, 9 }, { 1, 6 } } },
    { "dilated convolution", convolved_with_dilation, { { 9, 3 }, { 2, 9 }, { 1, 2 }, { 9, 2 } } },
    { "dilated convolutions in a row", convolved_twice, { { 9, 2 }, { 2, 6 }, { 2, 10 } } },
    { "spectrum", spectrum_of, { { 41, 1 } } },
    { "spectral convergence", convergence_of, { { 7, 5 } } },
    { "convolution of pictures", convolved_picture, { { 24, 2 }, { 3, 18 }, { 1, 3 } } },
    { "weight norm", weight_normed, { { 3, 1 }, { 4, 6 } } },
};

static float inputs[INPUTS_MAX][VALUES_MAX], gradients[INPUTS_MAX][VALUES_MAX];
static float upstream[4 * VALUES_MAX];

/* The sum of upstream times result; and, where asked, the gradients of the inputs. */
static double value_of(struct tape *tape, const struct subject *subject, bool goes_back)
{
    struct array *arrays[INPUTS_MAX] = { NULL };
    tape_reset(tape);
    for (size_t i = 0; i < INPUTS_MAX && subject->shapes[i][0] > 0; i++)
        arrays[i] = tape_variable(tape, inputs[i], subject->shapes[i][0], subject->shapes[i][1]);
    struct array *result = subject->build(tape, arrays);
    check_status(tape_status(tape), STATUS_OK, NULL);
    const size_t count = result->rows * result->columns;
    CU_ASSERT_FATAL(count <= 4 * VALUES_MAX);
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += (double)upstream[i] * (double)result->value[i];
    if (!goes_back)
        return sum;
    tape_seed(tape, result, upstream);
    check_status(tape_run_backward(tape), STATUS_OK, NULL);
    for (size_t i = 0; i < INPUTS_MAX && arrays[i] != NULL; i++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(arrays[i]->gradient);
        memcpy(gradients[i], arrays[i]->gradient,
               arrays[i]->rows * arrays[i]->columns * sizeof(float));
    }
    return sum;
}

/* The slope by differences: of the fourth order, since float leaves little room for a small step.
 */
static double slope_of(struct tape *tape, const struct subject *subject, float *value)
{
    const float here = *value, h = 0.02f;
    double results[4];
    const float steps[] = { -2.0f * h, -h, h, 2.0f * h };
    for (size_t s = 0; s < 4; s++) {
        *value = here + steps[s];
        results[s] = value_of(tape, subject, false);
    }
    *value = here;
    return (8.0 * (results[2] - results[1]) - (results[3] - results[0])) / (12.0 * (double)h);
}

static void check_subject(struct tape *tape, const struct subject *subject)
{
    struct random_stream stream = random_stream_for(5, subject->name, "inputs");
    for (size_t i = 0; i < INPUTS_MAX; i++)
        for (size_t v = 0; v < VALUES_MAX; v++) { /* kept away from the kinks of |x| */
            const double drawn = random_normal(&stream);
            inputs[i][v] = (float)(drawn + (drawn < 0.0 ? -0.1 : 0.1));
        }
    for (size_t v = 0; v < 4 * VALUES_MAX; v++)
        upstream[v] = (float)random_normal(&stream);
    value_of(tape, subject, true);
    float kept[INPUTS_MAX][VALUES_MAX];
    memcpy(kept, gradients, sizeof kept);
    for (size_t i = 0; i < INPUTS_MAX && subject->shapes[i][0] > 0; i++)
        for (size_t v = 0; v < subject->shapes[i][0] * subject->shapes[i][1]; v++) {
            const double slope = slope_of(tape, subject, &inputs[i][v]);
            const double error = fabs(slope - (double)kept[i][v]);
            CU_ASSERT(error <= 2e-3 * (1.0 + fabs(slope)));
            if (error > 2e-3 * (1.0 + fabs(slope)))
                fprintf(stderr, "%s: input %zu, value %zu: %g, by differences %g\n", subject->name,
                        i, v, (double)kept[i][v], slope);
        }
}

static void gradients_are_the_slopes(void)
{
    struct tape *tape;
    check_status(tape_create(&tape, (size_t)16 << 20), STATUS_OK, NULL);
    for (size_t s = 0; s < sizeof subjects / sizeof subjects[0]; s++)
        check_subject(tape, &subjects[s]);
    tape_destroy(tape);
}

static void quantising_passes_gradients_straight_on(void)
{
    static const float z[] = { 0.9f, 0.1f, -0.2f, 0.8f }, codes[] = { 1.0f, 0.0f, 0.0f, 1.0f };
    static const float upward[] = { 1.0f, -2.0f, 3.0f, 0.5f };
    struct tape *tape;
    check_status(tape_create(&tape, (size_t)1 << 20), STATUS_OK, NULL);
    struct array *in = tape_variable(tape, z, 2, 2), *book = tape_variable(tape, codes, 2, 2);
    const struct quantised out = tape_quantise(tape, in, book, false, 0.25f);
    CU_ASSERT(out.ids[0] == 0 && out.ids[1] == 1);
    CU_ASSERT_DOUBLE_EQUAL((double)out.loss->value[0], 1.25 * (0.01 + 0.01 + 0.04 + 0.04) / 4,
                           1e-6);
    tape_seed(tape, out.codes, upward);
    check_status(tape_run_backward(tape), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(memcmp(in->gradient, upward, sizeof upward), 0);
    tape_destroy(tape);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "gradients are the slopes of the results", gradients_are_the_slopes },
        { "quantising passes gradients straight on", quantising_passes_gradients_straight_on },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "tape gradients", cases);
}
