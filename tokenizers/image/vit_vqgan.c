#include "tokenizers/image/vit_vqgan.h"

#include "nn/matmul.h"
#include "nn/nearest_row.h"
#include "nn/norm.h"
#include "tokenizers/image/patches.h"
#include "tokenizers/image/pixel_planes.h"
#include "tokenizers/image/vision_tower.h"
#include "tokenizers/image/vit_vqgan_weights.h"

#include <stdlib.h>
#include <string.h>

/* Small pictures go through together until the products have about so many rows. */
enum { PASS_ROWS = 512 };

struct vit_vqgan {
    struct vit_vqgan_config config;
    struct vit_vqgan_weights weights;
    struct picture_trace trace;
    float *unit_codes; /* [K][C], owned: the codebook with rows of length 1 */
    struct nearest_row_search *search;

    size_t pass_pictures; /* of one pass, at most */
    struct vision_workspace workspace;
    float *patches; /* [R][3][patch][patch], owned: pixels in the order of the tokens */
    float *planes;  /* [3][H][W], owned: one picture */
    float *latents; /* [R][C], owned */
};

static size_t patch_values(const struct vit_vqgan *net)
{
    return 3 * net->config.patch * net->config.patch;
}

static size_t picture_values(const struct vit_vqgan *net)
{
    return 3 * net->config.image_height * net->config.image_width;
}

static enum status begin_codes(struct vit_vqgan *net)
{
    const size_t K = net->config.code_count, C = net->config.code_width;
    net->unit_codes = malloc(K * C * sizeof *net->unit_codes);
    if (net->unit_codes == NULL)
        return status_fail(STATUS_NO_MEMORY, "codebook of %zu x %zu", K, C);
    l2_normalise(net->unit_codes, net->weights.codes, 1e-12f, K, C);
    return nearest_row_create(&net->search, net->unit_codes, K, C);
}

static struct vision_tower tower_of(const struct vit_vqgan *net,
                                    const struct vit_vqgan_tower *tower)
{
    return (struct vision_tower){ .dim = tower->dim,
                                  .depth = tower->depth,
                                  .heads = tower->heads,
                                  .head_width = tower->head_width,
                                  .mlp = tower->mlp,
                                  .activation = VISION_TANH,
                                  .norm_eps = (float)net->config.layer_norm_eps };
}

static struct patches_shape patches_of(const struct vit_vqgan *net)
{
    return (struct patches_shape){ net->config.image_height, net->config.image_width,
                                   net->config.patch };
}

static enum status begin_buffers(struct vit_vqgan *net)
{
    const size_t T = vit_vqgan_config_tokens(&net->config);
    net->pass_pictures = T < PASS_ROWS ? PASS_ROWS / T : 1;
    const size_t rows = net->pass_pictures * T;
    net->patches = malloc(rows * patch_values(net) * sizeof *net->patches);
    net->planes = malloc(picture_values(net) * sizeof *net->planes);
    net->latents = malloc(rows * net->config.code_width * sizeof *net->latents);
    if (net->patches == NULL || net->planes == NULL || net->latents == NULL)
        return status_fail(STATUS_NO_MEMORY, "buffers of a ViT-VQGAN for %zu tokens", rows);
    const struct vision_tower towers[] = { tower_of(net, &net->config.encoder),
                                           tower_of(net, &net->config.decoder) };
    return vision_workspace_begin(&net->workspace, towers, 2, net->pass_pictures, T);
}

enum status vit_vqgan_create(struct vit_vqgan **out, const struct tensor_table *table,
                             const struct settings *settings)
{
    *out = NULL;
    struct vit_vqgan *net = calloc(1, sizeof *net);
    if (net == NULL)
        return status_fail(STATUS_NO_MEMORY, "a ViT-VQGAN");

    enum status outcome = vit_vqgan_config_of_weights(&net->config, table, settings);
    if (outcome == STATUS_OK)
        outcome = vit_vqgan_weights_take(&net->weights, table, &net->config);
    if (outcome == STATUS_OK)
        outcome = begin_codes(net);
    if (outcome == STATUS_OK)
        outcome = begin_buffers(net);
    if (outcome == STATUS_OK)
        *out = net;
    else
        vit_vqgan_destroy(net);
    return outcome;
}

const struct vit_vqgan_config *vit_vqgan_sizes(const struct vit_vqgan *net)
{
    return &net->config;
}

const float *vit_vqgan_codes(const struct vit_vqgan *net)
{
    return net->weights.codes;
}

const float *vit_vqgan_unit_codes(const struct vit_vqgan *net)
{
    return net->unit_codes;
}

void vit_vqgan_set_trace(struct vit_vqgan *net, const struct picture_trace *trace)
{
    net->trace = trace == NULL ? (struct picture_trace){ 0 } : *trace;
}

static struct vision_pass pass_of(const struct vit_vqgan *net, size_t first_picture, size_t count)
{
    const size_t left = count - first_picture;
    return (struct vision_pass){ .trace = net->trace,
                                 .first_picture = first_picture,
                                 .picture_count =
                                     left < net->pass_pictures ? left : net->pass_pictures,
                                 .token_count = vit_vqgan_config_tokens(&net->config) };
}

/* Adds a position to each token of each picture. */
static void add_positions(const struct vision_pass *pass, float *stream, const float *position,
                          size_t D)
{
    for (size_t p = 0; p < pass->picture_count; p++)
        add_to_rows(stream + p * pass->token_count * D, position, 1, pass->token_count * D);
}

/* From workspace.stream to workspace.normed, the last norm included. */
static void run_tower(struct vit_vqgan *net, const struct vit_vqgan_tower *sizes,
                      const struct vit_vqgan_tower_weights *weights, const struct vision_pass *pass,
                      const char *prefix)
{
    const struct vision_tower tower = tower_of(net, sizes);
    vision_tower_run(&tower, weights->blocks, &net->workspace, pass, prefix);
    layer_norm(net->workspace.normed, net->workspace.stream, NULL, weights->gain, weights->offset,
               tower.norm_eps, pass->picture_count * pass->token_count, tower.dim);
}

/* From net->patches to net->latents. */
static void run_encoder(struct vit_vqgan *net, const struct vision_pass *pass)
{
    const struct vit_vqgan_weights *weights = &net->weights;
    const size_t rows = pass->picture_count * pass->token_count;
    const size_t D = net->config.encoder.dim, C = net->config.code_width, N = patch_values(net);
    matmul_linear(net->workspace.stream, D, net->patches, N, weights->patch, weights->patch_bias,
                  rows, D, N);
    vision_pass_show(pass, "patch_embed", net->workspace.stream, pass->token_count, D);
    add_positions(pass, net->workspace.stream, weights->encoder.position, D);
    vision_pass_show(pass, "enc_in", net->workspace.stream, pass->token_count, D);
    run_tower(net, &net->config.encoder, &weights->encoder, pass, "enc_");
    vision_pass_show(pass, "enc_out", net->workspace.normed, pass->token_count, D);
    matmul_linear(net->latents, C, net->workspace.normed, D, weights->pre_quant,
                  weights->pre_quant_bias, rows, C, D);
    vision_pass_show(pass, "z", net->latents, pass->token_count, C);
}

/* Unit codes of the tokens, to net->latents. */
static void look_up(struct vit_vqgan *net, const struct vision_pass *pass, const uint16_t *tokens)
{
    const size_t C = net->config.code_width;
    for (size_t t = 0; t < pass->picture_count * pass->token_count; t++)
        memcpy(net->latents + t * C, net->unit_codes + tokens[t] * C, C * sizeof(float));
    vision_pass_show(pass, "quant", net->latents, pass->token_count, C);
}

static void encode_pass(uint16_t *tokens, float *latents, struct vit_vqgan *net,
                        const struct vision_pass *pass)
{
    const size_t rows = pass->picture_count * pass->token_count, C = net->config.code_width;
    run_encoder(net, pass);
    if (latents != NULL)
        memcpy(latents, net->latents, rows * C * sizeof *latents);
    l2_normalise(net->latents, net->latents, 1e-12f, rows, C);
    nearest_row_find(tokens, NULL, net->search, net->latents, rows);
    if (net->trace.put != NULL)
        look_up(net, pass, tokens);
}

/* From pixels or, where those are NULL, from planes. */
static void encode(uint16_t *tokens, float *latents, struct vit_vqgan *net, const uint8_t *pixels,
                   const float *planes, size_t count)
{
    const size_t T = vit_vqgan_config_tokens(&net->config), C = net->config.code_width;
    const struct patches_shape shape = patches_of(net);
    for (size_t first = 0; first < count; first += net->pass_pictures) {
        const struct vision_pass pass = pass_of(net, first, count);
        for (size_t p = 0; p < pass.picture_count; p++) {
            const size_t at = (first + p) * picture_values(net);
            if (pixels != NULL)
                pixel_planes(net->planes, pixels + at, net->config.image_width,
                             net->config.image_height, NULL, NULL);
            else
                memcpy(net->planes, planes + at, picture_values(net) * sizeof *planes);
            patches_from_planes(net->patches + p * T * patch_values(net), net->planes, &shape);
        }
        encode_pass(tokens + first * T, latents == NULL ? NULL : latents + first * T * C, net,
                    &pass);
    }
}

void vit_vqgan_encode(uint16_t *tokens, float *latents, struct vit_vqgan *net,
                      const uint8_t *pixels, size_t count)
{
    encode(tokens, latents, net, pixels, NULL, count);
}

void vit_vqgan_encode_planes(uint16_t *tokens, float *latents, struct vit_vqgan *net,
                             const float *planes, size_t count)
{
    encode(tokens, latents, net, NULL, planes, count);
}

static enum status check_tokens(const struct vit_vqgan *net, const uint16_t *tokens, size_t count)
{
    const size_t T = vit_vqgan_config_tokens(&net->config);
    for (size_t t = 0; t < count * T; t++)
        if (tokens[t] >= net->config.code_count)
            return status_fail(STATUS_INVALID,
                               "picture %zu: token %zu is %u, the codebook has codes 0 .. %zu",
                               t / T, t % T, tokens[t], net->config.code_count - 1);
    return STATUS_OK;
}

/* From net->latents to net->patches. */
static void run_decoder(struct vit_vqgan *net, const struct vision_pass *pass)
{
    const struct vit_vqgan_weights *weights = &net->weights;
    const size_t rows = pass->picture_count * pass->token_count, p = net->config.patch;
    const size_t D = net->config.decoder.dim, C = net->config.code_width, N = patch_values(net);
    matmul_linear(net->workspace.stream, D, net->latents, C, weights->post_quant,
                  weights->post_quant_bias, rows, D, C);
    vision_pass_show(pass, "post_quant", net->workspace.stream, pass->token_count, D);
    add_positions(pass, net->workspace.stream, weights->decoder.position, D);
    vision_pass_show(pass, "dec_in", net->workspace.stream, pass->token_count, D);
    run_tower(net, &net->config.decoder, &weights->decoder, pass, "dec_");
    vision_pass_show(pass, "dec_out", net->workspace.normed, pass->token_count, D);

    for (size_t i = 0; i < rows * N; i++)
        net->patches[i] = weights->to_pixel_bias[i / (p * p) % 3];
    matmul(net->patches, N, net->workspace.normed, D, weights->to_pixel, N, rows, N, D, 1.0f, 1.0f);
}

enum status vit_vqgan_decode(float *planes, uint8_t *pixels, struct vit_vqgan *net,
                             const uint16_t *tokens, size_t count)
{
    const size_t T = vit_vqgan_config_tokens(&net->config);
    const struct patches_shape shape = patches_of(net);
    const enum status outcome = check_tokens(net, tokens, count);
    if (outcome != STATUS_OK)
        return outcome;

    for (size_t first = 0; first < count; first += net->pass_pictures) {
        const struct vision_pass pass = pass_of(net, first, count);
        look_up(net, &pass, tokens + first * T);
        run_decoder(net, &pass);
        for (size_t p = 0; p < pass.picture_count; p++) {
            const size_t at = (first + p) * picture_values(net);
            float *target = planes == NULL ? net->planes : planes + at;
            patches_to_planes(target, net->patches + p * T * patch_values(net), &shape);
            if (pixels != NULL)
                pixel_planes_to_levels(pixels + at, target, net->config.image_width,
                                       net->config.image_height);
        }
    }
    return STATUS_OK;
}

void vit_vqgan_destroy(struct vit_vqgan *net)
{
    if (net == NULL)
        return;
    nearest_row_destroy(net->search);
    free(net->unit_codes);
    free(net->patches);
    free(net->planes);
    free(net->latents);
    vision_workspace_end(&net->workspace);
    vit_vqgan_weights_end(&net->weights);
    free(net);
}
