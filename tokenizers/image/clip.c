#include "tokenizers/image/clip.h"

#include "nn/matmul.h"
#include "nn/norm.h"
#include "tokenizers/image/clip_weights.h"
#include "tokenizers/image/patches.h"
#include "tokenizers/image/pixel_planes.h"
#include "tokenizers/image/vision_tower.h"

#include <stdlib.h>
#include <string.h>

/* Pictures go through together until the products have so many rows, which are eight pictures of 257
 * tokens: enough for BLAS to repack the weights seldom. */
enum { PASS_ROWS = 8 * 257 };

struct clip {
    struct clip_config config;
    struct clip_weights weights;
    struct vision_tower tower;
    struct picture_trace trace;

    size_t pass_pictures; /* of one pass, at most */
    struct vision_workspace workspace;
    float *patches;    /* [pictures][T - 1][3][patch][patch], owned */
    float *planes;     /* [3][S][S], owned: one picture */
    float *pooled;     /* [pictures][D], owned */
    float *normalised; /* [pictures][E], owned: for the trace */
};

static size_t patch_values(const struct clip *net)
{
    return 3 * net->config.patch * net->config.patch;
}

static size_t picture_values(const struct clip *net)
{
    return 3 * net->config.image * net->config.image;
}

static enum status begin_buffers(struct clip *net)
{
    const struct clip_config *config = &net->config;
    const size_t T = clip_config_tokens(config);
    const size_t pictures = T < PASS_ROWS ? PASS_ROWS / T : 1;
    net->pass_pictures = pictures;
    net->patches = malloc(pictures * picture_values(net) * sizeof *net->patches);
    net->planes = malloc(picture_values(net) * sizeof *net->planes);
    net->pooled = malloc(pictures * config->width * sizeof *net->pooled);
    net->normalised = malloc(pictures * config->embedding * sizeof *net->normalised);
    if (net->patches == NULL || net->planes == NULL || net->pooled == NULL ||
        net->normalised == NULL)
        return status_fail(STATUS_NO_MEMORY, "buffers of a CLIP for %zu pictures", pictures);
    return vision_workspace_begin(&net->workspace, &net->tower, 1, pictures, T);
}

static struct vision_tower tower_of(const struct clip_config *config)
{
    return (struct vision_tower){ .dim = config->width,
                                  .depth = config->layers,
                                  .heads = config->heads,
                                  .head_width = config->width / config->heads,
                                  .mlp = config->mlp,
                                  .activation = config->activation,
                                  .norm_eps = (float)config->layer_norm_eps };
}

enum status clip_create(struct clip **out, const struct tensor_table *table,
                        const struct settings *settings)
{
    char prefix[CLIP_PREFIX_BYTES];
    enum clip_naming naming;
    *out = NULL;
    struct clip *net = calloc(1, sizeof *net);
    if (net == NULL)
        return status_fail(STATUS_NO_MEMORY, "a CLIP");

    enum status outcome = clip_prefix(&naming, prefix, table);
    if (outcome == STATUS_OK)
        outcome = clip_config_of_weights(&net->config, table, naming, prefix, settings);
    if (outcome == STATUS_OK)
        outcome = clip_weights_take(&net->weights, table, &net->config, prefix);
    if (outcome == STATUS_OK) {
        net->tower = tower_of(&net->config);
        outcome = begin_buffers(net);
    }
    if (outcome == STATUS_OK)
        *out = net;
    else
        clip_destroy(net);
    return outcome;
}

void clip_destroy(struct clip *net)
{
    if (net == NULL)
        return;
    free(net->patches);
    free(net->planes);
    free(net->pooled);
    free(net->normalised);
    vision_workspace_end(&net->workspace);
    clip_weights_end(&net->weights);
    free(net);
}

const struct clip_config *clip_sizes(const struct clip *net)
{
    return &net->config;
}

void clip_set_trace(struct clip *net, const struct picture_trace *trace)
{
    net->trace = trace == NULL ? (struct picture_trace){ 0 } : *trace;
}

/* From net->patches to the stream: one product for all pictures, then each picture's tokens behind
 * its class token. */
static void embed(struct clip *net, const struct vision_pass *pass)
{
    const struct clip_weights *weights = &net->weights;
    const size_t T = pass->token_count, D = net->config.width, N = patch_values(net);
    float *tokens = net->workspace.normed; /* [pictures][T - 1][D] */
    matmul_linear(tokens, D, net->patches, N, weights->patch, NULL, pass->picture_count * (T - 1),
                  D, N);
    vision_pass_show(pass, "patch", tokens, T - 1, D);
    for (size_t p = 0; p < pass->picture_count; p++) {
        float *stream = net->workspace.stream + p * T * D; /* [T][D] */
        memcpy(stream, weights->class_token, D * sizeof *stream);
        memcpy(stream + D, tokens + p * (T - 1) * D, (T - 1) * D * sizeof *stream);
        add_to_rows(stream, weights->position, 1, T * D);
    }
    vision_pass_show(pass, "embed", net->workspace.stream, T, D);
    layer_norm(net->workspace.stream, net->workspace.stream, NULL, weights->pre_gain,
               weights->pre_offset, net->tower.norm_eps, pass->picture_count * T, D);
    vision_pass_show(pass, "ln_pre", net->workspace.stream, T, D);
}

/* From the stream's class tokens to embeddings [pictures][E]. */
static void project(float *embeddings, struct clip *net, const struct vision_pass *pass)
{
    const struct clip_weights *weights = &net->weights;
    const size_t D = net->config.width, E = net->config.embedding, count = pass->picture_count;
    for (size_t p = 0; p < count; p++)
        memcpy(net->pooled + p * D, net->workspace.stream + p * pass->token_count * D,
               D * sizeof *net->pooled);
    layer_norm(net->pooled, net->pooled, NULL, weights->post_gain, weights->post_offset,
               net->tower.norm_eps, count, D);
    vision_pass_show(pass, "pooled", net->pooled, 1, D);
    matmul_linear(embeddings, E, net->pooled, D, weights->projection, NULL, count, E, D);
    if (pass->trace.put == NULL)
        return;
    l2_normalise(net->normalised, embeddings, 1e-12f, count, E);
    vision_pass_show(pass, "embedding_normalised", net->normalised, 1, E);
}

/* From pixels or, where those are NULL, from planes. */
static void encode(float *embeddings, struct clip *net, const uint8_t *pixels, const float *planes,
                   size_t count)
{
    const struct clip_config *config = &net->config;
    const struct patches_shape shape = { config->image, config->image, config->patch };
    for (size_t first = 0; first < count; first += net->pass_pictures) {
        const size_t left = count - first;
        const struct vision_pass pass = { .trace = net->trace,
                                          .first_picture = first,
                                          .picture_count =
                                              left < net->pass_pictures ? left : net->pass_pictures,
                                          .token_count = clip_config_tokens(config) };
        for (size_t p = 0; p < pass.picture_count; p++) {
            const size_t at = (first + p) * picture_values(net);
            const float *source = planes == NULL ? net->planes : planes + at;
            if (pixels != NULL)
                pixel_planes(net->planes, pixels + at, config->image, config->image, config->mean,
                             config->deviation);
            patches_from_planes(net->patches + p * picture_values(net), source, &shape);
        }
        embed(net, &pass);
        vision_tower_run(&net->tower, net->weights.blocks, &net->workspace, &pass, "");
        project(embeddings + first * config->embedding, net, &pass);
    }
}

void clip_encode(float *embeddings, struct clip *net, const uint8_t *pixels, size_t count)
{
    encode(embeddings, net, pixels, NULL, count);
}

void clip_encode_planes(float *embeddings, struct clip *net, const float *planes, size_t count)
{
    encode(embeddings, net, NULL, planes, count);
}
