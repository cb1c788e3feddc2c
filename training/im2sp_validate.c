#include "cluster/slices.h"
#include "nn/tape_loss.h"
#include "training/im2sp_inside.h"

#include <math.h>

/* Records that are read at a time. */
enum { READ_RECORDS = 256 };

/* Sums over captions, of this rank and then of all. */
enum sum { SUM_LOSS, SUM_TOKENS, SUM_HITS, SUM_CAPTIONS, SUM_LEFT_OUT, SUM_COUNT };

static void add_hits(double sums[SUM_COUNT], const struct im2sp_pass *pass)
{
    const size_t V = pass->logits->columns;
    for (size_t row = 0; row < pass->logits->rows; row++) {
        const float *logits = pass->logits->value + row * V;
        size_t best = 0;
        for (size_t v = 1; v < V; v++)
            if (logits[v] > logits[best])
                best = v;
        sums[SUM_HITS] += (int32_t)best == pass->targets[row];
    }
    sums[SUM_TOKENS] += (double)pass->logits->rows;
}

static enum status measure_batch(double sums[SUM_COUNT], const struct im2sp_objective *self,
                                 struct tape *tape, const struct store_batch *batch)
{
    struct im2sp_pass pass = { .next = 0 };
    while (im2sp_run_pass(&pass, self, tape, batch, pass.next, NULL)) {
        enum status outcome = tape_status(tape);
        if (outcome != STATUS_OK)
            return outcome;
        const struct array *loss = tape_cross_entropy(tape, pass.logits, pass.targets, 1.0);
        outcome = tape_status(tape);
        if (outcome != STATUS_OK)
            return outcome;
        sums[SUM_LOSS] += (double)loss->value[0];
        add_hits(sums, &pass);
    }
    for (size_t r = 0; r < batch->count; r++) {
        sums[SUM_CAPTIONS] += 1.0;
        sums[SUM_LEFT_OUT] += im2sp_caption_rows(self, batch, r) == 0;
    }
    return STATUS_OK;
}

static enum status measure_own(double sums[SUM_COUNT], const struct im2sp_objective *self,
                               const struct objective_validation *validation, struct slice own)
{
    const struct store_batch_options options = {
        .parts = self->parts,
        .cache_bytes = STORE_BATCH_CACHE_BYTES,
        .batch_bytes_max = STORE_BATCH_BYTES_MAX,
    };
    struct store_batch_reader *reader;
    enum status outcome = store_batch_open(&reader, validation->store, &options);
    for (size_t done = 0; done < own.count && outcome == STATUS_OK; done += READ_RECORDS) {
        const size_t left = own.count - done, count = left < READ_RECORDS ? left : READ_RECORDS;
        struct store_batch batch;
        outcome = store_batch_read(&batch, reader, validation->records + own.first + done, count);
        if (outcome == STATUS_OK)
            outcome = measure_batch(sums, self, validation->tape, &batch);
    }
    store_batch_close(reader);
    return outcome;
}

static void list_figures(struct objective_metrics *metrics, const double sums[SUM_COUNT])
{
    const double tokens = sums[SUM_TOKENS] > 0.0 ? sums[SUM_TOKENS] : 1.0,
                 loss = sums[SUM_LOSS] / tokens;
    *metrics = (struct objective_metrics){
        .metrics = { { "unit_accuracy", sums[SUM_HITS] / tokens, true },
                     { "cross_entropy", loss, false },
                     { "perplexity", exp(loss), false },
                     { "units", sums[SUM_TOKENS], false },
                     { "captions", sums[SUM_CAPTIONS], false },
                     { "captions_left_out", sums[SUM_LEFT_OUT], false } },
        .count = 6
    };
}

enum status im2sp_validate(struct objective_metrics *metrics, void *im2sp, const struct team *team,
                           const struct objective_validation *validation)
{
    const struct im2sp_objective *self = im2sp;
    const struct slice own = slice_of(validation->count, team->rank, team->size);
    double sums[SUM_COUNT] = { 0.0 };
    const enum status outcome =
        team_agree(team, "measure validation captions", measure_own(sums, self, validation, own));
    if (outcome != STATUS_OK)
        return outcome;
    slices_sum_doubles(team, sums, SUM_COUNT);
    list_figures(metrics, sums);
    return STATUS_OK;
}
