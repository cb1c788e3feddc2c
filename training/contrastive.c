#include "training/contrastive.h"

#include "nn/norm.h"
#include "training/contrastive_exchange.h"
#include "training/contrastive_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Embeddings of this rank's records, and their gradients; [own][embedding] each. */
struct embeddings {
    float *speech, *images, *speech_gradient, *image_gradient;
    uint64_t *pictures; /* [own] */
};

static void embeddings_end(struct embeddings *embeddings)
{
    free(embeddings->speech);
    free(embeddings->pictures);
}

static enum status embeddings_begin(struct embeddings *embeddings, const struct contrastive *self,
                                    const struct store_batch *batch)
{
    const size_t floats = batch->count * self->options.speech.embedding;
    float *all = calloc(4 * floats + 1, sizeof *all);
    *embeddings = (struct embeddings){ .speech = all,
                                       .pictures = malloc((batch->count + 1) * sizeof(uint64_t)) };
    if (all == NULL || embeddings->pictures == NULL)
        return status_fail(STATUS_NO_MEMORY, "embeddings of %zu records", batch->count);
    embeddings->images = all + floats;
    embeddings->speech_gradient = all + 2 * floats;
    embeddings->image_gradient = all + 3 * floats;
    for (size_t r = 0; r < batch->count; r++)
        embeddings->pictures[r] = batch->pictures[r];
    return STATUS_OK;
}

/* The values of what the tape holds. */
static void keep_values(float *out, const struct array *array, struct record_range range)
{
    if (array != NULL)
        memcpy(out + range.first * array->columns, array->value,
               range.count * array->columns * sizeof *out);
}

static void seed(struct tape *tape, struct array *array, const float *gradients,
                 struct record_range range)
{
    if (array != NULL)
        tape_seed(tape, array, gradients + range.first * array->columns);
}

/* One pass over the batch, range by range: for the values alone, or for the gradients. Where the
 * whole batch is one range, the tape of the first pass serves the second. */
struct pass {
    struct contrastive *self;
    const struct objective_batch *step;
    struct embeddings *embeddings;
    struct array *speech, *images; /* of the one range, still on the tape */
    bool is_whole;
};

static enum status encode_all(struct pass *pass)
{
    const struct store_batch *batch = pass->step->records;
    struct tape *tape = pass->step->tape;
    struct record_range range = contrastive_range(pass->self, batch, 0);
    enum status outcome = STATUS_OK;
    pass->is_whole = range.count == batch->count;
    for (; range.count > 0 && outcome == STATUS_OK;
         range = contrastive_range(pass->self, batch, range.first + range.count)) {
        tape_reset(tape);
        tape_set_recording(tape, pass->is_whole);
        contrastive_encode(&pass->speech, &pass->images, pass->self, tape, batch, range,
                           pass->step);
        outcome = tape_status(tape);
        if (outcome == STATUS_OK) {
            keep_values(pass->embeddings->speech, pass->speech, range);
            keep_values(pass->embeddings->images, pass->images, range);
        }
    }
    return outcome;
}

static enum status differentiate_all(struct pass *pass)
{
    const struct store_batch *batch = pass->step->records;
    struct tape *tape = pass->step->tape;
    struct record_range range = contrastive_range(pass->self, batch, 0);
    enum status outcome = STATUS_OK;
    for (; range.count > 0 && outcome == STATUS_OK;
         range = contrastive_range(pass->self, batch, range.first + range.count)) {
        if (!pass->is_whole) {
            tape_reset(tape);
            contrastive_encode(&pass->speech, &pass->images, pass->self, tape, batch, range,
                               pass->step);
        }
        outcome = tape_status(tape);
        if (outcome == STATUS_OK) {
            seed(tape, pass->speech, pass->embeddings->speech_gradient, range);
            seed(tape, pass->images, pass->embeddings->image_gradient, range);
            outcome = tape_run_backward(tape);
        }
    }
    return outcome;
}

static enum status exchange(double *loss, struct pass *pass, const struct team *team)
{
    struct contrastive *self = pass->self;
    const struct embeddings *embeddings = pass->embeddings;
    const struct contrastive_batch batch = {
        .count = pass->step->count,
        .width = self->options.speech.embedding,
        .speech = embeddings->speech,
        .images = embeddings->images,
        .pictures = embeddings->pictures,
        .log_scale = self->log_scale->value[0],
    };
    struct contrastive_result result = {
        .speech_gradient = embeddings->speech_gradient,
        .image_gradient = self->images != NULL ? embeddings->image_gradient : NULL,
    };
    const enum status outcome = contrastive_exchange(&result, team, &batch);
    *loss = result.loss;
    self->log_scale->gradient[0] += (float)result.log_scale_gradient;
    return outcome;
}

static enum status take_step(double *loss, void *contrastive, const struct team *team,
                             const struct objective_batch *step)
{
    struct contrastive *self = contrastive;
    struct embeddings embeddings;
    struct pass pass = { .self = self, .step = step, .embeddings = &embeddings };
    enum status outcome = embeddings_begin(&embeddings, self, step->records);
    if (outcome == STATUS_OK && self->images == NULL)
        l2_normalise(embeddings.images, step->records->embeddings, 1e-12f, step->records->count,
                     self->options.speech.embedding);
    if (outcome == STATUS_OK)
        outcome = encode_all(&pass);
    outcome = team_agree(team, "encode batch", outcome);
    if (outcome == STATUS_OK)
        outcome = exchange(loss, &pass, team);
    if (outcome == STATUS_OK && isfinite(*loss))
        outcome = team_agree(team, "differentiate batch", differentiate_all(&pass));
    embeddings_end(&embeddings);
    return outcome;
}

/* open_clip keeps the scale between 1 and 100. */
static void clamp_scale(void *contrastive)
{
    struct contrastive *self = contrastive;
    float *log_scale = &self->log_scale->value[0];
    *log_scale = fminf(fmaxf(*log_scale, 0.0f), logf(self->options.scale_max));
}

static void draw(void *contrastive, uint64_t seed)
{
    struct contrastive *self = contrastive;
    speech_encoder_draw(self->speech, seed);
    if (self->images != NULL)
        speech_encoder_draw(self->images, seed);
    self->log_scale->value[0] = logf(1.0f / self->options.temperature);
}

static enum status write_settings(struct settings *settings, void *contrastive)
{
    const struct contrastive *self = contrastive;
    enum status outcome = settings_put_text(settings, "model_type", "unitmill-contrastive");
    if (outcome == STATUS_OK)
        outcome = speech_encoder_config_write(settings, "speech.", &self->options.speech);
    if (outcome == STATUS_OK && self->images != NULL)
        outcome = speech_encoder_config_write(settings, "images.", &self->options.images);
    return outcome;
}

static void close_objective(void *contrastive)
{
    struct contrastive *self = contrastive;
    if (self == NULL)
        return;
    speech_encoder_destroy(self->speech);
    speech_encoder_destroy(self->images);
    free(self);
}

/* Of the image tower. */
static enum status check_pictures(const struct contrastive_options *options,
                                  const struct store_batch_shape *shape)
{
    const struct speech_encoder_config *images = &options->images;
    const size_t side = (size_t)lround(sqrt((double)images->merged_units));
    if (shape->image_codebook > images->units)
        return status_fail(STATUS_INVALID,
                           "the store's %llu image units are more than the net's %zu",
                           (unsigned long long)shape->image_codebook, images->units);
    if (images->embedding != options->speech.embedding)
        return status_fail(STATUS_INVALID, "embeddings of %zu values of speech, of %zu of pictures",
                           options->speech.embedding, images->embedding);
    if (images->convolution_channels > 0 && shape->grid_rows != shape->grid_columns)
        return status_fail(STATUS_INVALID, "convolutions go over squares, not %zu x %zu units",
                           shape->grid_rows, shape->grid_columns);
    if (side * side != images->merged_units || shape->grid_rows % side != 0 ||
        shape->grid_columns % side != 0)
        return status_fail(STATUS_INVALID,
                           "patches of %zu x %zu units do not fill a grid of %zu x %zu", side, side,
                           shape->grid_rows, shape->grid_columns);
    return STATUS_OK;
}

static enum status check_store(const struct contrastive_options *options,
                               const struct store_batch_shape *shape)
{
    const struct speech_encoder_config *speech = &options->speech;
    const size_t features = speech->feature_layers * speech->sizes.width;
    if (speech->convolution_channels > 0)
        return status_fail(STATUS_INVALID,
                           "early convolutions of %zu channels over speech: they "
                           "are for pictures",
                           speech->convolution_channels);
    if (speech->units > 0 && shape->speech_codebook > speech->units)
        return status_fail(STATUS_INVALID,
                           "the store's %llu speech units are more than the net's "
                           "%zu",
                           (unsigned long long)shape->speech_codebook, speech->units);
    if (speech->units == 0 && shape->feature_width != features)
        return status_fail(STATUS_INVALID,
                           "the store's features are %zu wide, the net's %zu layers of %zu",
                           shape->feature_width, speech->feature_layers, speech->sizes.width);
    if (!options->has_image_tower && shape->embedding_width != speech->embedding)
        return status_fail(STATUS_INVALID,
                           "the store's image embeddings are %zu wide, the net's %zu",
                           shape->embedding_width, speech->embedding);
    return options->has_image_tower ? check_pictures(options, shape) : STATUS_OK;
}

unsigned contrastive_store_parts(const struct contrastive_options *options)
{
    return (options->speech.units > 0 ? STORE_BATCH_SPEECH : STORE_BATCH_FEATURES) |
           (options->has_image_tower ? STORE_BATCH_PICTURES : STORE_BATCH_EMBEDDINGS);
}

enum status contrastive_open(struct objective *objective, struct parameter_set *set,
                             const struct contrastive_options *options,
                             const struct store_batch_shape *shape)
{
    struct contrastive *self = calloc(1, sizeof *self);
    if (self == NULL)
        return status_fail(STATUS_NO_MEMORY, "contrastive: no memory");
    *self = (struct contrastive){ .options = *options, .shape = *shape };
    enum status outcome = check_store(options, shape);
    if (outcome == STATUS_OK)
        outcome = speech_encoder_create(&self->speech, set, "", &options->speech);
    if (outcome == STATUS_OK && options->has_image_tower)
        outcome = speech_encoder_create(&self->images, set, "image_tower.", &options->images);
    if (outcome == STATUS_OK && options->has_image_tower &&
        options->images.convolution_channels > 0)
        outcome = speech_encoder_set_codes(self->images, &options->image_codes);
    if (outcome != STATUS_OK) {
        close_objective(self);
        return outcome;
    }
    self->log_scale = parameter_set_add(set, "criterion.temperature", 0, NULL);
    *objective = (struct objective){ .name = "contrastive",
                                     .store_parts = contrastive_store_parts(options),
                                     .self = self,
                                     .step = take_step,
                                     .after_update = clamp_scale,
                                     .validate = contrastive_validate,
                                     .write_settings = write_settings,
                                     .draw = draw,
                                     .close = close_objective };
    return STATUS_OK;
}
