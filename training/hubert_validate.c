#include "cluster/slices.h"
#include "nn/tape_loss.h"
#include "training/hubert_inside.h"

#include <math.h>

/* Captions that are read at a time. */
enum { READ_CAPTIONS = 32 };

/* Sums over captions, of this rank and then of all. */
enum sum {
    SUM_LOSS,
    SUM_MASKED,
    SUM_HITS,
    SUM_UNMASKED,
    SUM_UNMASKED_HITS,
    SUM_CAPTIONS,
    SUM_COUNT
};

static double count_hits(const struct array *logits, const int32_t *units)
{
    double hits = 0.0;
    for (size_t row = 0; row < logits->rows; row++) {
        const float *values = logits->value + row * logits->columns;
        size_t best = 0;
        for (size_t k = 1; k < logits->columns; k++)
            best = values[k] > values[best] ? k : best;
        hits += (int32_t)best == units[row];
    }
    return hits;
}

static enum status measure_pass(double sums[SUM_COUNT], const struct hubert_objective *self,
                                struct tape *tape, const struct hubert_pass *pass)
{
    const struct array *masked =
        hubert_trained_logits(self->model, tape, pass->features, pass->masked, pass->masked_count);
    const struct array *unmasked = hubert_trained_logits(self->model, tape, pass->features,
                                                         pass->unmasked, pass->unmasked_count);
    const struct array *loss =
        tape_cross_entropy(tape, (struct array *)masked, pass->masked_units, 1.0);
    const enum status outcome = tape_status(tape);
    if (outcome != STATUS_OK)
        return outcome;
    sums[SUM_LOSS] += (double)loss->value[0];
    sums[SUM_MASKED] += (double)pass->masked_count;
    sums[SUM_HITS] += count_hits(masked, pass->masked_units);
    sums[SUM_UNMASKED] += (double)pass->unmasked_count;
    sums[SUM_UNMASKED_HITS] += count_hits(unmasked, pass->unmasked_units);
    return STATUS_OK;
}

static enum status measure_batch(double sums[SUM_COUNT], const struct hubert_objective *self,
                                 struct tape *tape, const struct spoken_batch *batch)
{
    const struct hubert_draw draw = { .is_training = false };
    struct hubert_pass pass = { .next = 0 };
    double counts[2];
    enum status outcome = hubert_count_frames(counts, self, batch, &draw);
    while (outcome == STATUS_OK && hubert_run_pass(&pass, self, tape, batch, pass.next, &draw)) {
        outcome = tape_status(tape);
        if (outcome == STATUS_OK)
            outcome = measure_pass(sums, self, tape, &pass);
    }
    sums[SUM_CAPTIONS] += (double)batch->count;
    return outcome;
}

static enum status measure_own(double sums[SUM_COUNT], const struct hubert_objective *self,
                               const struct objective_validation *validation, struct slice own)
{
    const struct record_source *source = speech_batches_source(self->batches);
    enum status outcome = STATUS_OK;
    for (size_t done = 0; done < own.count && outcome == STATUS_OK; done += READ_CAPTIONS) {
        const size_t left = own.count - done, count = left < READ_CAPTIONS ? left : READ_CAPTIONS;
        const void *batch = NULL;
        outcome = source->read(&batch, source->self, RECORD_SOURCE_VALIDATION_SLOT,
                               validation->records + own.first + done, count);
        if (outcome == STATUS_OK)
            outcome = measure_batch(sums, self, validation->tape, batch);
    }
    return outcome;
}

static double share(double part, double whole)
{
    return whole > 0.0 ? part / whole : 0.0;
}

static void list_figures(struct objective_metrics *metrics, const double sums[SUM_COUNT])
{
    const double loss = share(sums[SUM_LOSS], sums[SUM_MASKED]);
    *metrics = (struct objective_metrics){
        .metrics = { { "masked_accuracy", share(sums[SUM_HITS], sums[SUM_MASKED]), true },
                     { "unmasked_accuracy", share(sums[SUM_UNMASKED_HITS], sums[SUM_UNMASKED]),
                       true },
                     { "cross_entropy", loss, false },
                     { "perplexity", exp(loss), false },
                     { "masked_frames", sums[SUM_MASKED], false },
                     { "captions", sums[SUM_CAPTIONS], false } },
        .count = 6
    };
}

enum status hubert_validate(struct objective_metrics *metrics, void *hubert,
                            const struct team *team, const struct objective_validation *validation)
{
    const struct hubert_objective *self = hubert;
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
