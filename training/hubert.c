#include "training/hubert.h"

#include "cluster/slices.h"
#include "nn/tape_activation.h"
#include "nn/tape_loss.h"
#include "tokenizers/speech/mfcc.h"
#include "training/hubert_inside.h"

#include <stdlib.h>
#include <string.h>

/* The frames of an utterance that are taken. */
struct crop {
    size_t first, frames;
};

static struct random_stream stream_of(const struct hubert_draw *draw, const struct spoken *spoken,
                                      const char *purpose)
{
    return random_stream_numbered(draw->seed, draw->epoch << 40 | spoken->record, purpose);
}

static struct crop crop_of(const struct hubert_objective *self, const struct spoken *spoken,
                           const struct hubert_draw *draw)
{
    const size_t most = self->crop_frames;
    if (spoken->frames <= most)
        return (struct crop){ 0, spoken->frames };
    struct random_stream stream = stream_of(draw, spoken, "crop");
    const uint32_t places = (uint32_t)(spoken->frames - most + 1);
    return (struct crop){ draw->is_training ? random_below(&stream, places) : 0, most };
}

static size_t samples_of(size_t frames)
{
    return (frames - 1) * MFCC_STEP_SAMPLES + MFCC_FRAME_SAMPLES;
}

static size_t draw_mask(uint8_t *mask, const struct hubert_objective *self,
                        const struct spoken *spoken, size_t frames, const struct hubert_draw *draw)
{
    return span_mask_draw(mask, frames, &self->options.mask, stream_of(draw, spoken, "mask"));
}

static enum status check_caption(const struct hubert_objective *self, const struct spoken *spoken)
{
    const size_t codewords = self->options.model.codewords;
    const size_t frames = hubert_config_frame_count(&self->options.model.net, spoken->samples);
    if (spoken->frames == 0 || spoken->frames != frames || spoken->record >> 40 != 0)
        return status_fail(STATUS_INVALID,
                           "caption %llu has %zu units for %zu frames; one a frame is needed",
                           (unsigned long long)spoken->record, spoken->frames, frames);
    for (size_t t = 0; t < spoken->frames; t++)
        if (spoken->units[t] >= codewords)
            return status_fail(STATUS_INVALID, "caption %llu has unit %u of %zu",
                               (unsigned long long)spoken->record, spoken->units[t], codewords);
    return STATUS_OK;
}

enum status hubert_count_frames(double counts[2], const struct hubert_objective *self,
                                const struct spoken_batch *batch, const struct hubert_draw *draw)
{
    counts[0] = counts[1] = 0.0;
    for (size_t c = 0; c < batch->count; c++) {
        const enum status outcome = check_caption(self, &batch->captions[c]);
        if (outcome != STATUS_OK)
            return outcome;
        const size_t frames = crop_of(self, &batch->captions[c], draw).frames;
        const size_t masked = draw_mask(self->mask, self, &batch->captions[c], frames, draw);
        counts[0] += (double)masked;
        counts[1] += (double)(frames - masked);
    }
    return STATUS_OK;
}

/* Captions first .. end - 1, and the frames that are taken of them. */
struct range {
    size_t first, end, frames;
};

static struct range next_range(const struct hubert_objective *self,
                               const struct spoken_batch *batch, size_t first,
                               const struct hubert_draw *draw)
{
    struct range range = { .first = first, .end = first };
    const size_t step = self->options.model.net.convolutions[0].stride;
    const size_t frame_rows = MFCC_STEP_SAMPLES / (step > 0 ? step : 1) + 1;
    for (; range.end < batch->count; range.end++) {
        const size_t frames = crop_of(self, &batch->captions[range.end], draw).frames;
        if (range.frames > 0 && (range.frames + frames) * frame_rows > self->options.pass_rows)
            break;
        range.frames += frames;
    }
    return range;
}

/* What goes in, in the tape's memory. */
struct inputs {
    struct hubert_utterance *utterances;
    uint64_t *records;
    uint8_t *is_masked;
};

static struct inputs take_inputs(struct hubert_pass *pass, struct tape *tape,
                                 const struct range *range)
{
    const size_t count = range->end - range->first;
    pass->masked = tape_take(tape, range->frames, sizeof *pass->masked);
    pass->unmasked = tape_take(tape, range->frames, sizeof *pass->unmasked);
    pass->masked_units = tape_take(tape, range->frames, sizeof *pass->masked_units);
    pass->unmasked_units = tape_take(tape, range->frames, sizeof *pass->unmasked_units);
    return (struct inputs){
        .utterances = tape_take(tape, count, sizeof(struct hubert_utterance)),
        .records = tape_take(tape, count, sizeof(uint64_t)),
        .is_masked = tape_take(tape, range->frames, sizeof(uint8_t)),
    };
}

/* Sorts the frames of a crop, which begin at row `row`, by whether they are masked. */
static void put_frames(struct hubert_pass *pass, const uint8_t *is_masked, const uint16_t *units,
                       size_t frames, size_t row)
{
    for (size_t t = 0; t < frames; t++) {
        const struct row_source source = { .part = 0, .row = (uint32_t)(row + t) };
        if (is_masked[t] != 0) {
            pass->masked[pass->masked_count] = source;
            pass->masked_units[pass->masked_count++] = units[t];
        } else {
            pass->unmasked[pass->unmasked_count] = source;
            pass->unmasked_units[pass->unmasked_count++] = units[t];
        }
    }
}

static void fill_inputs(const struct inputs *inputs, struct hubert_pass *pass,
                        const struct hubert_objective *self, const struct spoken_batch *batch,
                        const struct range *range, const struct hubert_draw *draw)
{
    size_t row = 0;
    for (size_t c = range->first; c < range->end; c++) {
        const struct spoken *spoken = &batch->captions[c];
        const struct crop crop = crop_of(self, spoken, draw);
        const bool is_whole = crop.frames == spoken->frames;
        inputs->utterances[c - range->first] = (struct hubert_utterance){
            .audio = spoken->audio + crop.first * MFCC_STEP_SAMPLES,
            .samples = is_whole ? spoken->samples : samples_of(crop.frames),
        };
        inputs->records[c - range->first] = spoken->record;
        draw_mask(inputs->is_masked + row, self, spoken, crop.frames, draw);
        put_frames(pass, inputs->is_masked + row, spoken->units + crop.first, crop.frames, row);
        row += crop.frames;
    }
}

bool hubert_run_pass(struct hubert_pass *pass, const struct hubert_objective *self,
                     struct tape *tape, const struct spoken_batch *batch, size_t first,
                     const struct hubert_draw *draw)
{
    const struct range range = next_range(self, batch, first, draw);
    *pass = (struct hubert_pass){ .next = range.end };
    if (range.end == range.first)
        return false;
    tape_reset(tape);
    tape_set_recording(tape, draw->is_training);
    const struct inputs inputs = take_inputs(pass, tape, &range);
    if (!tape_has_room(tape))
        return true;
    fill_inputs(&inputs, pass, self, batch, &range, draw);
    const struct hubert_trained_batch utterances = {
        .utterances = inputs.utterances,
        .count = range.end - range.first,
        .is_masked = inputs.is_masked,
        .records = draw->is_training ? inputs.records : NULL,
        .seed = draw->seed,
        .step = draw->step,
    };
    pass->features = hubert_trained_run(self->model, tape, &utterances);
    return true;
}

static struct array *loss_of(const struct hubert_objective *self, struct tape *tape,
                             const struct hubert_pass *pass, const double counts[2])
{
    struct array *logits =
        hubert_trained_logits(self->model, tape, pass->features, pass->masked, pass->masked_count);
    struct array *loss =
        tape_cross_entropy(tape, logits, pass->masked_units, counts[0] > 0.0 ? counts[0] : 1.0);
    if (self->options.unmasked_weight == 0.0 || counts[1] == 0.0)
        return loss;
    logits = hubert_trained_logits(self->model, tape, pass->features, pass->unmasked,
                                   pass->unmasked_count);
    return tape_add(tape, loss,
                    tape_cross_entropy(tape, logits, pass->unmasked_units,
                                       counts[1] / self->options.unmasked_weight));
}

/* The gradients of what this rank has of the batch, and its part of the loss. */
static enum status differentiate(double *loss, const struct hubert_objective *self,
                                 struct tape *tape, const struct spoken_batch *batch,
                                 const struct hubert_draw *draw, const double counts[2])
{
    struct hubert_pass pass = { .next = 0 };
    enum status outcome = STATUS_OK;
    *loss = 0.0;
    while (outcome == STATUS_OK && hubert_run_pass(&pass, self, tape, batch, pass.next, draw)) {
        outcome = tape_status(tape);
        if (outcome != STATUS_OK)
            break;
        struct array *part = loss_of(self, tape, &pass, counts);
        outcome = tape_backward(tape, part);
        if (outcome == STATUS_OK)
            *loss += (double)part->value[0];
    }
    return outcome;
}

static enum status take_step(double *loss, void *hubert, const struct team *team,
                             const struct objective_batch *step)
{
    const struct hubert_objective *self = hubert;
    const struct hubert_draw draw = {
        .seed = step->seed, .epoch = step->epoch, .step = step->step, .is_training = true
    };
    double counts[2];
    enum status outcome =
        team_agree(team, "draw masks", hubert_count_frames(counts, self, step->data, &draw));
    if (outcome != STATUS_OK)
        return outcome;
    slices_sum_doubles(team, counts, 2);
    outcome = team_agree(team, "differentiate speech",
                         differentiate(loss, self, step->tape, step->data, &draw, counts));
    if (outcome == STATUS_OK)
        slices_sum_doubles(team, loss, 1);
    return outcome;
}

static void draw_first(void *hubert, uint64_t seed)
{
    const struct hubert_objective *self = hubert;
    hubert_trained_draw(self->model, seed);
}

static enum status write_settings(struct settings *settings, void *hubert)
{
    const struct hubert_objective *self = hubert;
    return hubert_config_write(settings, hubert_trained_sizes(self->model));
}

static void close_objective(void *hubert)
{
    struct hubert_objective *self = hubert;
    if (self == NULL)
        return;
    speech_batches_destroy(self->batches);
    hubert_trained_destroy(self->model);
    free(self->mask);
    free(self);
}

/* Units are those of frames of 20 ms. */
static enum status check_options(const struct hubert_objective_options *options)
{
    const struct hubert_config *net = &options->model.net;
    if (hubert_config_frame_count(net, samples_of(1) - 1) != 0 ||
        hubert_config_frame_count(net, samples_of(1)) != 1 ||
        hubert_config_frame_count(net, samples_of(2) - 1) != 1 ||
        hubert_config_frame_count(net, samples_of(101)) != 101)
        return status_fail(STATUS_INVALID,
                           "HuBERT: a net whose frames are not %d samples at every %d",
                           MFCC_FRAME_SAMPLES, MFCC_STEP_SAMPLES);
    if (hubert_config_frame_count(net, options->crop_samples) < 2)
        return status_fail(STATUS_INVALID, "HuBERT: a crop of %zu samples has no two frames",
                           options->crop_samples);
    return STATUS_OK;
}

static enum status open_objective(struct hubert_objective *self, struct parameter_set *set,
                                  const struct hubert_objective_options *options)
{
    enum status outcome = check_options(options);
    if (outcome != STATUS_OK)
        return outcome;
    self->options = *options;
    self->crop_frames = hubert_config_frame_count(&options->model.net, options->crop_samples);
    self->mask = malloc(self->crop_frames);
    if (self->mask == NULL)
        return status_fail(STATUS_NO_MEMORY, "a mask of %zu frames", self->crop_frames);
    return hubert_trained_create(&self->model, set, &options->model);
}

enum status hubert_objective_open(struct objective *objective, struct parameter_set *set,
                                  const struct hubert_objective_options *options,
                                  const struct speech_reader *reader)
{
    struct speech_batches *batches;
    enum status outcome = speech_batches_create(&batches, reader);
    if (outcome != STATUS_OK)
        return outcome;
    struct hubert_objective *self = calloc(1, sizeof *self);
    if (self == NULL) {
        speech_batches_destroy(batches);
        return status_fail(STATUS_NO_MEMORY, "hubert: no memory");
    }
    self->batches = batches;
    outcome = open_objective(self, set, options);
    if (outcome != STATUS_OK) {
        close_objective(self);
        return outcome;
    }
    *objective = (struct objective){ .name = "hubert",
                                     .source = speech_batches_source(batches),
                                     .self = self,
                                     .step = take_step,
                                     .validate = hubert_validate,
                                     .write_settings = write_settings,
                                     .draw = draw_first,
                                     .close = close_objective };
    return STATUS_OK;
}

struct hubert_trained *hubert_objective_net(const struct objective *objective)
{
    const struct hubert_objective *self = objective->self;
    return self->model;
}
