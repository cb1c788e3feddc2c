#include "cluster/slices.h"
#include "core/log.h"
#include "training/vit_vqgan_inside.h"

#include <math.h>
#include <stdlib.h>

/* Pictures that are read at a time. */
enum { READ_PICTURES = 16 };

/* A picture that is exactly right has no finite PSNR. */
static const double least_square = 1e-10;

/* Sums over pictures, of this rank and then of all; uses of each code follow. */
enum sum { SUM_PSNR, SUM_SQUARE, SUM_ABSOLUTE, SUM_CODES, SUM_PICTURES, SUM_LOST, SUM_COUNT };

static void add_picture(double *sums, const float *made, const float *wanted, size_t values)
{
    double squares = 0.0, absolute = 0.0;
    for (size_t i = 0; i < values; i++) {
        const float level = made[i] < 0.0f ? 0.0f : made[i] > 1.0f ? 1.0f : made[i];
        const double error = (double)level - (double)wanted[i];
        squares += error * error;
        absolute += fabs(error);
    }
    const double mean = squares / (double)values;
    sums[SUM_PSNR] += -10.0 * log10(mean > least_square ? mean : least_square);
    sums[SUM_SQUARE] += mean;
    sums[SUM_ABSOLUTE] += absolute / (double)values;
    sums[SUM_PICTURES] += 1.0;
}

static enum status measure_batch(double *sums, const struct vit_vqgan_objective *self,
                                 struct tape *tape, const struct picture_batch *pictures)
{
    const size_t values = 3 * self->shape.height * self->shape.width;
    struct vit_vqgan_pass pass = { .next = 0 };
    while (vit_vqgan_run_pass(&pass, self, tape, pictures, pass.next, NULL)) {
        const enum status outcome = tape_status(tape);
        if (outcome != STATUS_OK)
            return outcome;
        for (size_t p = 0; p < pass.count; p++)
            add_picture(sums, pass.run.patches->value + p * values, pass.wanted + p * values,
                        values);
        for (size_t t = 0; t < pass.count * self->tokens; t++)
            sums[SUM_COUNT + pass.run.ids[t]] += 1.0;
        sums[SUM_CODES] += (double)(pass.run.code_loss->value[0] * (float)pass.count);
    }
    sums[SUM_LOST] += (double)pictures->lost;
    if (pictures->lost > 0)
        log_event("left-out", "pictures=%zu reason=%s", pictures->lost, pictures->reason);
    return STATUS_OK;
}

static enum status measure_own(double *sums, const struct vit_vqgan_objective *self,
                               const struct objective_validation *validation, struct slice own)
{
    const struct record_source *source = picture_batches_source(self->batches);
    enum status outcome = STATUS_OK;
    for (size_t done = 0; done < own.count && outcome == STATUS_OK; done += READ_PICTURES) {
        const size_t left = own.count - done, count = left < READ_PICTURES ? left : READ_PICTURES;
        const void *pictures = NULL;
        outcome = source->read(&pictures, source->self, RECORD_SOURCE_VALIDATION_SLOT,
                               validation->records + own.first + done, count);
        if (outcome == STATUS_OK)
            outcome = measure_batch(sums, self, validation->tape, pictures);
    }
    return outcome;
}

/* Codes in use, and e to the entropy of their use: how many would carry as much if all were used
 * alike. */
static void measure_codes(double *share, double *perplexity, const double *uses, size_t K)
{
    double all = 0.0, entropy = 0.0, used = 0.0;
    for (size_t k = 0; k < K; k++)
        all += uses[k];
    for (size_t k = 0; k < K; k++)
        if (uses[k] > 0.0) {
            used += 1.0;
            entropy -= uses[k] / all * log(uses[k] / all);
        }
    *share = used / (double)K;
    *perplexity = exp(entropy);
}

static void list_figures(struct objective_metrics *metrics, const struct vit_vqgan_objective *self,
                         const double *sums)
{
    const double pictures = sums[SUM_PICTURES] > 0.0 ? sums[SUM_PICTURES] : 1.0;
    double share = 0.0, perplexity = 0.0;
    measure_codes(&share, &perplexity, sums + SUM_COUNT, self->options.net.code_count);
    *metrics = (struct objective_metrics){
        .metrics = { { "psnr_db", sums[SUM_PSNR] / pictures, false },
                     { "codes_used", share, true },
                     { "codes_used_in_training", code_watch_share(self->watch), true },
                     { "code_perplexity", perplexity, false },
                     { "square_error", sums[SUM_SQUARE] / pictures, false },
                     { "absolute_error", sums[SUM_ABSOLUTE] / pictures, false },
                     { "code_loss", sums[SUM_CODES] / pictures, false },
                     { "pictures", sums[SUM_PICTURES], false },
                     { "pictures_left_out", sums[SUM_LOST], false } },
        .count = 9
    };
}

enum status vit_vqgan_validate(struct objective_metrics *metrics, void *vit_vqgan,
                               const struct team *team,
                               const struct objective_validation *validation)
{
    const struct vit_vqgan_objective *self = vit_vqgan;
    const struct slice own = slice_of(validation->count, team->rank, team->size);
    const size_t count = SUM_COUNT + self->options.net.code_count;
    double *sums = calloc(count, sizeof *sums);
    enum status outcome =
        sums != NULL ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "uses of %zu codes", count);
    if (outcome == STATUS_OK)
        outcome = measure_own(sums, self, validation, own);
    outcome = team_agree(team, "measure validation pictures", outcome);
    if (outcome == STATUS_OK) {
        slices_sum_doubles(team, sums, count);
        list_figures(metrics, self, sums);
    }
    free(sums);
    return outcome;
}
