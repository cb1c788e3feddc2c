/* Taking out the mean, pre-emphasis, window and Fourier transform are all linear in the 400 samples
 * of a frame. So they are one matrix, made once, and the spectra of all frames are one product with
 * the audio seen as overlapping rows: less code than a fast Fourier transform, no library more, and
 * as fast (0.4 MFLOP a frame at the speed of matrix products). */
#include "tokenizers/speech/mfcc.h"

#include "nn/matmul.h"
#include "tokenizers/speech/hubert.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum {
    HOP = 160, /* of the frames that deltas are taken over */
    WINDOW = MFCC_FRAME_SAMPLES,
    TRANSFORM = 512,
    BINS = TRANSFORM / 2, /* without the one at 8 kHz, which no mel bin hears */
    MEL_BINS = 23,
    TILE = 128, /* frames in one product */
    FRAMES_MAX = (HUBERT_CHUNK_SAMPLES - WINDOW) / HOP + 1
};

static const double pi = 3.14159265358979323846;
static const double rate_hz = 16000.0, lowest_hz = 20.0, highest_hz = 8000.0;
static const double emphasis = 0.97, lifter = 22.0;

struct mfcc {
    float transform[2 * BINS * WINDOW];          /* [2 BINS][WINDOW]: real parts, imaginary parts */
    float mel[MEL_BINS * BINS];                  /* [MEL_BINS][BINS] */
    float cosines[MFCC_COEFFICIENTS * MEL_BINS]; /* [MFCC_COEFFICIENTS][MEL_BINS], liftered */
    float spectra[TILE * 2 * BINS];
    float power[TILE * BINS];
    float energies[TILE * MEL_BINS];
    float cepstra[FRAMES_MAX * MFCC_COEFFICIENTS]; /* of a chunk */
    float deltas[FRAMES_MAX * MFCC_COEFFICIENTS];
};

/* One row of the transform: `wave` [WINDOW] is the cosine or sine under the window, so what it does
 * to the emphasised frame; here is what it does to the samples. */
static void write_transform_row(float *row, const double *wave)
{
    double emphasised[WINDOW], sum = 0.0;
    for (size_t i = 0; i < WINDOW; i++) {
        emphasised[i] = wave[i] - (i + 1 < WINDOW ? emphasis * wave[i + 1] : 0.0);
        if (i == 0)
            emphasised[i] -= emphasis * wave[0]; /* the first sample stands before itself */
        sum += emphasised[i];
    }
    for (size_t i = 0; i < WINDOW; i++)
        row[i] = (float)(emphasised[i] - sum / WINDOW);
}

static void make_transform(float *transform)
{
    for (size_t bin = 0; bin < BINS; bin++) {
        double cosine[WINDOW], sine[WINDOW];
        for (size_t i = 0; i < WINDOW; i++) {
            const double hann = 0.5 - 0.5 * cos(2.0 * pi * (double)i / (WINDOW - 1));
            const double angle = 2.0 * pi * (double)(bin * i % TRANSFORM) / TRANSFORM;
            cosine[i] = pow(hann, 0.85) * cos(angle);
            sine[i] = pow(hann, 0.85) * sin(angle);
        }
        write_transform_row(transform + bin * WINDOW, cosine);
        write_transform_row(transform + (BINS + bin) * WINDOW, sine);
    }
}

static double mel_of(double hz)
{
    return 1127.0 * log(1.0 + hz / 700.0);
}

/* Triangles that are straight in mel, each from the middle of the one before to that of the next.
 */
static void make_mel_bins(float *mel)
{
    const double lowest = mel_of(lowest_hz);
    const double step = (mel_of(highest_hz) - lowest) / (MEL_BINS + 1);
    for (size_t m = 0; m < MEL_BINS; m++)
        for (size_t bin = 0; bin < BINS; bin++) {
            const double left = lowest + (double)m * step;
            const double at = mel_of(rate_hz / TRANSFORM * (double)bin);
            const double weight = fmin((at - left) / step, (left + 2.0 * step - at) / step);
            mel[m * BINS + bin] = (float)fmax(weight, 0.0);
        }
}

/* The orthonormal DCT-II of the log energies, times the lifter. */
static void make_cosines(float *cosines)
{
    for (size_t c = 0; c < MFCC_COEFFICIENTS; c++)
        for (size_t m = 0; m < MEL_BINS; m++) {
            const double scale = sqrt((c == 0 ? 1.0 : 2.0) / MEL_BINS);
            const double lift = 1.0 + 0.5 * lifter * sin(pi * (double)c / lifter);
            const double angle = pi / MEL_BINS * ((double)m + 0.5) * (double)c;
            cosines[c * MEL_BINS + m] = (float)(lift * scale * cos(angle));
        }
}

enum status mfcc_create(struct mfcc **out)
{
    *out = malloc(sizeof **out);
    if (*out == NULL)
        return status_fail(STATUS_NO_MEMORY, "MFCC: %zu bytes", sizeof **out);
    make_transform((*out)->transform);
    make_mel_bins((*out)->mel);
    make_cosines((*out)->cosines);
    return STATUS_OK;
}

void mfcc_destroy(struct mfcc *mfcc)
{
    free(mfcc);
}

static size_t rows_of_chunk(size_t samples)
{
    return samples < WINDOW ? 0 : (samples - WINDOW) / MFCC_STEP_SAMPLES + 1;
}

size_t mfcc_frame_count(size_t samples)
{
    return samples / HUBERT_CHUNK_SAMPLES * rows_of_chunk(HUBERT_CHUNK_SAMPLES) +
           rows_of_chunk(samples % HUBERT_CHUNK_SAMPLES);
}

/* Frames of 10 ms, at most TILE of them. */
static void write_cepstra(float *cepstra, struct mfcc *mfcc, const float *audio, size_t frames)
{
    matmul_linear(mfcc->spectra, 2 * BINS, audio, HOP, mfcc->transform, NULL, frames, 2 * BINS,
                  WINDOW);
    for (size_t f = 0; f < frames; f++)
        for (size_t bin = 0; bin < BINS; bin++) {
            const float real = mfcc->spectra[f * 2 * BINS + bin];
            const float imaginary = mfcc->spectra[f * 2 * BINS + BINS + bin];
            mfcc->power[f * BINS + bin] = real * real + imaginary * imaginary;
        }
    matmul_linear(mfcc->energies, MEL_BINS, mfcc->power, BINS, mfcc->mel, NULL, frames, MEL_BINS,
                  BINS);
    for (size_t i = 0; i < frames * MEL_BINS; i++)
        mfcc->energies[i] = logf(fmaxf(mfcc->energies[i], FLT_EPSILON));
    matmul_linear(cepstra, MFCC_COEFFICIENTS, mfcc->energies, MEL_BINS, mfcc->cosines, NULL, frames,
                  MFCC_COEFFICIENTS, MEL_BINS);
}

/* The slope of the line through five frames, at frame `at` of `frames`; those beyond the ends are
 * the first and the last. */
static void write_deltas(float *deltas, const float *values, size_t at, size_t frames)
{
    const size_t last = frames - 1;
    const float *before2 = values + (at >= 2 ? at - 2 : 0) * MFCC_COEFFICIENTS;
    const float *before1 = values + (at >= 1 ? at - 1 : 0) * MFCC_COEFFICIENTS;
    const float *after1 = values + (at + 1 <= last ? at + 1 : last) * MFCC_COEFFICIENTS;
    const float *after2 = values + (at + 2 <= last ? at + 2 : last) * MFCC_COEFFICIENTS;
    for (size_t c = 0; c < MFCC_COEFFICIENTS; c++)
        deltas[c] = (after1[c] - before1[c] + 2.0f * (after2[c] - before2[c])) / 10.0f;
}

static void write_chunk(float *features, struct mfcc *mfcc, const float *audio, size_t samples)
{
    const size_t frames = (samples - WINDOW) / HOP + 1, rows = rows_of_chunk(samples);
    for (size_t first = 0; first < frames; first += TILE)
        write_cepstra(mfcc->cepstra + first * MFCC_COEFFICIENTS, mfcc, audio + first * HOP,
                      frames - first < TILE ? frames - first : TILE);
    for (size_t f = 0; f < frames; f++)
        write_deltas(mfcc->deltas + f * MFCC_COEFFICIENTS, mfcc->cepstra, f, frames);
    for (size_t row = 0; row < rows; row++) {
        const size_t frame = row * (MFCC_STEP_SAMPLES / HOP);
        float *out = features + row * MFCC_WIDTH;
        for (size_t c = 0; c < MFCC_COEFFICIENTS; c++) {
            out[c] = mfcc->cepstra[frame * MFCC_COEFFICIENTS + c];
            out[MFCC_COEFFICIENTS + c] = mfcc->deltas[frame * MFCC_COEFFICIENTS + c];
        }
        write_deltas(out + 2 * MFCC_COEFFICIENTS, mfcc->deltas, frame, frames);
    }
}

void mfcc_features(float *features, struct mfcc *mfcc, const float *audio, size_t samples)
{
    for (size_t first = 0; first < samples; first += HUBERT_CHUNK_SAMPLES) {
        const size_t left = samples - first;
        const size_t count = left < HUBERT_CHUNK_SAMPLES ? left : HUBERT_CHUNK_SAMPLES;
        if (count < WINDOW)
            return;
        write_chunk(features, mfcc, audio + first, count);
        features += rows_of_chunk(count) * MFCC_WIDTH;
    }
}
