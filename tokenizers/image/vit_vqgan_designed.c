/* How the parts of the net work together.
 *
 * The patch embedding takes 31 coefficients of a patch: of the two-dimensional cosine transform in
 * each of three colour axes, those that pictures have most of. Beside each stands its negative, and
 * beside all a constant with its negative, so that a layer norm has no mean to take out and only
 * scales. Codes are matched by direction: the constant is the 32nd value of a latent, and being
 * large makes directions as far apart as patches look different.
 *
 * A unit code holds coefficients and constant up to a factor. The decoder makes its constant
 * outweigh the coefficients, so the last norm divides by it; what remains is the inverse transform.
 */
#include "tokenizers/image/vit_vqgan_designed.h"

#include "nn/matmul.h"
#include "nn/norm.h"
#include "tokenizers/image/codebook_fit.h"
#include "tokenizers/image/patches.h"
#include "tokenizers/image/pixel_planes.h"
#include "tokenizers/image/vit_vqgan_config.h"
#include "tokenizers/image/vit_vqgan_weights.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 8, PIXELS = 3 * SIDE * SIDE, COEFFICIENTS = 31, CHANNELS = 3 };

/* Columns of the towers: coefficients, their negatives, the constant, its negative. */
enum { NEGATED_AT = COEFFICIENTS, CONSTANT_AT = 2 * COEFFICIENTS };

static const double constant = 16.0; /* beside a white patch's 6.9 */
static const double outweighing = 100.0;
static const double pi = 3.14159265358979323846;

/* An orthonormal basis of colours: brightness, red against blue, green against both. */
static double colour_share(size_t axis, size_t channel)
{
    static const double axes[CHANNELS][CHANNELS] = { { 1, 1, 1 }, { 1, 0, -1 }, { -1, 2, -1 } };
    static const double square_lengths[CHANNELS] = { 3, 2, 6 };
    return axes[axis][channel] / sqrt(square_lengths[axis]);
}

static double wave(size_t frequency, size_t at)
{
    const double flat = sqrt((frequency == 0 ? 1.0 : 2.0) / SIDE);
    return flat * cos(pi * (double)frequency * ((double)at + 0.5) / SIDE);
}

/* Brightness up to five waves a patch and a half, colour up to two; 21 + 6 + 4 in all. */
static bool is_kept(size_t axis, size_t row_frequency, size_t column_frequency)
{
    if (axis == 2)
        return row_frequency < 2 && column_frequency < 2;
    return row_frequency + column_frequency <= (axis == 0 ? 5 : 2);
}

/* Orthonormal rows [COEFFICIENTS][3][SIDE][SIDE]. */
static void make_basis(double basis[COEFFICIENTS][PIXELS])
{
    size_t row = 0;
    for (size_t i = 0; i < PIXELS; i++) {
        const size_t axis = i / (SIDE * SIDE), v = i / SIDE % SIDE, u = i % SIDE;
        if (!is_kept(axis, v, u))
            continue;
        for (size_t p = 0; p < PIXELS; p++)
            basis[row][p] = colour_share(axis, p / (SIDE * SIDE)) * wave(v, p / SIDE % SIDE) *
                            wave(u, p % SIDE);
        row++;
    }
}

struct design {
    struct tensor_table *table;
    struct vit_vqgan_config config;
    struct vit_vqgan_weights places; /* for the walk: which tensor is which */
    double basis[COEFFICIENTS][PIXELS];
    const float *patch, *patch_bias; /* in the table, as are the codes [K][C] */
    float *codes;
};

static void fill_patch(float *values, struct design *design)
{
    design->patch = values;
    for (size_t i = 0; i < COEFFICIENTS; i++)
        for (size_t p = 0; p < PIXELS; p++) {
            values[i * PIXELS + p] = (float)design->basis[i][p];
            values[(NEGATED_AT + i) * PIXELS + p] = (float)-design->basis[i][p];
        }
}

/* Moves the middle of the pixels' range to 0. */
static void fill_patch_bias(float *values, struct design *design)
{
    design->patch_bias = values;
    for (size_t i = 0; i < COEFFICIENTS; i++) {
        double sum = 0.0;
        for (size_t p = 0; p < PIXELS; p++)
            sum += design->basis[i][p];
        values[i] = (float)(-0.5 * sum);
        values[NEGATED_AT + i] = (float)(0.5 * sum);
    }
    values[CONSTANT_AT] = (float)constant;
    values[CONSTANT_AT + 1] = (float)-constant;
}

static void fill_pre_quant(float *values, size_t D)
{
    for (size_t i = 0; i < COEFFICIENTS; i++)
        values[i * D + i] = 1.0f;
    values[COEFFICIENTS * D + CONSTANT_AT] = 1.0f;
}

static void fill_post_quant(float *values, size_t C)
{
    for (size_t i = 0; i < COEFFICIENTS; i++) {
        values[i * C + i] = 1.0f;
        values[(NEGATED_AT + i) * C + i] = -1.0f;
    }
    values[CONSTANT_AT * C + COEFFICIENTS] = (float)outweighing;
    values[(CONSTANT_AT + 1) * C + COEFFICIENTS] = (float)-outweighing;
}

/* After the last norm a coefficient is its share of the deviation, which is that of the constant.
 */
static void fill_to_pixel(float *values, const struct design *design)
{
    const double deviation = outweighing * sqrt(2.0 / (double)design->config.decoder.dim);
    for (size_t i = 0; i < COEFFICIENTS; i++)
        for (size_t p = 0; p < PIXELS; p++)
            values[i * PIXELS + p] = (float)(design->basis[i][p] * constant * deviation);
}

static void fill_all(float *values, size_t count, float value)
{
    for (size_t i = 0; i < count; i++)
        values[i] = value;
}

/* Fills a tensor of zeros. What is not named here stays zero: positions, and what blocks add. */
static void fill(float *values, size_t count, const struct vit_vqgan_entry *entry,
                 struct design *design)
{
    const struct vit_vqgan_weights *places = &design->places;
    if (entry->role == VIT_VQGAN_ONES)
        fill_all(values, count, 1.0f);
    else if (entry->values == &places->patch)
        fill_patch(values, design);
    else if (entry->values == &places->patch_bias)
        fill_patch_bias(values, design);
    else if (entry->values == &places->pre_quant)
        fill_pre_quant(values, design->config.encoder.dim);
    else if (entry->values == &places->post_quant)
        fill_post_quant(values, design->config.code_width);
    else if (entry->values == &places->to_pixel)
        fill_to_pixel(values, design);
    else if (entry->values == &places->to_pixel_bias)
        fill_all(values, count, 0.5f);
    else if (entry->values == &places->codes)
        design->codes = values;
}

static enum status add(void *payload, const struct vit_vqgan_entry *entry)
{
    struct design *design = payload;
    float *values = NULL;
    size_t count = 1;
    const enum status outcome =
        tensor_table_add(&values, design->table, entry->name, entry->dimension_count, entry->shape);
    for (size_t d = 0; d < entry->dimension_count; d++)
        count *= entry->shape[d];
    if (outcome == STATUS_OK)
        fill(values, count, entry, design);
    return outcome;
}

static enum status add_tensors(struct design *design)
{
    enum status outcome = vit_vqgan_weights_begin(&design->places, &design->config);
    if (outcome != STATUS_OK)
        return outcome;
    make_basis(design->basis);
    design->table->source = strdup("designed ViT-VQGAN");
    outcome = design->table->source == NULL
                  ? status_fail(STATUS_NO_MEMORY, "designed ViT-VQGAN")
                  : vit_vqgan_weights_visit(&design->places, &design->config, add, design);
    vit_vqgan_weights_end(&design->places);
    return outcome;
}

/* Latents of one picture as the net gives them, but for a factor each.
 *
 *     latents [T][COEFFICIENTS + 1]  out
 *     planes, patches                    scratch of a picture's size */
static void find_latents(float *latents, float *planes, float *patches, const uint8_t *pixels,
                         const struct design *design)
{
    const struct vit_vqgan_config *config = &design->config;
    const size_t T = vit_vqgan_config_tokens(config), C = config->code_width;
    const struct patches_shape shape = { config->image_height, config->image_width, SIDE };
    pixel_planes(planes, pixels, config->image_width, config->image_height, NULL, NULL);
    patches_from_planes(patches, planes, &shape);
    matmul_linear(latents, C, patches, PIXELS, design->patch, design->patch_bias, T, COEFFICIENTS,
                  PIXELS);
    for (size_t t = 0; t < T; t++)
        latents[t * C + COEFFICIENTS] = (float)constant;
}

static enum status fit_codes(const struct design *design, const uint8_t *pixels,
                             size_t picture_count, uint64_t seed)
{
    const size_t T = vit_vqgan_config_tokens(&design->config), N = picture_count * T;
    const size_t C = design->config.code_width, values = T * PIXELS;
    float *latents = malloc(N * C * sizeof *latents);
    float *planes = malloc(values * sizeof *planes), *patches = malloc(values * sizeof *patches);
    enum status outcome = STATUS_OK;
    if (latents == NULL || planes == NULL || patches == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%zu examples for a codebook", N);
    if (outcome == STATUS_OK) {
        for (size_t p = 0; p < picture_count; p++)
            find_latents(latents + p * T * C, planes, patches, pixels + p * values, design);
        l2_normalise(latents, latents, 1e-12f, N, C);
        outcome = codebook_fit(design->codes, design->config.code_count, latents, N, C, seed);
    }
    free(latents);
    free(planes);
    free(patches);
    return outcome;
}

enum status vit_vqgan_designed(struct tensor_table *out, const uint8_t *pixels,
                               size_t picture_count, uint64_t seed)
{
    struct design design = { .table = out, .config = vit_vqgan_config_compact() };
    *out = (struct tensor_table){ 0 };
    enum status outcome = add_tensors(&design);
    if (outcome == STATUS_OK)
        outcome = fit_codes(&design, pixels, picture_count, seed);
    if (outcome != STATUS_OK)
        tensor_table_end(out);
    return outcome;
}
