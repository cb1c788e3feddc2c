#include "nn/tape_attention.h"

#include "nn/matmul.h"
#include "nn/norm.h"
#include "nn/norm_gradient.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct attention_step {
    struct array *out;
    struct attention_plan plan;
    float *scratch; /* two blocks of scores */
    size_t block_floats;
};

/* One segment of one head: where its rows begin, and how many there are. */
struct block {
    size_t segment, head, first_query, queries, first_key, keys;
};

static struct block block_of(const struct attention_plan *plan, size_t segment, size_t head)
{
    const size_t *query_starts = plan->query_segments.starts,
                 *key_starts = plan->key_segments.starts;
    return (struct block){ .segment = segment,
                           .head = head,
                           .first_query = query_starts[segment],
                           .queries = query_starts[segment + 1] - query_starts[segment],
                           .first_key = key_starts[segment],
                           .keys = key_starts[segment + 1] - key_starts[segment] };
}

static size_t offset_of(const struct attention_plan *plan, const struct array_part *part,
                        const struct block *block, size_t first_row)
{
    return first_row * part->array->columns + part->first_column + block->head * plan->head_width;
}

static const float *queries_of(const struct attention_plan *plan, const struct block *block)
{
    return plan->queries.array->value + offset_of(plan, &plan->queries, block, block->first_query);
}

static const float *keys_of(const struct attention_plan *plan, const struct block *block)
{
    return plan->keys.array->value + offset_of(plan, &plan->keys, block, block->first_key);
}

static const float *values_of(const struct attention_plan *plan, const struct block *block)
{
    return plan->values.array->value + offset_of(plan, &plan->values, block, block->first_key);
}

static float scale_of(const struct attention_plan *plan)
{
    return 1.0f / sqrtf((float)plan->head_width);
}

static void hide_keys(float *scores, const struct attention_plan *plan, const struct block *block)
{
    for (size_t q = 0; q < block->queries; q++) {
        float *row = scores + q * block->keys;
        size_t visible = block->keys;
        if (plan->visible != NULL && plan->visible[block->segment] < visible) {
            visible = plan->visible[block->segment];
            visible = q + 1 > visible ? q + 1 : visible;
        }
        for (size_t k = visible; k < block->keys; k++)
            row[k] = -INFINITY;
        if (plan->ignored_keys != NULL)
            for (size_t k = 0; k < block->keys; k++)
                if (plan->ignored_keys[block->first_key + k] != 0)
                    row[k] = -INFINITY;
    }
}

/* The attention weights of a block: [queries][keys]. */
static void weigh(float *weights, const struct attention_plan *plan, const struct block *block)
{
    matmul_transposed(weights, block->keys, queries_of(plan, block), plan->queries.array->columns,
                      keys_of(plan, block), plan->keys.array->columns, block->queries, block->keys,
                      plan->head_width, scale_of(plan), 0.0f);
    if (plan->visible != NULL || plan->ignored_keys != NULL)
        hide_keys(weights, plan, block);
    softmax(weights, block->keys, block->queries, block->keys);
}

static size_t largest_block(const struct attention_plan *plan)
{
    size_t largest = 0;
    for (size_t s = 0; s < plan->query_segments.count; s++) {
        const struct block block = block_of(plan, s, 0);
        if (largest < block.queries * block.keys)
            largest = block.queries * block.keys;
    }
    return largest;
}

static void add_block_gradients(const struct attention_step *step, const struct block *block,
                                float *dqueries, float *dkeys, float *dvalues)
{
    const struct attention_plan *plan = &step->plan;
    const size_t Q = block->queries, K = block->keys, width = plan->head_width;
    const size_t out_stride = step->out->columns;
    float *weights = step->scratch, *dweights = weights + step->block_floats;
    const float *dout = step->out->gradient + block->first_query * out_stride + block->head * width;
    weigh(weights, plan, block);
    if (dvalues != NULL)
        matmul_of_transposed(dvalues + offset_of(plan, &plan->values, block, block->first_key),
                             plan->values.array->columns, weights, K, dout, out_stride, K, width, Q,
                             1.0f, 1.0f);
    matmul_transposed(dweights, K, dout, out_stride, values_of(plan, block),
                      plan->values.array->columns, Q, K, width, 1.0f, 0.0f);
    softmax_gradient(dweights, 0.0f, dweights, weights, K, Q, K);
    if (dqueries != NULL)
        matmul(dqueries + offset_of(plan, &plan->queries, block, block->first_query),
               plan->queries.array->columns, dweights, K, keys_of(plan, block),
               plan->keys.array->columns, Q, width, K, scale_of(plan), 1.0f);
    if (dkeys != NULL)
        matmul_of_transposed(dkeys + offset_of(plan, &plan->keys, block, block->first_key),
                             plan->keys.array->columns, dweights, K, queries_of(plan, block),
                             plan->queries.array->columns, K, width, Q, scale_of(plan), 1.0f);
}

static void attention_backward(struct tape *tape, void *payload)
{
    struct attention_step *step = payload;
    const struct attention_plan *plan = &step->plan;
    float *dqueries = tape_gradient(tape, plan->queries.array);
    float *dkeys = tape_gradient(tape, plan->keys.array);
    float *dvalues = tape_gradient(tape, plan->values.array);
    step->scratch = tape_take(tape, 2 * step->block_floats, sizeof *step->scratch);
    for (size_t s = 0; s < plan->query_segments.count && tape_has_room(tape); s++)
        for (size_t h = 0; h < plan->heads; h++) {
            const struct block block = block_of(plan, s, h);
            add_block_gradients(step, &block, dqueries, dkeys, dvalues);
        }
}

/* Keeps a copy of a block's weights, for whom it may concern. */
static void show_weights(const struct attention_plan *plan, const struct block *block,
                         const float *weights, size_t *shown)
{
    if (plan->weights == NULL)
        return;
    memcpy(plan->weights + *shown, weights, block->queries * block->keys * sizeof *weights);
    *shown += block->queries * block->keys;
}

struct array *tape_attention(struct tape *tape, const struct attention_plan *plan)
{
    assert(plan->query_segments.count == plan->key_segments.count);
    const size_t width = plan->head_width, block_floats = largest_block(plan);
    struct array *out =
        tape_output(tape, plan->queries.array->rows, plan->heads * width,
                    plan->queries.array->wants_gradient || plan->keys.array->wants_gradient ||
                        plan->values.array->wants_gradient);
    float *weights = tape_take(tape, block_floats, sizeof *weights);
    if (!tape_has_room(tape))
        return out;
    size_t shown = 0;
    for (size_t s = 0; s < plan->query_segments.count; s++)
        for (size_t h = 0; h < plan->heads; h++) {
            const struct block block = block_of(plan, s, h);
            weigh(weights, plan, &block);
            show_weights(plan, &block, weights, &shown);
            matmul(out->value + block.first_query * out->columns + h * width, out->columns, weights,
                   block.keys, values_of(plan, &block), plan->values.array->columns, block.queries,
                   width, block.keys, 1.0f, 0.0f);
        }
    struct attention_step *step = tape_step(tape, out, sizeof *step, attention_backward);
    *step = (struct attention_step){ .out = out, .plan = *plan, .block_floats = block_floats };
    return out;
}
