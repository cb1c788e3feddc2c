#include "models/early_convolutions.h"
#include "models/im2sp_embedding.h"
#include "models/im2sp_trained_inside.h"
#include "nn/tape_activation.h"
#include "nn/tape_attention.h"
#include "nn/tape_convolution.h"
#include "nn/tape_linear.h"
#include "nn/tape_norm.h"
#include "nn/tape_rows.h"

#include <string.h>

/* A run of the model. */
struct running {
    const struct im2sp_trained *model;
    struct tape *tape;
    const struct im2sp_trained_batch *batch;
};

static struct array *parameter_at(const struct running *run, const void *place, size_t part)
{
    return tape_parameter(run->tape, im2sp_slot_at(run->model, place)->parts[part]);
}

static struct array *linear(const struct running *run, struct array *x,
                            const struct packed_matrix *weight, float *const *bias, size_t part)
{
    return tape_linear(run->tape, x, parameter_at(run, weight, part),
                       parameter_at(run, bias, part));
}

static struct array *norm(const struct running *run, struct array *x, float *const *gain,
                          float *const *offset, float eps)
{
    return tape_layer_norm(run->tape, x, parameter_at(run, gain, 0), parameter_at(run, offset, 0),
                           eps);
}

/* Rows of captions, each with its picture before it. */
struct rows {
    struct segments segments;
    const size_t *visible;            /* [captions]: the picture's rows */
    const struct row_source *sources; /* [rows]: of pictures (0) and ids (1) */
    const struct row_source *id_rows; /* [ids]: where they lie among the rows */
    const uint64_t *names, *id_names; /* [rows], [ids]; NULL without dropout */
};

/* How a layer works. */
struct layer_run {
    struct rows rows;
    size_t width, heads;
    float eps;
    enum im2sp_activation activation;
    bool is_norm_first;
    bool wants_ids_only; /* of the last layer nobody reads the pictures' rows */
    uint32_t dropout;    /* the first of two numbers */
};

static struct array *dropped(const struct running *run, struct array *x, uint32_t number,
                             const uint64_t *names)
{
    const struct dropout dropout = { .probability = names != NULL ? run->model->dropout : 0.0f,
                                     .seed = run->batch->seed,
                                     .step = run->batch->step,
                                     .layer = number,
                                     .row_names = names };
    return tape_dropout(run->tape, x, &dropout);
}

static struct array *attend(const struct running *run, const struct im2sp_layer *layer,
                            struct array *x, const struct layer_run *how)
{
    const size_t D = how->width;
    const bool is_fused = im2sp_slot_at(run->model, &layer->qkv)->part_count == 1;
    struct array_part parts[3];
    for (size_t p = 0; p < 3; p++)
        parts[p] = is_fused && p > 0
                       ? (struct array_part){ parts[0].array, p * D }
                       : (struct array_part){ linear(run, x, &layer->qkv, &layer->qkv_bias, p), 0 };
    const struct attention_plan plan = { .queries = parts[0],
                                         .keys = parts[1],
                                         .values = parts[2],
                                         .heads = how->heads,
                                         .head_width = D / how->heads,
                                         .query_segments = how->rows.segments,
                                         .key_segments = how->rows.segments,
                                         .visible = how->rows.visible };
    return tape_attention(run->tape, &plan);
}

static struct array *mlp(const struct running *run, const struct im2sp_layer *layer,
                         struct array *x, enum im2sp_activation activation)
{
    struct array *hidden = linear(run, x, &layer->expand, &layer->expand_bias, 0);
    hidden = activation == IM2SP_QUICK_GELU ? tape_quick_gelu(run->tape, hidden)
                                            : tape_gelu(run->tape, hidden);
    return linear(run, hidden, &layer->shrink, &layer->shrink_bias, 0);
}

static struct array *run_norm_first(const struct running *run, const struct im2sp_layer *layer,
                                    struct array *x, const struct layer_run *how)
{
    struct array *in = norm(run, x, &layer->attention_gain, &layer->attention_offset, how->eps);
    struct array *out = linear(run, attend(run, layer, in, how), &layer->out, &layer->out_bias, 0);
    x = tape_add(run->tape, x, out);
    in = norm(run, x, &layer->mlp_gain, &layer->mlp_offset, how->eps);
    return tape_add(run->tape, x, mlp(run, layer, in, how->activation));
}

static struct array *run_norm_last(const struct running *run, const struct im2sp_layer *layer,
                                   struct array *x, const struct layer_run *how)
{
    const struct rows *rows = &how->rows;
    const uint64_t *names = how->wants_ids_only ? rows->id_names : rows->names;
    const size_t ids = run->batch->starts[run->batch->count];
    struct array *seen = attend(run, layer, x, how);
    if (how->wants_ids_only) {
        seen = tape_collect_rows(run->tape, &seen, 1, rows->id_rows, ids);
        x = tape_collect_rows(run->tape, &x, 1, rows->id_rows, ids);
    }
    struct array *out = linear(run, seen, &layer->out, &layer->out_bias, 0);
    x = tape_add(run->tape, x, dropped(run, out, how->dropout, names));
    x = norm(run, x, &layer->attention_gain, &layer->attention_offset, how->eps);
    out = dropped(run, mlp(run, layer, x, how->activation), how->dropout + 1, names);
    return norm(run, tape_add(run->tape, x, out), &layer->mlp_gain, &layer->mlp_offset, how->eps);
}

/* The codebook's rows of all units, row by row. */
static struct array *look_up(const struct running *run)
{
    const struct im2sp_trained *model = run->model;
    const size_t C = model->config.encoder.channels, side = model->config.encoder.side;
    const size_t places = run->batch->count * side * side;
    const float *codes = model->whitened != NULL ? model->whitened : model->codebook.rows;
    const size_t inputs = im2sp_config_inputs(&model->config.encoder);
    struct array *rows = tape_output(run->tape, places, inputs, false);
    for (size_t i = 0; i < places && tape_has_room(run->tape); i++)
        memcpy(rows->value + i * inputs, codes + run->batch->image_units[i] * C,
               C * sizeof *rows->value);
    for (size_t p = 0; p < run->batch->count && inputs > C && tape_has_room(run->tape); p++)
        unit_similarities_take(rows->value + p * side * side * inputs + C, inputs, 1,
                               model->codebook.similarities,
                               run->batch->image_units + p * side * side);
    return rows;
}

/* A class token before each picture's patches; and for every row its place. */
struct token_rows {
    struct row_source *tokens, *places; /* [count * T] */
    size_t *starts;                     /* [count + 1] */
};

static struct token_rows place_tokens(struct tape *tape, size_t count, size_t T)
{
    const struct token_rows rows = { .tokens = tape_take(tape, count * T, sizeof *rows.tokens),
                                     .places = tape_take(tape, count * T, sizeof *rows.places),
                                     .starts = tape_take(tape, count + 1, sizeof *rows.starts) };
    for (size_t i = 0; i < count * T && tape_has_room(tape); i++) {
        const size_t token = i % T, patch = i / T * (T - 1) + token - 1;
        rows.tokens[i] = token == 0 ? (struct row_source){ .part = 0, .row = 0 }
                                    : (struct row_source){ .part = 1, .row = (uint32_t)patch };
        rows.places[i] = (struct row_source){ .part = 0, .row = (uint32_t)token };
    }
    for (size_t p = 0; p <= count && tape_has_room(tape); p++)
        rows.starts[p] = p * T;
    return rows;
}

/* What the convolution that makes tokens sees. */
static struct array *convolve(const struct running *run, struct array *x)
{
    const struct im2sp_encoder_config *encoder = &run->model->config.encoder;
    struct early_convolutions convolutions;
    if (encoder->convolution_channels == 0)
        return x;
    for (size_t c = 0; c < EARLY_CONVOLUTIONS; c++) {
        const struct im2sp_early *early = &run->model->places.encoder.early[c];
        const void *const places[] = { &early->weight, &early->bias, &early->gain, &early->offset };
        for (size_t t = 0; t < EARLY_TENSORS; t++)
            convolutions.parts[c][t] = im2sp_slot_at(run->model, places[t])->parts[0];
    }
    return early_convolutions_run(run->tape, &convolutions, x, run->batch->count, encoder->side,
                                  encoder->norm_eps);
}

static struct array *embed_patches(const struct running *run, const struct token_rows *rows)
{
    const struct im2sp_encoder_config *encoder = &run->model->config.encoder;
    const struct im2sp_weights *places = &run->model->places;
    const size_t D = encoder->width, T = im2sp_config_tokens(&run->model->config);
    const size_t count = run->batch->count;
    const size_t side = im2sp_patched_side(encoder);
    const struct convolution_2d stem = {
        count, side, side, encoder->kernel, encoder->stride, encoder->padding
    };
    const struct parameter *cls = im2sp_slot_at(run->model, &places->encoder.class_token)->parts[0];
    const struct parameter *position =
        im2sp_slot_at(run->model, &places->encoder.position)->parts[0];
    struct array *patches = tape_convolution_2d(
        run->tape, convolve(run, look_up(run)), parameter_at(run, &places->encoder.patch, 0),
        parameter_at(run, &places->encoder.patch_bias, 0), &stem);
    struct array *const parts[] = { tape_parameter_part(run->tape, cls, 0, 1, D), patches };
    struct array *table = tape_parameter_part(run->tape, position, 0, T, D);
    return tape_add(run->tape, tape_collect_rows(run->tape, parts, 2, rows->tokens, count * T),
                    tape_collect_rows(run->tape, &table, 1, rows->places, count * T));
}

static struct array *take_embeddings(const struct running *run)
{
    const size_t E = run->model->config.encoder.width, count = run->batch->count;
    struct array *rows = tape_output(run->tape, count, E, false);
    for (size_t p = 0; p < count && tape_has_room(run->tape); p++)
        im2sp_embedding_scale(rows->value + p * E, run->batch->embeddings + p * E, E);
    return rows;
}

/* What the image encoder gives: [count * T][encoder width]; embeddings as they are, [count]. */
static struct array *encode(const struct running *run)
{
    const struct im2sp_encoder_config *encoder = &run->model->config.encoder;
    const size_t T = im2sp_config_tokens(&run->model->config), count = run->batch->count;
    if (run->model->config.input == IM2SP_EMBEDDINGS)
        return take_embeddings(run);
    if (run->batch->encoded != NULL)
        return tape_constant(run->tape, run->batch->encoded, count * T, encoder->width);
    const struct token_rows rows = place_tokens(run->tape, count, T);
    const struct layer_run how = { .rows = { .segments = { count, rows.starts } },
                                   .width = encoder->width,
                                   .heads = encoder->heads,
                                   .eps = encoder->norm_eps,
                                   .activation = encoder->activation };
    struct array *x = embed_patches(run, &rows);
    for (size_t l = 0; l < encoder->layers && tape_has_room(run->tape); l++)
        x = run_norm_first(run, &run->model->places.encoder.layers[l], x, &how);
    return x;
}

/* Positions in a caption, and where its ids lie behind its picture. */
static struct rows place_rows(const struct running *run, struct row_source *positions)
{
    struct tape *tape = run->tape;
    const struct im2sp_trained_batch *batch = run->batch;
    const size_t T = im2sp_config_tokens(&run->model->config), ids = batch->starts[batch->count];
    const size_t all = batch->count * T + ids;
    size_t *starts = tape_take(tape, batch->count + 1, sizeof *starts);
    size_t *visible = tape_take(tape, batch->count, sizeof *visible);
    struct row_source *sources = tape_take(tape, all, sizeof *sources);
    struct row_source *id_rows = tape_take(tape, ids, sizeof *id_rows);
    uint64_t *names = tape_take(tape, all, sizeof *names);
    uint64_t *id_names = tape_take(tape, ids, sizeof *id_names);
    for (size_t c = 0; c < batch->count && tape_has_room(tape); c++) {
        const uint64_t name = (batch->records != NULL ? batch->records[c] : 0) << 20;
        const size_t first = batch->starts[c], length = batch->starts[c + 1] - first;
        const size_t at = starts[c] = c * T + first;
        visible[c] = T;
        for (size_t t = 0; t < T; t++)
            sources[at + t] = (struct row_source){ .part = 0, .row = (uint32_t)(c * T + t) };
        for (size_t i = 0; i < length; i++) {
            sources[at + T + i] = (struct row_source){ .part = 1, .row = (uint32_t)(first + i) };
            id_rows[first + i] = (struct row_source){ .row = (uint32_t)(at + T + i) };
            id_names[first + i] = name + T + i;
            positions[first + i] = (struct row_source){ .row = (uint32_t)i };
        }
        for (size_t r = 0; r < T + length; r++)
            names[at + r] = name + r;
    }
    if (tape_has_room(tape))
        starts[batch->count] = all;
    return (struct rows){ .segments = { batch->count, starts },
                          .visible = visible,
                          .sources = sources,
                          .id_rows = id_rows,
                          .names = batch->records != NULL ? names : NULL,
                          .id_names = batch->records != NULL ? id_names : NULL };
}

static struct array *project(const struct running *run, struct array *encoded)
{
    const struct im2sp_weights *places = &run->model->places;
    const struct im2sp_config *config = &run->model->config;
    struct array *x = linear(run, encoded, &places->projection, &places->projection_bias, 0);
    if (config->input == IM2SP_EMBEDDINGS)
        x = tape_reshape(run->tape, x, run->batch->count * config->prefix_tokens, config->width);
    return norm(run, x, &places->projection_gain, &places->projection_offset,
                config->projection_eps);
}

static struct array *embed_ids(const struct running *run, const struct row_source *positions,
                               const struct rows *rows)
{
    const struct im2sp_weights *places = &run->model->places;
    const size_t ids = run->batch->starts[run->batch->count];
    struct array *words = tape_embedding(run->tape, parameter_at(run, &places->words, 0),
                                         run->batch->ids, ids, UNIT_ID_PAD);
    struct array *table = parameter_at(run, &places->positions, 0);
    struct array *x =
        tape_add(run->tape, words, tape_collect_rows(run->tape, &table, 1, positions, ids));
    x = norm(run, x, &places->word_gain, &places->word_offset, run->model->config.norm_eps);
    return dropped(run, x, 0, rows->id_names);
}

static struct array *decode(const struct running *run, struct array *x, const struct rows *rows)
{
    const struct im2sp_config *config = &run->model->config;
    struct layer_run how = { .rows = *rows,
                             .width = config->width,
                             .heads = config->heads,
                             .eps = config->norm_eps,
                             .activation = IM2SP_GELU };
    for (size_t l = 0; l < config->layers && tape_has_room(run->tape); l++) {
        how.wants_ids_only = l + 1 == config->layers;
        how.dropout = (uint32_t)(1 + 2 * l);
        x = run_norm_last(run, &run->model->places.layers[l], x, &how);
    }
    return x;
}

struct im2sp_trained_run im2sp_trained_run(const struct im2sp_trained *model, struct tape *tape,
                                           const struct im2sp_trained_batch *batch)
{
    const struct running run = { model, tape, batch };
    const struct im2sp_weights *places = &model->places;
    const size_t ids = batch->starts[batch->count];
    struct row_source *positions = tape_take(tape, ids, sizeof *positions);
    const struct rows rows = place_rows(&run, positions);
    struct im2sp_trained_run out = { .projected = project(&run, encode(&run)) };
    out.embedded = embed_ids(&run, positions, &rows);
    struct array *const parts[] = { out.projected, out.embedded };
    const size_t all = batch->count * im2sp_config_tokens(&model->config) + ids;
    struct array *x = tape_collect_rows(tape, parts, 2, rows.sources, all);
    out.decoded = decode(&run, x, &rows);
    out.logits = linear(&run, out.decoded, &places->output, &places->output_bias, 0);
    return out;
}
