#include "tokenizers/image/vit_vqgan_trained.h"

#include "nn/tape_activation.h"
#include "nn/tape_attention.h"
#include "nn/tape_linear.h"
#include "nn/tape_norm.h"
#include "nn/tape_quantise.h"
#include "nn/tape_rows.h"
#include "tokenizers/image/vit_vqgan_untrained.h"
#include "tokenizers/image/vit_vqgan_weights.h"

#include <stdlib.h>
#include <string.h>

/* A parameter and the place in `places` that stands for it. */
struct slot {
    struct vit_vqgan_entry entry;
    struct parameter *parameter;
};

struct vit_vqgan_trained {
    struct vit_vqgan_config config;
    struct vit_vqgan_weights places; /* names, shapes and order are those of inference, because its
                                        own walk hands them over; the values stay NULL */
    struct slot *slots;
    size_t slot_count;
};

struct adding {
    struct vit_vqgan_trained *net;
    struct parameter_set *set;
};

static enum status add_one(void *payload, const struct vit_vqgan_entry *entry)
{
    struct adding *adding = payload;
    struct vit_vqgan_trained *net = adding->net;
    struct slot *slots = realloc(net->slots, (net->slot_count + 1) * sizeof *slots);
    if (slots == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s", entry->name);
    net->slots = slots;
    struct parameter *parameter =
        parameter_set_add(adding->set, entry->name, entry->dimension_count, entry->shape);
    if (parameter == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s", entry->name);
    parameter->is_frozen = entry->role == VIT_VQGAN_POSITION;
    if (entry->role == VIT_VQGAN_CODES) /* their length means nothing */
        parameter->is_decayed = false;
    slots[net->slot_count++] = (struct slot){ *entry, parameter };
    return STATUS_OK;
}

static enum status check_sizes(const struct vit_vqgan_config *config)
{
    const struct vit_vqgan_tower *const towers[] = { &config->encoder, &config->decoder };
    if (config->patch == 0 || config->image_height == 0 || config->image_width == 0 ||
        config->image_height % config->patch != 0 || config->image_width % config->patch != 0)
        return status_fail(STATUS_INVALID,
                           "pictures of %zu x %zu are no multiple of patches of %zu",
                           config->image_width, config->image_height, config->patch);
    if (vit_vqgan_config_tokens(config) > VIT_VQGAN_TOKENS_MAX)
        return status_fail(STATUS_INVALID, "%zu tokens a picture, at most %d are supported",
                           vit_vqgan_config_tokens(config), VIT_VQGAN_TOKENS_MAX);
    for (size_t t = 0; t < 2; t++)
        if (towers[t]->dim % 4 != 0)
            return status_fail(STATUS_INVALID, "a width of %zu: positions need multiples of 4",
                               towers[t]->dim);
    return STATUS_OK;
}

enum status vit_vqgan_trained_create(struct vit_vqgan_trained **out, struct parameter_set *set,
                                     const struct vit_vqgan_config *config)
{
    *out = NULL;
    enum status outcome = check_sizes(config);
    if (outcome != STATUS_OK)
        return outcome;
    struct vit_vqgan_trained *net = calloc(1, sizeof *net);
    if (net == NULL)
        return status_fail(STATUS_NO_MEMORY, "a ViT-VQGAN");
    net->config = *config;
    struct adding adding = { net, set };
    outcome = vit_vqgan_weights_begin(&net->places, config);
    if (outcome == STATUS_OK)
        outcome = vit_vqgan_weights_visit(&net->places, config, add_one, &adding);
    if (outcome == STATUS_OK)
        *out = net;
    else
        vit_vqgan_trained_destroy(net);
    return outcome;
}

void vit_vqgan_trained_destroy(struct vit_vqgan_trained *net)
{
    if (net == NULL)
        return;
    vit_vqgan_weights_end(&net->places);
    free(net->slots);
    free(net);
}

const struct vit_vqgan_config *vit_vqgan_trained_sizes(const struct vit_vqgan_trained *net)
{
    return &net->config;
}

static struct parameter *parameter_at(const struct vit_vqgan_trained *net,
                                      const float *const *place)
{
    const struct slot *slot = net->slots;
    while ((const float *const *)slot->entry.values != place)
        slot++;
    return slot->parameter;
}

struct parameter *vit_vqgan_trained_codes(const struct vit_vqgan_trained *net)
{
    return parameter_at(net, &net->places.codes);
}

void vit_vqgan_trained_draw(struct vit_vqgan_trained *net, uint64_t seed)
{
    const float *patch = parameter_at(net, &net->places.patch)->value;
    for (size_t s = 0; s < net->slot_count; s++)
        vit_vqgan_untrained_draw(net->slots[s].parameter->value, &net->slots[s].entry, &net->config,
                                 patch, seed);
}

enum status vit_vqgan_trained_fill(struct vit_vqgan_trained *net, const struct tensor_table *table)
{
    enum status outcome = STATUS_OK;
    for (size_t s = 0; s < net->slot_count && outcome == STATUS_OK; s++) {
        const struct vit_vqgan_entry *entry = &net->slots[s].entry;
        outcome = tensor_table_read(net->slots[s].parameter->value, table, entry->name,
                                    entry->dimension_count, entry->shape);
    }
    return outcome;
}

/* What the parts of a run have in common. */
struct pass {
    const struct vit_vqgan_trained *net;
    struct tape *tape;
    size_t count;                      /* pictures */
    struct segments segments;          /* a picture each */
    const struct row_source *tiling;   /* [count * T]: row t % T */
    const struct row_source *channels; /* [count * T]: row 0 */
};

static struct array *weight(const struct pass *pass, const float *const *place)
{
    return tape_parameter(pass->tape, parameter_at(pass->net, place));
}

static struct pass begin_pass(const struct vit_vqgan_trained *net, struct tape *tape, size_t count)
{
    const size_t T = vit_vqgan_config_tokens(&net->config);
    size_t *starts = tape_take(tape, count + 1, sizeof *starts);
    struct row_source *tiling = tape_take(tape, count * T, sizeof *tiling);
    struct row_source *first = tape_take(tape, count * T, sizeof *first);
    for (size_t t = 0; t < count * T && tape_has_room(tape); t++) {
        tiling[t] = (struct row_source){ .row = (uint32_t)(t % T) };
        first[t] = (struct row_source){ 0 };
    }
    for (size_t s = 0; s <= count && tape_has_room(tape); s++)
        starts[s] = s * T;
    return (struct pass){ net, tape, count, { count, starts }, tiling, first };
}

static struct array *normed(const struct pass *pass, struct array *x, const float *const *gain,
                            const float *const *offset)
{
    return tape_layer_norm(pass->tape, x, weight(pass, gain), weight(pass, offset),
                           (float)pass->net->config.layer_norm_eps);
}

static struct array *run_block(const struct pass *pass, struct array *x,
                               const struct vision_block *block,
                               const struct vit_vqgan_tower *sizes)
{
    struct tape *tape = pass->tape;
    const size_t I = sizes->heads * sizes->head_width;
    struct array *qkv =
        tape_linear(tape, normed(pass, x, &block->attention_gain, &block->attention_offset),
                    weight(pass, &block->qkv), NULL);
    const struct attention_plan plan = { .queries = { qkv, 0 },
                                         .keys = { qkv, I },
                                         .values = { qkv, 2 * I },
                                         .heads = sizes->heads,
                                         .head_width = sizes->head_width,
                                         .query_segments = pass->segments,
                                         .key_segments = pass->segments };
    struct array *seen = tape_linear(tape, tape_attention(tape, &plan), weight(pass, &block->out),
                                     weight(pass, &block->out_bias));
    x = tape_add(tape, x, seen);
    struct array *hidden =
        tape_linear(tape, normed(pass, x, &block->mlp_gain, &block->mlp_offset),
                    weight(pass, &block->expand), weight(pass, &block->expand_bias));
    struct array *change = tape_linear(tape, tape_tanh(tape, hidden), weight(pass, &block->shrink),
                                       weight(pass, &block->shrink_bias));
    return tape_add(tape, x, change);
}

/* Positions, blocks and the last norm. */
static struct array *run_tower(const struct pass *pass, struct array *x,
                               const struct vit_vqgan_tower_weights *weights,
                               const struct vit_vqgan_tower *sizes)
{
    struct array *table =
        tape_parameter_part(pass->tape, parameter_at(pass->net, &weights->position), 0,
                            vit_vqgan_config_tokens(&pass->net->config), sizes->dim);
    if (!tape_has_room(pass->tape))
        return x;
    const size_t rows = pass->segments.starts[pass->count];
    x = tape_add(pass->tape, x, tape_collect_rows(pass->tape, &table, 1, pass->tiling, rows));
    for (size_t b = 0; b < sizes->depth; b++)
        x = run_block(pass, x, &weights->blocks[b], sizes);
    return normed(pass, x, &weights->gain, &weights->offset);
}

/* The transposed convolution to pixels: patches do not overlap, so a product and, for each value,
 * its channel's bias. */
static struct array *run_to_pixels(const struct pass *pass, struct array *x)
{
    struct tape *tape = pass->tape;
    const size_t p = pass->net->config.patch, N = 3 * p * p;
    struct array *channels = tape_parameter_part(
        tape, parameter_at(pass->net, &pass->net->places.to_pixel_bias), 0, 3, 1);
    struct row_source *places = tape_take(tape, N, sizeof *places);
    if (!tape_has_room(tape))
        return x;
    for (size_t i = 0; i < N; i++)
        places[i] = (struct row_source){ .row = (uint32_t)(i / (p * p)) };
    struct array *bias = tape_reshape(tape, tape_collect_rows(tape, &channels, 1, places, N), 1, N);
    if (!tape_has_room(tape))
        return x;
    struct array *repeated =
        tape_collect_rows(tape, &bias, 1, pass->channels, pass->segments.starts[pass->count]);
    return tape_add(
        tape, tape_batched_matmul(tape, x, weight(pass, &pass->net->places.to_pixel), 1), repeated);
}

struct vit_vqgan_trained_run vit_vqgan_trained_run(const struct vit_vqgan_trained *net,
                                                   struct tape *tape, const float *patches,
                                                   size_t count, float beta)
{
    const struct vit_vqgan_config *config = &net->config;
    const struct vit_vqgan_weights *places = &net->places;
    const struct pass pass = begin_pass(net, tape, count);
    struct array *x = tape_constant(tape, patches, count * vit_vqgan_config_tokens(config),
                                    3 * config->patch * config->patch);
    x = tape_linear(tape, x, weight(&pass, &places->patch), weight(&pass, &places->patch_bias));
    x = run_tower(&pass, x, &places->encoder, &config->encoder);
    struct vit_vqgan_trained_run run = { 0 };
    run.latents = tape_linear(tape, x, weight(&pass, &places->pre_quant),
                              weight(&pass, &places->pre_quant_bias));
    const struct quantised quantised =
        tape_quantise(tape, run.latents, weight(&pass, &places->codes), true, beta);
    run.codes = quantised.codes;
    run.code_loss = quantised.loss;
    run.ids = quantised.ids;
    x = tape_linear(tape, run.codes, weight(&pass, &places->post_quant),
                    weight(&pass, &places->post_quant_bias));
    x = run_tower(&pass, x, &places->decoder, &config->decoder);
    run.patches = run_to_pixels(&pass, x);
    return run;
}
