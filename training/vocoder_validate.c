#include "cluster/slices.h"
#include "training/vocoder_inside.h"

#include <math.h>

/* Codes of a caption that are measured at most: bounds the memory. */
enum { CODES_MAX = 500 };

/* Sums over captions of what each has in the mean; of this rank and then of all. */
enum sum { SUM_CONVERGENCE, SUM_MAGNITUDE, SUM_MEL, SUM_DURATION, SUM_CAPTIONS, SUM_COUNT };

static enum status measure(double sums[SUM_COUNT], const struct vocoder_objective *self,
                           struct tape *tape, const struct vocoder_piece *piece)
{
    struct vocoder_totals totals = { .units = 0.0 };
    size_t next;
    tape_reset(tape);
    tape_set_recording(tape, false);
    vocoder_count_piece(&totals, self, piece);
    const struct vocoder_losses losses = vocoder_run_pass(&next, self, tape, piece, 0, 1, &totals);
    const enum status outcome = tape_status(tape);
    if (outcome != STATUS_OK)
        return outcome;
    sums[SUM_CONVERGENCE] += (double)losses.convergence->value[0];
    sums[SUM_MAGNITUDE] += (double)losses.magnitude->value[0];
    sums[SUM_MEL] += (double)losses.mel->value[0];
    sums[SUM_DURATION] += (double)losses.duration->value[0];
    sums[SUM_CAPTIONS] += 1.0;
    return STATUS_OK;
}

/* Captions of which no sound is held, of other voices, count nothing. */
static enum status measure_own(double sums[SUM_COUNT], const struct vocoder_objective *self,
                               const struct objective_validation *validation, struct slice own)
{
    enum status outcome = STATUS_OK;
    for (size_t c = 0; c < own.count && outcome == STATUS_OK; c++) {
        const struct speech_record *record =
            speech_memory_find(self->speech, validation->records[own.first + c]);
        if (record == NULL)
            continue;
        const size_t codes = record->code_count < CODES_MAX ? record->code_count : CODES_MAX;
        const struct vocoder_piece piece = { record, 0, codes };
        outcome = measure(sums, self, validation->tape, &piece);
    }
    return outcome;
}

static void list_figures(struct objective_metrics *metrics, const double sums[SUM_COUNT])
{
    const double captions = sums[SUM_CAPTIONS] > 0.0 ? sums[SUM_CAPTIONS] : 1.0;
    const double mel = sums[SUM_MEL] / captions;
    *metrics = (struct objective_metrics){
        .metrics = { { "mel_likeness", exp(-mel), true },
                     { "mel_distance", mel, false },
                     { "spectral_convergence", sums[SUM_CONVERGENCE] / captions, false },
                     { "magnitude_distance", sums[SUM_MAGNITUDE] / captions, false },
                     { "duration_error", sums[SUM_DURATION] / captions, false },
                     { "captions", sums[SUM_CAPTIONS], false } },
        .count = 6
    };
}

enum status vocoder_validate(struct objective_metrics *metrics, void *vocoder,
                             const struct team *team, const struct objective_validation *validation)
{
    const struct vocoder_objective *self = vocoder;
    const struct slice own = slice_of(validation->count, team->rank, team->size);
    double sums[SUM_COUNT] = { 0.0 };
    const enum status outcome =
        team_agree(team, "measure validation speech", measure_own(sums, self, validation, own));
    if (outcome != STATUS_OK)
        return outcome;
    slices_sum_doubles(team, sums, SUM_COUNT);
    list_figures(metrics, sums);
    return STATUS_OK;
}
