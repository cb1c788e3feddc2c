#include "models/transformer_block.h"

#include "nn/tape_activation.h"
#include "nn/tape_attention.h"
#include "nn/tape_linear.h"
#include "nn/tape_norm.h"
#include "nn/tape_rows.h"

#include <math.h>
#include <stdio.h>

static struct parameter *add(struct parameter_set *set, const char *prefix, const char *name,
                             size_t rows, size_t columns)
{
    const size_t shape[] = { rows, columns };
    char full[256];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return rows > 0 ? parameter_set_add(set, full, 2, shape)
                    : parameter_set_add(set, full, 1, &columns);
}

void transformer_block_add(struct transformer_block *block, struct parameter_set *set,
                           const char *prefix, const struct transformer_sizes *sizes)
{
    const size_t width = sizes->width, hidden = sizes->feed_forward;
    block->in_weight = add(set, prefix, "self_attn.in_proj_weight", 3 * width, width);
    block->in_bias = add(set, prefix, "self_attn.in_proj_bias", 0, 3 * width);
    block->out_weight = add(set, prefix, "self_attn.out_proj.weight", width, width);
    block->out_bias = add(set, prefix, "self_attn.out_proj.bias", 0, width);
    block->linear1_weight = add(set, prefix, "linear1.weight", hidden, width);
    block->linear1_bias = add(set, prefix, "linear1.bias", 0, hidden);
    block->linear2_weight = add(set, prefix, "linear2.weight", width, hidden);
    block->linear2_bias = add(set, prefix, "linear2.bias", 0, width);
    block->norm1_gain = add(set, prefix, "norm1.weight", 0, width);
    block->norm1_offset = add(set, prefix, "norm1.bias", 0, width);
    block->norm2_gain = add(set, prefix, "norm2.weight", 0, width);
    block->norm2_offset = add(set, prefix, "norm2.bias", 0, width);
}

void transformer_block_draw(struct transformer_block *block, uint64_t seed)
{
    struct parameter *const attention[] = { block->in_weight, block->out_weight };
    struct parameter *const others[] = { block->linear1_weight, block->linear2_weight };
    for (size_t i = 0; i < 2; i++) {
        const float ends = (float)(attention[i]->rows + attention[i]->columns);
        parameter_draw_uniform(attention[i], seed, sqrtf(6.0f / ends));
        parameter_draw_uniform(others[i], seed, 1.0f / sqrtf((float)others[i]->columns));
    }
    parameter_fill(block->norm1_gain, 1.0f);
    parameter_fill(block->norm2_gain, 1.0f);
}

static struct array *affine_norm(struct tape *tape, struct array *x, const struct parameter *gain,
                                 const struct parameter *offset, float eps)
{
    return tape_layer_norm(tape, x, tape_parameter(tape, gain), tape_parameter(tape, offset), eps);
}

static struct array *dropped(struct tape *tape, struct array *x,
                             const struct transformer_sizes *sizes,
                             const struct transformer_run *run, uint32_t place,
                             const uint64_t *row_names)
{
    const struct dropout dropout = { .probability = row_names != NULL ? sizes->dropout : 0.0f,
                                     .seed = run->seed,
                                     .step = run->step,
                                     .layer = run->layer + place,
                                     .row_names = row_names };
    return tape_dropout(tape, x, &dropout);
}

/* Each segment's first row alone: the rows, their segments and their names. */
struct first_rows {
    const struct row_source *sources;
    const size_t *starts;
    const uint64_t *names;
};

static struct first_rows find_first_rows(struct tape *tape, const struct transformer_run *run)
{
    const size_t count = run->segments.count;
    struct row_source *sources = tape_take(tape, count, sizeof *sources);
    size_t *starts = tape_take(tape, count + 1, sizeof *starts);
    uint64_t *names = tape_take(tape, count, sizeof *names);
    if (!tape_has_room(tape))
        return (struct first_rows){ 0 };
    for (size_t s = 0; s < count; s++) {
        sources[s] = (struct row_source){ .row = (uint32_t)run->segments.starts[s] };
        starts[s] = s;
        if (run->row_names != NULL)
            names[s] = run->row_names[run->segments.starts[s]];
    }
    starts[count] = count;
    return (struct first_rows){ sources, starts, run->row_names != NULL ? names : NULL };
}

/* Queries of all rows, or of `queries` alone, over keys and values of all rows of x. */
static struct array *attend(struct tape *tape, const struct transformer_block *block,
                            struct array *x, struct array *queries, const size_t *query_starts,
                            const struct transformer_sizes *sizes,
                            const struct transformer_run *run)
{
    const size_t D = sizes->width;
    struct attention_plan plan = { .heads = sizes->heads,
                                   .head_width = D / sizes->heads,
                                   .query_segments = run->segments,
                                   .key_segments = run->segments,
                                   .visible = run->visible };
    if (queries == NULL) {
        struct array *all = tape_linear(tape, x, tape_parameter(tape, block->in_weight),
                                        tape_parameter(tape, block->in_bias));
        plan.queries = (struct array_part){ all, 0 };
        plan.keys = (struct array_part){ all, D };
        plan.values = (struct array_part){ all, 2 * D };
    } else {
        struct array *q =
            tape_linear(tape, queries, tape_parameter_part(tape, block->in_weight, 0, D, D),
                        tape_parameter_part(tape, block->in_bias, 0, 1, D));
        struct array *kv =
            tape_linear(tape, x, tape_parameter_part(tape, block->in_weight, D * D, 2 * D, D),
                        tape_parameter_part(tape, block->in_bias, D, 1, 2 * D));
        plan.queries = (struct array_part){ q, 0 };
        plan.keys = (struct array_part){ kv, 0 };
        plan.values = (struct array_part){ kv, D };
        plan.query_segments.starts = query_starts;
    }
    return tape_linear(tape, tape_attention(tape, &plan), tape_parameter(tape, block->out_weight),
                       tape_parameter(tape, block->out_bias));
}

static struct array *feed_forward(struct tape *tape, const struct transformer_block *block,
                                  struct array *x, const struct transformer_sizes *sizes,
                                  const struct transformer_run *run, const uint64_t *row_names,
                                  struct transformer_trace *trace)
{
    struct array *hidden = tape_linear(tape, x, tape_parameter(tape, block->linear1_weight),
                                       tape_parameter(tape, block->linear1_bias));
    if (trace != NULL)
        trace->linear1 = hidden;
    hidden = dropped(tape, tape_gelu(tape, hidden), sizes, run, 1, row_names);
    struct array *out = tape_linear(tape, hidden, tape_parameter(tape, block->linear2_weight),
                                    tape_parameter(tape, block->linear2_bias));
    return dropped(tape, out, sizes, run, 2, row_names);
}

struct array *transformer_block_run(struct tape *tape, const struct transformer_block *block,
                                    struct array *x, const struct transformer_sizes *sizes,
                                    const struct transformer_run *run,
                                    struct transformer_trace *trace)
{
    const float eps = sizes->layer_norm_eps;
    const bool is_first = run->is_first_row_only, is_before = sizes->is_norm_first;
    const struct first_rows first =
        is_first ? find_first_rows(tape, run) : (struct first_rows){ 0 };
    const uint64_t *names = is_first ? first.names : run->row_names;
    if (!tape_has_room(tape))
        return x;
    struct array *in =
        is_before ? affine_norm(tape, x, block->norm1_gain, block->norm1_offset, eps) : x;
    struct array *queries = NULL, *residual = x;
    if (is_first) {
        queries = tape_collect_rows(tape, &in, 1, first.sources, run->segments.count);
        residual = is_before ? tape_collect_rows(tape, &x, 1, first.sources, run->segments.count)
                             : queries;
    }
    struct array *attention = attend(tape, block, in, queries, first.starts, sizes, run);
    struct array *y = tape_add(tape, residual, dropped(tape, attention, sizes, run, 0, names));
    struct array *norm1 = is_before
                              ? affine_norm(tape, y, block->norm2_gain, block->norm2_offset, eps)
                              : affine_norm(tape, y, block->norm1_gain, block->norm1_offset, eps);
    if (trace != NULL)
        *trace = (struct transformer_trace){ .attention = attention, .norm1 = norm1 };
    struct array *change = feed_forward(tape, block, norm1, sizes, run, names, trace);
    if (is_before)
        return tape_add(tape, y, change);
    return affine_norm(tape, tape_add(tape, norm1, change), block->norm2_gain, block->norm2_offset,
                       eps);
}
