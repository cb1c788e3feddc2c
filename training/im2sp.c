#include "training/im2sp.h"

#include "cluster/slices.h"
#include "nn/tape_loss.h"
#include "training/im2sp_inside.h"
#include "training/unit_shift.h"

#include <stdlib.h>
#include <string.h>

size_t im2sp_caption_rows(const struct im2sp_objective *self, const struct store_batch *batch,
                          size_t record)
{
    const size_t rows = batch->unit_offsets[record + 1] - batch->unit_offsets[record] + 1;
    return rows <= im2sp_trained_sizes(self->model)->length_max ? rows : 0;
}

/* Records first .. end - 1, of which `captions` are not too long, with `rows` rows. */
struct range {
    size_t first, end, captions, rows;
};

static struct range next_range(const struct im2sp_objective *self, const struct store_batch *batch,
                               size_t first)
{
    struct range range = { .first = first, .end = first };
    for (; range.end < batch->count; range.end++) {
        const size_t rows = im2sp_caption_rows(self, batch, range.end);
        const size_t frames = (range.captions + 1) * self->tokens + range.rows + rows;
        if (rows == 0)
            continue;
        if (range.captions > 0 && frames > self->pass_frames)
            break;
        range.captions++;
        range.rows += rows;
    }
    return range;
}

/* What the model takes in, in the tape's memory. */
struct inputs {
    size_t places; /* image units of a picture; 0: none */
    size_t width;  /* of its embedding; 0: none */
    size_t *starts;
    int32_t *ids, *targets;
    uint16_t *image_units; /* one or the other */
    float *embeddings;
    uint64_t *records;
};

static struct inputs take_inputs(struct tape *tape, const struct im2sp_config *model,
                                 const struct range *range)
{
    const bool sees_units = model->input == IM2SP_UNITS;
    const size_t places = sees_units ? model->encoder.side * model->encoder.side : 0;
    const size_t width = sees_units ? 0 : model->encoder.width;
    return (struct inputs){
        .places = places,
        .width = width,
        .starts = tape_take(tape, range->captions + 1, sizeof(size_t)),
        .ids = tape_take(tape, range->rows, sizeof(int32_t)),
        .targets = tape_take(tape, range->rows, sizeof(int32_t)),
        .image_units =
            sees_units ? tape_take(tape, range->captions * places, sizeof(uint16_t)) : NULL,
        .embeddings = sees_units ? NULL : tape_take(tape, range->captions * width, sizeof(float)),
        .records = tape_take(tape, range->captions, sizeof(uint64_t)),
    };
}

/* The picture of record r; in a step, moved. */
static void fill_picture(uint16_t *out, const struct im2sp_objective *self,
                         const struct store_batch *batch, size_t r,
                         const struct objective_batch *step)
{
    const size_t side = im2sp_trained_sizes(self->model)->encoder.side;
    struct unit_shift shift = { 0 };
    if (step != NULL)
        shift = (struct unit_shift){ .seed = step->seed,
                                     .step = step->step,
                                     .name = step->names[r],
                                     .limit = self->image_shift };
    unit_shift_copy(out, batch->image_units + r * side * side, side, &shift);
}

static void fill_inputs(const struct inputs *inputs, const struct im2sp_objective *self,
                        const struct store_batch *batch, const struct range *range,
                        const struct objective_batch *step)
{
    const size_t places = inputs->places, width = inputs->width;
    size_t caption = 0;
    inputs->starts[0] = 0;
    for (size_t r = range->first; r < range->end; r++) {
        const size_t rows = im2sp_caption_rows(self, batch, r), at = inputs->starts[caption];
        if (rows == 0)
            continue;
        im2sp_trained_put_caption(inputs->ids + at, inputs->targets + at, self->model,
                                  batch->units + batch->unit_offsets[r], rows - 1);
        if (places > 0)
            fill_picture(inputs->image_units + caption * places, self, batch, r, step);
        else
            memcpy(inputs->embeddings + caption * width, batch->embeddings + r * width,
                   width * sizeof *inputs->embeddings);
        inputs->records[caption] = step != NULL ? step->names[r] : 0;
        inputs->starts[++caption] = at + rows;
    }
}

bool im2sp_run_pass(struct im2sp_pass *pass, const struct im2sp_objective *self, struct tape *tape,
                    const struct store_batch *batch, size_t first,
                    const struct objective_batch *step)
{
    const struct range range = next_range(self, batch, first);
    *pass = (struct im2sp_pass){ .next = range.end };
    if (range.captions == 0)
        return false;
    tape_reset(tape);
    tape_set_recording(tape, step != NULL);
    const struct inputs inputs = take_inputs(tape, im2sp_trained_sizes(self->model), &range);
    if (!tape_has_room(tape))
        return true;
    fill_inputs(&inputs, self, batch, &range, step);
    const struct im2sp_trained_batch captions = {
        .count = range.captions,
        .image_units = inputs.image_units,
        .embeddings = inputs.embeddings,
        .starts = inputs.starts,
        .ids = inputs.ids,
        .records = step != NULL ? inputs.records : NULL,
        .seed = step != NULL ? step->seed : 0,
        .step = step != NULL ? step->step : 0,
    };
    pass->targets = inputs.targets;
    pass->logits = im2sp_trained_run(self->model, tape, &captions).logits;
    return true;
}

/* The gradients of what this rank has of the batch, and its part of the loss. */
static enum status differentiate(double *loss, const struct im2sp_objective *self,
                                 const struct objective_batch *step, double tokens)
{
    struct im2sp_pass pass = { .next = 0 };
    enum status outcome = STATUS_OK;
    *loss = 0.0;
    while (outcome == STATUS_OK &&
           im2sp_run_pass(&pass, self, step->tape, step->records, pass.next, step)) {
        outcome = tape_status(step->tape);
        if (outcome != STATUS_OK)
            break;
        struct array *part = tape_cross_entropy(step->tape, pass.logits, pass.targets, tokens);
        outcome = tape_backward(step->tape, part);
        if (outcome == STATUS_OK)
            *loss += (double)part->value[0];
    }
    return outcome;
}

static enum status take_step(double *loss, void *im2sp, const struct team *team,
                             const struct objective_batch *step)
{
    const struct im2sp_objective *self = im2sp;
    double tokens = 0.0;
    for (size_t r = 0; r < step->records->count; r++)
        tokens += (double)im2sp_caption_rows(self, step->records, r);
    slices_sum_doubles(team, &tokens, 1);
    const enum status outcome =
        team_agree(team, "differentiate captions", differentiate(loss, self, step, tokens));
    if (outcome == STATUS_OK)
        slices_sum_doubles(team, loss, 1);
    return outcome;
}

static void draw(void *im2sp, uint64_t seed)
{
    const struct im2sp_objective *self = im2sp;
    im2sp_trained_draw(self->model, seed);
}

static enum status write_settings(struct settings *settings, void *im2sp)
{
    const struct im2sp_objective *self = im2sp;
    const enum status outcome = im2sp_config_write(settings, im2sp_trained_sizes(self->model));
    return outcome == STATUS_OK ? settings_put_switch(settings, "tie_word_embeddings", true)
                                : outcome;
}

static void settle(void *im2sp)
{
    const struct im2sp_objective *self = im2sp;
    im2sp_trained_settle(self->model);
}

static void close_objective(void *im2sp)
{
    struct im2sp_objective *self = im2sp;
    if (self == NULL)
        return;
    im2sp_trained_destroy(self->model);
    free(self);
}

static enum status check_store(const struct im2sp_objective_options *options,
                               const struct store_batch_shape *shape)
{
    const struct im2sp_config *model = &options->model;
    if (shape->speech_codebook > model->units)
        return status_fail(STATUS_INVALID,
                           "the store's %llu speech units are more than the model's %zu",
                           (unsigned long long)shape->speech_codebook, model->units);
    if (model->input == IM2SP_PIXELS)
        return status_fail(STATUS_INVALID, "a model of pixels cannot be trained on image units");
    if (model->input == IM2SP_EMBEDDINGS && shape->embedding_width != model->encoder.width)
        return status_fail(STATUS_INVALID,
                           "the store has image embeddings of %zu values, the model sees %zu",
                           shape->embedding_width, model->encoder.width);
    if (model->input == IM2SP_EMBEDDINGS)
        return STATUS_OK;
    if (shape->grid_rows != model->encoder.side || shape->grid_columns != model->encoder.side)
        return status_fail(STATUS_INVALID,
                           "the store has grids of %zu x %zu image units, the model sees %zu x %zu",
                           shape->grid_rows, shape->grid_columns, model->encoder.side,
                           model->encoder.side);
    if (shape->image_codebook > options->code_count)
        return status_fail(STATUS_INVALID,
                           "the store's %llu image units are more than the codebook's %zu",
                           (unsigned long long)shape->image_codebook, options->code_count);
    return STATUS_OK;
}

enum status im2sp_objective_open(struct objective *objective, struct parameter_set *set,
                                 const struct im2sp_objective_options *options,
                                 const struct store_batch_shape *shape)
{
    struct im2sp_objective *self = calloc(1, sizeof *self);
    if (self == NULL)
        return status_fail(STATUS_NO_MEMORY, "im2sp: no memory");
    const bool sees_units = options->model.input == IM2SP_UNITS;
    self->pass_frames = options->pass_frames;
    self->image_shift = options->image_shift;
    self->parts = STORE_BATCH_SPEECH | (sees_units ? STORE_BATCH_PICTURES : STORE_BATCH_EMBEDDINGS);
    enum status outcome = check_store(options, shape);
    if (outcome == STATUS_OK)
        outcome = im2sp_trained_create(&self->model, set, &options->model, options->dropout);
    if (outcome == STATUS_OK && options->is_encoder_frozen)
        im2sp_trained_freeze_encoder(self->model);
    if (outcome == STATUS_OK && sees_units)
        outcome = im2sp_trained_set_codebook(self->model, options->codes, options->code_count,
                                             options->code_width);
    /* A frozen encoder stays what it is to the bit. */
    if (outcome == STATUS_OK && sees_units && !options->is_encoder_frozen)
        outcome = im2sp_trained_whiten_codes(self->model);
    if (outcome != STATUS_OK) {
        close_objective(self);
        return outcome;
    }
    self->tokens = im2sp_config_tokens(im2sp_trained_sizes(self->model));
    *objective = (struct objective){ .name = "im2sp",
                                     .store_parts = self->parts,
                                     .self = self,
                                     .step = take_step,
                                     .validate = im2sp_validate,
                                     .write_settings = write_settings,
                                     .draw = draw,
                                     .settle = settle,
                                     .close = close_objective };
    return STATUS_OK;
}

struct im2sp_trained *im2sp_objective_model(const struct objective *objective)
{
    const struct im2sp_objective *self = objective->self;
    return self->model;
}
