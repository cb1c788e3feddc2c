#include "training/vocoder.h"

#include "cluster/slices.h"
#include "core/random.h"
#include "models/mel_filters.h"
#include "nn/tape_activation.h"
#include "training/vocoder_inside.h"

#include <stdlib.h>
#include <string.h>

enum { RATE_HZ = 16000 };

static const struct {
    size_t window, hop;
} resolutions[VOCODER_RESOLUTIONS] = { { 1024, 256 }, { 2048, 512 }, { 512, 128 }, { 256, 64 } };

/* Mel bands are what the ear goes by. */
static const float mel_weight = 2.0f;

/* A piece from a place that depends on (seed, step, caption) alone. */
static struct vocoder_piece draw_piece(const struct vocoder_objective *self,
                                       const struct objective_batch *step, uint64_t name)
{
    const struct speech_record *record = speech_memory_find(self->speech, name);
    const size_t codes = record->code_count, count = self->segment_frames;
    if (codes <= count)
        return (struct vocoder_piece){ record, 0, codes };
    struct random_stream stream =
        random_stream_numbered(step->seed ^ (step->step << 20), name, "segment");
    const size_t first = random_below(&stream, (uint32_t)(codes - count + 1));
    return (struct vocoder_piece){ record, first, count };
}

static struct array *sum_losses(struct tape *tape, const struct vocoder_losses *losses)
{
    struct array *sum = tape_add(tape, losses->convergence, losses->magnitude);
    sum = tape_add(tape, sum, tape_scale(tape, losses->mel, mel_weight));
    return tape_add(tape, sum, losses->duration);
}

/* The gradients of what this rank has of the batch, and its part of the loss. */
static enum status differentiate(double *loss, const struct vocoder_objective *self,
                                 struct tape *tape, const struct vocoder_piece *pieces,
                                 size_t count, const struct vocoder_totals *totals)
{
    enum status outcome = STATUS_OK;
    *loss = 0.0;
    for (size_t next = 0; next < count && outcome == STATUS_OK;) {
        tape_reset(tape);
        const struct vocoder_losses losses =
            vocoder_run_pass(&next, self, tape, pieces, next, count, totals);
        outcome = tape_status(tape);
        if (outcome != STATUS_OK)
            break;
        struct array *sum = sum_losses(tape, &losses);
        outcome = tape_backward(tape, sum);
        if (outcome == STATUS_OK)
            *loss += (double)sum->value[0];
    }
    return outcome;
}

static void sum_totals(struct vocoder_totals *totals, const struct team *team)
{
    double sums[VOCODER_TOTALS];
    _Static_assert(sizeof sums == sizeof *totals, "totals are doubles");
    memcpy(sums, totals, sizeof sums);
    slices_sum_doubles(team, sums, VOCODER_TOTALS);
    memcpy(totals, sums, sizeof sums);
}

static enum status take_step(double *loss, void *vocoder, const struct team *team,
                             const struct objective_batch *step)
{
    const struct vocoder_objective *self = vocoder;
    const size_t count = step->records->count;
    struct vocoder_totals totals = { .units = 0.0 };
    struct vocoder_piece *pieces = malloc((count + 1) * sizeof *pieces);
    enum status outcome =
        pieces != NULL ? STATUS_OK
                       : status_fail(STATUS_NO_MEMORY, "a batch of %zu pieces of speech", count);
    for (size_t p = 0; p < count && pieces != NULL; p++) {
        pieces[p] = draw_piece(self, step, step->names[p]);
        vocoder_count_piece(&totals, self, &pieces[p]);
    }
    sum_totals(&totals, team);
    if (outcome == STATUS_OK)
        outcome = differentiate(loss, self, step->tape, pieces, count, &totals);
    free(pieces);
    outcome = team_agree(team, "differentiate speech", outcome);
    if (outcome == STATUS_OK)
        slices_sum_doubles(team, loss, 1);
    return outcome;
}

static void draw(void *vocoder, uint64_t seed)
{
    const struct vocoder_objective *self = vocoder;
    unit_vocoder_trained_draw(self->model, seed);
}

static enum status write_settings(struct settings *settings, void *vocoder)
{
    const struct vocoder_objective *self = vocoder;
    return unit_vocoder_config_write(settings, unit_vocoder_trained_sizes(self->model));
}

static void close_but_for_speech(struct vocoder_objective *self)
{
    for (size_t r = 0; r < VOCODER_RESOLUTIONS; r++)
        spectrum_destroy(self->spectra[r]);
    unit_vocoder_trained_destroy(self->model);
    free(self->mel_filters);
    free(self);
}

static void close_objective(void *vocoder)
{
    struct vocoder_objective *self = vocoder;
    if (self == NULL)
        return;
    speech_memory_destroy(self->speech);
    close_but_for_speech(self);
}

static enum status check_options(const struct vocoder_objective_options *options)
{
    const struct unit_vocoder_config *model = &options->model;
    if (model->rate_hz != RATE_HZ || unit_vocoder_config_hop(model) != SPEECH_MEMORY_HOP)
        return status_fail(STATUS_INVALID,
                           "a vocoder of %zu Hz and %zu samples a unit; the run's speech has %d Hz "
                           "and %d samples",
                           model->rate_hz, unit_vocoder_config_hop(model), RATE_HZ,
                           SPEECH_MEMORY_HOP);
    if (model->duration_hidden == 0)
        return status_fail(STATUS_INVALID, "a vocoder without duration predictor");
    return STATUS_OK;
}

static enum status make_measures(struct vocoder_objective *self)
{
    enum status outcome = STATUS_OK;
    for (size_t r = 0; r < VOCODER_RESOLUTIONS && outcome == STATUS_OK; r++)
        outcome = spectrum_create(&self->spectra[r], resolutions[r].window, resolutions[r].hop);
    if (outcome != STATUS_OK)
        return outcome;
    self->mel_filters =
        malloc(VOCODER_MEL_BANDS * spectrum_bins(self->spectra[0]) * sizeof *self->mel_filters);
    if (self->mel_filters == NULL)
        return status_fail(STATUS_NO_MEMORY, "mel filters");
    mel_filters_fill(self->mel_filters, VOCODER_MEL_BANDS, resolutions[0].window, RATE_HZ, 0.0,
                     RATE_HZ / 2.0);
    return STATUS_OK;
}

enum status vocoder_objective_open(struct objective *objective, struct parameter_set *set,
                                   const struct vocoder_objective_options *options,
                                   struct speech_memory *speech)
{
    struct vocoder_objective *self = calloc(1, sizeof *self);
    if (self == NULL)
        return status_fail(STATUS_NO_MEMORY, "vocoder: no memory");
    *self = (struct vocoder_objective){ .segment_frames = options->segment_frames,
                                        .pass_frames = options->pass_frames };
    enum status outcome = check_options(options);
    if (outcome == STATUS_OK)
        outcome = make_measures(self);
    if (outcome == STATUS_OK)
        outcome = unit_vocoder_trained_create(&self->model, set, &options->model);
    if (outcome != STATUS_OK) {
        close_but_for_speech(self);
        return outcome;
    }
    self->speech = speech;
    *objective = (struct objective){ .name = "vocoder",
                                     .source = speech_memory_source(speech),
                                     .self = self,
                                     .step = take_step,
                                     .validate = vocoder_validate,
                                     .write_settings = write_settings,
                                     .draw = draw,
                                     .close = close_objective };
    return STATUS_OK;
}
