#include "nn/tape_activation.h"
#include "nn/tape_linear.h"
#include "nn/tape_loss.h"
#include "training/vocoder_inside.h"

#include <math.h>

void vocoder_count_piece(struct vocoder_totals *totals, const struct vocoder_objective *self,
                         const struct vocoder_piece *piece)
{
    for (size_t r = 0; r < VOCODER_RESOLUTIONS; r++) {
        const size_t frames = spectrum_frames(self->spectra[r], piece->count * SPEECH_MEMORY_HOP);
        totals->frames[r] += (double)frames;
        totals->pieces[r] += frames > 0;
    }
    totals->units += (double)piece->record->unit_count;
}

/* What goes into a pass, in the tape's memory. */
struct inputs {
    struct segments codes, units;
    int32_t *code_ids, *unit_ids;
    float *samples, *log_durations;
};

/* Pieces first .. end - 1. */
struct range {
    size_t first, end, codes, units;
};

static struct range next_range(const struct vocoder_objective *self,
                               const struct vocoder_piece *pieces, size_t first, size_t count)
{
    struct range range = { .first = first, .end = first };
    while (range.end < count &&
           (range.end == first || range.codes + pieces[range.end].count <= self->pass_frames)) {
        range.codes += pieces[range.end].count;
        range.units += pieces[range.end].record->unit_count;
        range.end++;
    }
    return range;
}

/* The piece's codes: units as often as they last. */
static void fill_codes(int32_t *codes, const struct vocoder_piece *piece)
{
    const struct speech_record *record = piece->record;
    size_t unit = 0, before = 0; /* codes of the units before */
    for (size_t c = 0; c < piece->count; c++) {
        while (before + record->durations[unit] <= piece->first + c)
            before += record->durations[unit++];
        codes[c] = record->units[unit];
    }
}

static void fill_piece(const struct inputs *inputs, const struct vocoder_piece *piece, size_t code,
                       size_t unit)
{
    const struct speech_record *record = piece->record;
    const int16_t *sound = record->samples + piece->first * SPEECH_MEMORY_HOP;
    float *samples = inputs->samples + code * SPEECH_MEMORY_HOP;
    fill_codes(inputs->code_ids + code, piece);
    for (size_t i = 0; i < piece->count * SPEECH_MEMORY_HOP; i++)
        samples[i] = (float)sound[i] / 32768.0f;
    for (size_t u = 0; u < record->unit_count; u++) {
        inputs->unit_ids[unit + u] = record->units[u];
        inputs->log_durations[unit + u] = logf(1.0f + (float)record->durations[u]);
    }
}

static struct inputs take_inputs(struct tape *tape, const struct vocoder_piece *pieces,
                                 const struct range *range)
{
    const size_t count = range->end - range->first;
    size_t *code_starts = tape_take(tape, count + 1, sizeof *code_starts);
    size_t *unit_starts = tape_take(tape, count + 1, sizeof *unit_starts);
    const struct inputs inputs = {
        .codes = { count, code_starts },
        .units = { count, unit_starts },
        .code_ids = tape_take(tape, range->codes, sizeof(int32_t)),
        .unit_ids = tape_take(tape, range->units, sizeof(int32_t)),
        .samples = tape_take(tape, range->codes * SPEECH_MEMORY_HOP, sizeof(float)),
        .log_durations = tape_take(tape, range->units, sizeof(float)),
    };
    if (!tape_has_room(tape))
        return inputs;
    code_starts[0] = unit_starts[0] = 0;
    for (size_t p = 0; p < count; p++) {
        const struct vocoder_piece *piece = &pieces[range->first + p];
        fill_piece(&inputs, piece, code_starts[p], unit_starts[p]);
        code_starts[p + 1] = code_starts[p] + piece->count;
        unit_starts[p + 1] = unit_starts[p] + piece->record->unit_count;
    }
    return inputs;
}

static struct segments frames_of(struct tape *tape, const struct segments *samples,
                                 const struct spectrum *spectrum)
{
    size_t *starts = tape_take(tape, samples->count + 1, sizeof *starts);
    if (tape_has_room(tape))
        starts[0] = 0;
    for (size_t s = 0; s < samples->count && tape_has_room(tape); s++)
        starts[s + 1] =
            starts[s] + spectrum_frames(spectrum, samples->starts[s + 1] - samples->starts[s]);
    return (struct segments){ samples->count, starts };
}

/* A total that is 0 divides nothing. */
static double divisor_of(double total)
{
    return total > 0.0 ? total : 1.0;
}

static struct array *mel_of(const struct vocoder_objective *self, struct tape *tape,
                            struct array *spectrum)
{
    struct array *filters =
        tape_constant(tape, self->mel_filters, VOCODER_MEL_BANDS, spectrum_bins(self->spectra[0]));
    return tape_logarithm(tape, tape_linear(tape, spectrum, filters, NULL));
}

static struct array *sum_of(struct tape *tape, struct array *sum, struct array *addend)
{
    return sum == NULL ? addend : tape_add(tape, sum, addend);
}

/* Adds the losses of one resolution; mel bands too where it is theirs. */
static void compare(struct vocoder_losses *losses, const struct vocoder_objective *self,
                    struct tape *tape, struct array *made, struct array *wanted,
                    const struct segments *samples, size_t r, const struct vocoder_totals *totals)
{
    const struct segments frames = frames_of(tape, samples, self->spectra[r]);
    const double rows = divisor_of(totals->frames[r]), share = (double)VOCODER_RESOLUTIONS;
    if (!tape_has_room(tape))
        return;
    struct array *x = tape_spectrum(tape, made, samples, &frames, self->spectra[r]);
    struct array *y = tape_spectrum(tape, wanted, samples, &frames, self->spectra[r]);
    losses->convergence = sum_of(
        tape, losses->convergence,
        tape_spectral_convergence(tape, x, y, &frames, divisor_of(totals->pieces[r]) * share));
    losses->magnitude =
        sum_of(tape, losses->magnitude,
               tape_absolute_error(tape, tape_logarithm(tape, x), tape_logarithm(tape, y),
                                   rows * (double)spectrum_bins(self->spectra[r]) * share));
    if (r == 0)
        losses->mel = tape_absolute_error(tape, mel_of(self, tape, x), mel_of(self, tape, y),
                                          rows * (double)VOCODER_MEL_BANDS);
}

struct vocoder_losses vocoder_run_pass(size_t *next, const struct vocoder_objective *self,
                                       struct tape *tape, const struct vocoder_piece *pieces,
                                       size_t first, size_t count,
                                       const struct vocoder_totals *totals)
{
    const struct range range = next_range(self, pieces, first, count);
    const struct inputs inputs = take_inputs(tape, pieces, &range);
    struct vocoder_losses losses = { NULL };
    struct segments samples;
    *next = range.end;
    if (!tape_has_room(tape))
        return losses;
    struct array *made =
        unit_vocoder_trained_run(&samples, self->model, tape, inputs.code_ids, &inputs.codes);
    struct array *wanted = tape_constant(tape, inputs.samples, range.codes * SPEECH_MEMORY_HOP, 1);
    for (size_t r = 0; r < VOCODER_RESOLUTIONS && tape_has_room(tape); r++)
        compare(&losses, self, tape, made, wanted, &samples, r, totals);
    losses.duration = tape_squared_error(
        tape, unit_vocoder_trained_durations(self->model, tape, inputs.unit_ids, &inputs.units),
        tape_constant(tape, inputs.log_durations, range.units, 1), divisor_of(totals->units));
    return losses;
}
