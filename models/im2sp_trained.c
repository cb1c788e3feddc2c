#include "models/im2sp_trained.h"

#include "core/random.h"
#include "models/im2sp_names.h"
#include "models/im2sp_trained_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of tables; and of matrices, over the root of the values that go into a sum: 0.02 at GIT's width.
 */
static const float table_deviation = 0.02f, matrix_loudness = 0.55f;
static const float place_deviation = 0.3f; /* against patches of loudness 1 */

/* Names and shapes are those of inference, because its own walk hands them over. */
struct adding {
    struct im2sp_trained *model;
    struct parameter_set *set;
    const char *frozen; /* beginning of the names that are not trained; NULL for none */
};

static const void *place_of(const struct im2sp_entry *entry)
{
    return entry->matrix != NULL ? (const void *)entry->matrix : (const void *)entry->row;
}

/* The table of ids is the output matrix. */
static bool is_tied(const struct im2sp_entry *entry)
{
    return entry->role == IM2SP_TABLE && entry->other_name[0] != '\0';
}

static enum status add_one(void *payload, const struct im2sp_entry *entry)
{
    struct adding *adding = payload;
    struct im2sp_trained *model = adding->model;
    struct im2sp_slot *slots = realloc(model->slots, (model->slot_count + 1) * sizeof *slots);
    if (slots == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s", entry->names[0]);
    model->slots = slots;
    struct im2sp_slot *slot = &slots[model->slot_count++];
    *slot = (struct im2sp_slot){ .place = place_of(entry),
                                 .part_count = entry->part_count,
                                 .role = entry->role };
    for (size_t p = 0; p < entry->part_count && !is_tied(entry); p++) {
        struct parameter *parameter =
            parameter_set_add(adding->set, entry->names[p], entry->dimension_count, entry->shape);
        slot->parts[p] = parameter;
        if (parameter == NULL)
            return status_fail(STATUS_NO_MEMORY, "%s", entry->names[p]);
        parameter->is_frozen = adding->frozen != NULL && strncmp(entry->names[p], adding->frozen,
                                                                 strlen(adding->frozen)) == 0;
        if (entry->shape[0] == 1) /* a class token, places: rows like a bias, not matrices */
            parameter->is_decayed = false;
    }
    return STATUS_OK;
}

struct im2sp_slot *im2sp_slot_at(const struct im2sp_trained *model, const void *place)
{
    struct im2sp_slot *slot = model->slots;
    while (slot->place != place)
        slot++;
    return slot;
}

static enum status check_layers(const char *what, size_t width, size_t layers, size_t heads)
{
    if (width > IM2SP_WIDTH_MAX || layers > IM2SP_LAYERS_MAX)
        return status_fail(STATUS_INVALID, "%s: %zu layers of width %zu; at most %d of %d", what,
                           layers, width, IM2SP_LAYERS_MAX, IM2SP_WIDTH_MAX);
    if (heads == 0 || width % heads != 0)
        return status_fail(STATUS_INVALID, "%s: %zu heads do not divide a width of %zu", what,
                           heads, width);
    return STATUS_OK;
}

static enum status check_sizes(const struct im2sp_config *config)
{
    const struct im2sp_encoder_config *encoder = &config->encoder;
    if (config->input == IM2SP_EMBEDDINGS &&
        (config->prefix_tokens < 1 || config->prefix_tokens > IM2SP_PREFIX_MAX))
        return status_fail(STATUS_INVALID, "%zu tokens of an embedding; 1 to %d",
                           config->prefix_tokens, IM2SP_PREFIX_MAX);
    const size_t side = im2sp_patched_side(encoder);
    if (config->input != IM2SP_EMBEDDINGS && side + 2 * encoder->padding < encoder->kernel)
        return status_fail(STATUS_INVALID, "a grid of %zu x %zu is smaller than a patch of %zu",
                           side, side, encoder->kernel);
    if (encoder->convolution_channels > 0 &&
        (config->input != IM2SP_UNITS || encoder->side % EARLY_SHRINK != 0))
        return status_fail(STATUS_INVALID,
                           "early convolutions go over grids of image units of an even side");
    if (encoder->sees_similarities && encoder->convolution_channels == 0)
        return status_fail(STATUS_INVALID, "similarities of units without early convolutions");
    if (config->vocabulary > UINT16_MAX || im2sp_config_tokens(config) > IM2SP_TOKENS_MAX)
        return status_fail(STATUS_INVALID, "%zu ids, %zu tokens of a picture: too many",
                           config->vocabulary, im2sp_config_tokens(config));
    const enum status outcome =
        check_layers("decoder", config->width, config->layers, config->heads);
    return outcome == STATUS_OK
               ? check_layers("image encoder", encoder->width, encoder->layers, encoder->heads)
               : outcome;
}

enum status im2sp_trained_create(struct im2sp_trained **out, struct parameter_set *set,
                                 const struct im2sp_config *config, float dropout)
{
    struct im2sp_trained *model = calloc(1, sizeof *model);
    *out = NULL;
    if (model == NULL)
        return status_fail(STATUS_NO_MEMORY, "image-to-speech model: no memory");
    model->config = *config;
    model->config.naming = IM2SP_HUGGING_FACE;
    model->dropout = dropout;
    const bool sees_pixels = config->input == IM2SP_PIXELS;
    struct adding adding = { model, set,
                             sees_pixels ? im2sp_encoder_names(&model->config)->place : NULL };
    enum status outcome = check_sizes(config);
    if (outcome == STATUS_OK)
        outcome = im2sp_weights_begin(&model->places, &model->config);
    if (outcome == STATUS_OK)
        outcome = im2sp_weights_visit(&model->places, &model->config, "", add_one, &adding);
    if (outcome != STATUS_OK) {
        im2sp_trained_destroy(model);
        return outcome;
    }
    im2sp_slot_at(model, &model->places.words)->parts[0] =
        im2sp_slot_at(model, &model->places.output)->parts[0];
    *out = model;
    return STATUS_OK;
}

void im2sp_trained_destroy(struct im2sp_trained *model)
{
    if (model == NULL)
        return;
    im2sp_weights_end(&model->places, &model->config);
    free(model->slots);
    im2sp_codebook_end(&model->codebook);
    free(model->whitened);
    unit_code_map_end(&model->map);
    free(model);
}

const struct im2sp_config *im2sp_trained_sizes(const struct im2sp_trained *model)
{
    return &model->config;
}

enum status im2sp_trained_set_codebook(struct im2sp_trained *model, const float *codes,
                                       size_t code_count, size_t width)
{
    return im2sp_codebook_set(&model->codebook, &model->config, codes, code_count, width);
}

void im2sp_trained_freeze_encoder(struct im2sp_trained *model)
{
    const char *beginning = im2sp_encoder_names(&model->config)->place;
    for (size_t s = 0; s < model->slot_count; s++) {
        struct im2sp_slot *slot = &model->slots[s];
        for (size_t p = 0; p < slot->part_count; p++)
            if (strncmp(slot->parts[p]->name, beginning, strlen(beginning)) == 0)
                slot->parts[p]->is_frozen = true;
    }
}

/* Of the codebook's vectors, one value. */
static double codebook_mean(const struct im2sp_trained *model, size_t channel)
{
    const size_t C = model->config.encoder.channels;
    double sum = 0.0;
    for (size_t i = 0; i < model->codebook.count; i++)
        sum += (double)model->codebook.rows[i * C + channel];
    return model->codebook.count > 0 ? sum / (double)model->codebook.count : 0.0;
}

/* How far the vectors are from their mean: root of the mean square, of all values. */
static float codebook_deviation(const struct im2sp_trained *model)
{
    const size_t C = model->config.encoder.channels;
    double squares = 0.0;
    for (size_t c = 0; c < C; c++) {
        const double mean = codebook_mean(model, c);
        for (size_t i = 0; i < model->codebook.count; i++) {
            const double apart = (double)model->codebook.rows[i * C + c] - mean;
            squares += apart * apart;
        }
    }
    return squares > 0.0 ? (float)sqrt(squares / (double)(model->codebook.count * C)) : 1.0f;
}

/* A patch of mean vectors gives nothing, so that what tells codes apart is heard: vectors of length
 * 1 may have most of it in common. */
static void centre_patches(const struct im2sp_trained *model)
{
    const struct im2sp_first_convolution first = im2sp_first_convolution(model);
    const struct parameter *patch = first.weight;
    const size_t C = model->config.encoder.channels;
    const size_t inputs = im2sp_config_inputs(&model->config.encoder);
    const size_t places = patch->columns / inputs;
    float *bias = first.bias->value;
    for (size_t c = 0; c < C; c++) {
        const float mean = (float)codebook_mean(model, c);
        for (size_t d = 0; d < patch->rows; d++)
            for (size_t p = 0; p < places; p++)
                bias[d] -= mean * patch->value[(d * inputs + c) * places + p];
    }
}

static float first_deviation(const struct im2sp_trained *model, const struct im2sp_slot *slot,
                             const struct parameter *parameter, float deviation)
{
    const struct im2sp_weights *places = &model->places;
    const float inputs = sqrtf((float)parameter->columns);
    if (model->codebook.rows != NULL && parameter == im2sp_first_convolution(model).weight)
        return 1.0f / (inputs * deviation);
    if (slot->place == &places->encoder.patch || slot->place == &places->encoder.early[1].weight)
        return 1.0f / inputs;
    if (slot->place == &places->encoder.position || slot->place == &places->encoder.class_token)
        return place_deviation;
    if (slot->role == IM2SP_TABLE || slot->place == &places->output) /* the table of ids, too */
        return table_deviation;
    return matrix_loudness / inputs;
}

/* Every third head begins by looking at the picture, the others by reading: picture's tokens and
 * ids get opposite offsets along one direction, which the heads' keys hear and their queries ask
 * for, or against. From equal heads a model learns first what unit follows which, for which it
 * teaches all of them to pass over the picture, and it takes very long to look at it again. */
static void point_heads(const struct im2sp_trained *model, uint64_t seed)
{
    const struct im2sp_weights *places = &model->places;
    const size_t D = model->config.width, heads = model->config.heads, d = D / heads;
    const float offset = 0.5f, strength = 4.0f / (offset * (float)D * sqrtf((float)d));
    struct random_stream stream = random_stream_for(seed, "picture or unit", "weights");
    float *picture = im2sp_slot_at(model, &places->projection_offset)->parts[0]->value;
    float *word = im2sp_slot_at(model, &places->word_offset)->parts[0]->value;
    for (size_t i = 0; i < D; i++) {
        picture[i] = random_below(&stream, 2) == 0 ? offset : -offset;
        word[i] = -picture[i];
    }
    for (size_t l = 0; l < model->config.layers && heads > 1; l++) {
        const struct im2sp_layer *layer = &places->layers[l];
        float *asked = im2sp_slot_at(model, &layer->qkv_bias)->parts[0]->value;
        float *heard = im2sp_slot_at(model, &layer->qkv)->parts[1]->value;
        for (size_t row = 0; row < D; row++) {
            asked[row] = row / d % 3 == 0 ? 1.0f : -1.0f;
            for (size_t i = 0; i < D; i++)
                heard[row * D + i] += strength * (picture[i] > 0.0f ? 1.0f : -1.0f);
        }
    }
}

void im2sp_trained_draw(struct im2sp_trained *model, uint64_t seed)
{
    const float deviation = model->whitened == NULL ? codebook_deviation(model) : 1.0f;
    for (size_t s = 0; s < model->slot_count; s++) {
        const struct im2sp_slot *slot = &model->slots[s];
        for (size_t p = 0; p < slot->part_count; p++) {
            struct parameter *parameter = slot->parts[p];
            if (slot->role == IM2SP_ONES || slot->role == IM2SP_ZEROS)
                parameter_fill(parameter, slot->role == IM2SP_ONES ? 1.0f : 0.0f);
            else
                parameter_draw_normal(parameter, seed,
                                      first_deviation(model, slot, parameter, deviation));
        }
    }
    if (model->codebook.rows != NULL && model->whitened == NULL)
        centre_patches(model);
    point_heads(model, seed);
}

/* Entries under a file's names come in the order of the model's own. */
struct filling {
    const struct im2sp_trained *model;
    const struct tensor_table *table;
    size_t next, filled;
    bool has_first_convolution; /* codes are whitened, and what sees them came from the file */
};

static bool has_shape(const struct tensor *tensor, const struct im2sp_entry *entry)
{
    return tensor != NULL && tensor->dimension_count == entry->dimension_count &&
           memcmp(tensor->shape, entry->shape, entry->dimension_count * sizeof *entry->shape) == 0;
}

static enum status fill_one(void *payload, const struct im2sp_entry *entry)
{
    struct filling *filling = payload;
    const struct im2sp_slot *slot = &filling->model->slots[filling->next++];
    enum status outcome = STATUS_OK;
    for (size_t p = 0; p < entry->part_count && !is_tied(entry) && outcome == STATUS_OK; p++) {
        const char *name = entry->names[p];
        if (tensor_table_find(filling->table, name) == NULL && entry->other_name[0] != '\0')
            name = entry->other_name;
        if (!has_shape(tensor_table_find(filling->table, name), entry))
            continue;
        outcome = tensor_table_read(slot->parts[p]->value, filling->table, name,
                                    entry->dimension_count, entry->shape);
        filling->filled++;
        if (filling->model->whitened != NULL &&
            slot->parts[p] == im2sp_first_convolution(filling->model).weight)
            filling->has_first_convolution = true;
    }
    return outcome;
}

enum status im2sp_trained_fill(size_t *filled, struct im2sp_trained *model,
                               const struct tensor_table *table, enum im2sp_naming naming,
                               const char *prefix)
{
    struct filling filling = { .model = model, .table = table };
    struct im2sp_config named = model->config;
    if (named.input != IM2SP_PIXELS) /* pixels' encoders are cut into tensors in another way */
        named.naming = naming;
    const enum status outcome =
        im2sp_weights_visit(&model->places, &named, prefix, fill_one, &filling);
    *filled = filling.filled;
    if (filling.has_first_convolution)
        im2sp_take_to_whitened(model);
    return outcome;
}

void im2sp_trained_put_caption(int32_t *ids, int32_t *targets, const struct im2sp_trained *model,
                               const uint16_t *units, size_t count)
{
    ids[0] = UNIT_ID_BEGIN;
    for (size_t u = 0; u < count; u++)
        ids[u + 1] = targets[u] = unit_ids_of_unit(model->config.ids, units[u]);
    targets[count] = UNIT_ID_END;
}
