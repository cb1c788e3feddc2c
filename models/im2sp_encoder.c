#include "models/im2sp_net.h"
#include "nn/activation.h"
#include "nn/attention.h"
#include "nn/norm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void im2sp_show(const struct im2sp *net, size_t number, const char *name, size_t index,
                const float *values, size_t rows, size_t columns)
{
    char full[64];
    if (net->trace.put == NULL)
        return;
    const char *place = strstr(name, "%zu");
    if (place != NULL)
        snprintf(full, sizeof full, "%.*s%zu%s", (int)(place - name), name, index, place + 3);
    else
        snprintf(full, sizeof full, "%s", name);
    net->trace.put(net->trace.payload, number, full, values, rows, columns);
}

/* As im2sp_show, for the pictures of a pass. */
static void show_pictures(const struct im2sp *net, size_t first, size_t count, const char *name,
                          size_t index, const float *values, size_t rows, size_t columns)
{
    for (size_t p = 0; p < count; p++)
        im2sp_show(net, first + p, name, index, values + p * rows * columns, rows, columns);
}

/* Tokens of the pictures of a pass from their patches: [count * T][D]. */
static void embed_patches(struct im2sp *net, size_t first, size_t count)
{
    const struct im2sp_encoder_config *config = &net->config.encoder;
    const size_t D = config->width, T = im2sp_config_tokens(&net->config);
    const size_t K = net->weights.encoder.patch.K;
    for (size_t p = 0; p < count; p++) {
        float *tokens = net->stream + p * T * D;
        packed_linear(tokens + D, net->patches + p * (T - 1) * K, &net->weights.encoder.patch,
                      net->weights.encoder.patch_bias, T - 1);
        im2sp_show(net, first + p, "vision.patch_embed", 0, tokens + D, T - 1, D);
        memcpy(tokens, net->weights.encoder.class_token, D * sizeof *tokens);
        for (size_t i = 0; i < T * D; i++)
            tokens[i] += net->weights.encoder.position[i];
    }
    show_pictures(net, first, count, "vision.embeddings", 0, net->stream, T, D);
}

static void attend(struct im2sp *net, size_t count, size_t D, size_t heads)
{
    const size_t T = im2sp_config_tokens(&net->config);
    for (size_t p = 0; p < count; p++) {
        const float *qkv = net->qkv + p * T * 3 * D; /* [T][3][heads][head_width] */
        const struct attention_inputs inputs = {
            .queries = qkv,
            .keys = qkv + D,
            .values = qkv + 2 * D,
            .query_stride = 3 * D,
            .key_stride = 3 * D,
            .value_stride = 3 * D,
            .query_count = T,
            .key_count = T,
            .heads = heads,
            .head_width = D / heads,
            .scale = 1.0f / sqrtf((float)(D / heads)),
        };
        attention(net->normed + p * T * D, D, &inputs, net->scores);
    }
}

void im2sp_add_mlp(struct im2sp *net, float *stream, const float *in,
                   const struct im2sp_layer *layer, enum im2sp_activation activation, size_t rows)
{
    const size_t D = layer->expand.K, F = layer->expand.N;
    for (size_t row = 0; row < rows; row += IM2SP_STEP_ROWS) {
        const size_t count = rows - row < IM2SP_STEP_ROWS ? rows - row : IM2SP_STEP_ROWS;
        packed_linear(net->hidden, in + row * D, &layer->expand, layer->expand_bias, count);
        if (activation == IM2SP_QUICK_GELU)
            activation_quick_gelu(net->hidden, count * F);
        else
            activation_gelu(net->hidden, count * F);
        packed_linear_add(stream + row * D, net->hidden, &layer->shrink, layer->shrink_bias, count);
    }
}

static void run_encoder_layer(struct im2sp *net, const struct im2sp_layer *layer, size_t count)
{
    const struct im2sp_encoder_config *config = &net->config.encoder;
    const size_t D = config->width, rows = count * im2sp_config_tokens(&net->config);
    layer_norm(net->normed, net->stream, NULL, layer->attention_gain, layer->attention_offset,
               config->norm_eps, rows, D);
    packed_linear(net->qkv, net->normed, &layer->qkv, layer->qkv_bias, rows);
    attend(net, count, D, config->heads);
    packed_linear_add(net->stream, net->normed, &layer->out, layer->out_bias, rows);
    layer_norm(net->normed, net->stream, NULL, layer->mlp_gain, layer->mlp_offset, config->norm_eps,
               rows, D);
    im2sp_add_mlp(net, net->stream, net->normed, layer, config->activation, rows);
}

/* net->patches to what the encoder gives, in net->stream. */
static void run_encoder(struct im2sp *net, size_t first, size_t count)
{
    const struct im2sp_encoder_config *config = &net->config.encoder;
    const size_t D = config->width, T = im2sp_config_tokens(&net->config), rows = count * T;
    embed_patches(net, first, count);
    if (net->weights.encoder.pre_gain != NULL) {
        layer_norm(net->stream, net->stream, NULL, net->weights.encoder.pre_gain,
                   net->weights.encoder.pre_offset, config->norm_eps, rows, D);
        show_pictures(net, first, count, "vision.pre_layernorm", 0, net->stream, T, D);
    }
    for (size_t l = 0; l < config->layers; l++) {
        run_encoder_layer(net, &net->weights.encoder.layers[l], count);
        show_pictures(net, first, count, "vision.layer.%zu", l, net->stream, T, D);
    }
    if (net->weights.encoder.post_gain != NULL) {
        layer_norm(net->stream, net->stream, NULL, net->weights.encoder.post_gain,
                   net->weights.encoder.post_offset, config->norm_eps, rows, D);
        show_pictures(net, first, count, "vision.output", 0, net->stream, T, D);
    }
}

static void keep_keys_and_values(float *picture, const struct im2sp *net, size_t layer,
                                 const float *qkv)
{
    const size_t D = net->config.width, T = im2sp_config_tokens(&net->config);
    const size_t stride = im2sp_stride(T);
    float *keys = picture + im2sp_layer_offset(net, layer, T), *values = keys + D * stride;
    for (size_t d = 0; d < D; d++)
        for (size_t t = 0; t < stride; t++)
            keys[d * stride + t] = t < T ? qkv[t * 3 * D + D + d] : 0.0f;
    for (size_t t = 0; t < T; t++)
        memcpy(values + t * D, qkv + t * 3 * D + 2 * D, D * sizeof *values);
}

/* What comes after keys and values; of the last layer nobody needs it. */
static void finish_layer(struct im2sp *net, const struct im2sp_layer *layer, size_t count)
{
    const size_t D = net->config.width, rows = count * im2sp_config_tokens(&net->config);
    attend(net, count, D, net->config.heads);
    packed_linear_add(net->stream, net->normed, &layer->out, layer->out_bias, rows);
    layer_norm(net->stream, net->stream, NULL, layer->attention_gain, layer->attention_offset,
               net->config.norm_eps, rows, D);
    memcpy(net->normed, net->stream, rows * D * sizeof *net->normed);
    im2sp_add_mlp(net, net->stream, net->normed, layer, IM2SP_GELU, rows);
    layer_norm(net->stream, net->stream, NULL, layer->mlp_gain, layer->mlp_offset,
               net->config.norm_eps, rows, D);
}

void im2sp_prepare_pictures(float *const *pictures, struct im2sp *net, size_t first, size_t count)
{
    const size_t D = net->config.width, T = im2sp_config_tokens(&net->config), rows = count * T;
    /* A row of an embedding becomes its T tokens, side by side. */
    packed_linear(net->normed, net->stream, &net->weights.projection, net->weights.projection_bias,
                  net->config.input == IM2SP_EMBEDDINGS ? count : rows);
    layer_norm(net->stream, net->normed, NULL, net->weights.projection_gain,
               net->weights.projection_offset, net->config.projection_eps, rows, D);
    show_pictures(net, first, count, "visual_projection", 0, net->stream, T, D);
    for (size_t l = 0; l < net->config.layers; l++) {
        const struct im2sp_layer *layer = &net->weights.layers[l];
        packed_linear(net->qkv, net->stream, &layer->qkv, layer->qkv_bias, rows);
        for (size_t p = 0; p < count; p++)
            keep_keys_and_values(pictures[first + p], net, l, net->qkv + p * T * 3 * D);
        if (l + 1 == net->config.layers && net->trace.put == NULL)
            return;
        finish_layer(net, layer, count);
        show_pictures(net, first, count, "decoder.layer.%zu.image", l, net->stream, T, D);
    }
}

/* planes [channels][side][side] of picture `p` of a pass. */
static void put_planes(struct im2sp *net, size_t p, const float *planes)
{
    const size_t places = im2sp_config_tokens(&net->config) - 1;
    const struct im2sp_encoder_config *encoder = &net->config.encoder;
    const struct im2sp_windows windows = { im2sp_patched_side(encoder),
                                           im2sp_patched_channels(encoder), encoder->kernel,
                                           encoder->stride, encoder->padding };
    im2sp_gather_windows(net->patches + p * places * net->weights.encoder.patch.K, planes,
                         &windows);
}

void im2sp_encode_pixels(float *const *pictures, struct im2sp *net, const float *planes,
                         size_t count)
{
    const size_t values = 3 * net->config.encoder.side * net->config.encoder.side;
    for (size_t first = 0; first < count; first += net->pass_pictures) {
        const size_t left = count - first;
        const size_t part = left < net->pass_pictures ? left : net->pass_pictures;
        for (size_t p = 0; p < part; p++)
            put_planes(net, p, planes + (first + p) * values);
        run_encoder(net, first, part);
        im2sp_prepare_pictures(pictures, net, first, part);
    }
}

/* The codebook's rows of one picture's units, as planes. */
static void look_up(struct im2sp *net, const uint16_t *units)
{
    const size_t places = net->config.encoder.side * net->config.encoder.side;
    const size_t channels = net->config.encoder.channels;
    for (size_t place = 0; place < places; place++)
        for (size_t c = 0; c < channels; c++)
            net->planes[c * places + place] = net->codebook.rows[units[place] * channels + c];
    if (net->codebook.similarities != NULL)
        unit_similarities_take(net->planes + channels * places, 1, places,
                               net->codebook.similarities, units);
}

enum status im2sp_encode_units(float *const *pictures, struct im2sp *net, const uint16_t *units,
                               size_t count)
{
    const size_t places = net->config.encoder.side * net->config.encoder.side;
    if (net->codebook.rows == NULL)
        return status_fail(STATUS_INVALID, "this model sees no image units, or has no codebook");
    for (size_t i = 0; i < count * places; i++)
        if (units[i] >= net->codebook.count)
            return status_fail(STATUS_INVALID, "image unit %u: the codebook has %zu", units[i],
                               net->codebook.count);
    for (size_t first = 0; first < count; first += net->pass_pictures) {
        const size_t left = count - first;
        const size_t part = left < net->pass_pictures ? left : net->pass_pictures;
        for (size_t p = 0; p < part; p++) {
            look_up(net, units + (first + p) * places);
            im2sp_run_convolutions(net);
            put_planes(net, p, net->planes);
        }
        run_encoder(net, first, part);
        im2sp_prepare_pictures(pictures, net, first, part);
    }
    return STATUS_OK;
}
