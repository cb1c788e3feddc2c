/** MFCC: the 39 numbers a frame on which HuBERT's first units were made, for comparison with later
 * ones. All functions are local.
 *
 * 13 mel-frequency cepstral coefficients of 25 ms of speech with their deltas and double deltas:
 * 16 kHz, mean taken out, pre-emphasis 0.97, Povey window, 512-point spectrum, 23 mel bins from
 * 20 Hz to 8 kHz, lifter 22, no energy, no dither; deltas over five frames of 10 ms, with the
 * first and the last repeated. Of these frames every second one is given, so that row t covers
 * samples 320 t .. 320 t + 400: the same as HuBERT's.
 *
 * Source: Hsu et al. 2021 (arXiv:2106.07447), section IV-B, as fairseq's dump_mfcc_feature.py does
 * it with torchaudio.compliance.kaldi.mfcc (use_energy False). Within 1e-3 of torchaudio 0.13.1 on
 * the recording of tests/data/mfcc (values up to 100). */
#ifndef TOKENIZERS_SPEECH_MFCC_H
#define TOKENIZERS_SPEECH_MFCC_H

#include "core/status.h"

#include <stddef.h>

enum { MFCC_COEFFICIENTS = 13, MFCC_WIDTH = 39, MFCC_STEP_SAMPLES = 320, MFCC_FRAME_SAMPLES = 400 };

struct mfcc; /* opaque: tables and buffers, 3 MB */

/** On success the caller ends `*out` with mfcc_destroy; on failure NULL. Errors: STATUS_NO_MEMORY.
 */
enum status mfcc_create(struct mfcc **out);

/** NULL is allowed. */
void mfcc_destroy(struct mfcc *mfcc);

/** Rows that `samples` samples give. Audio of more than 100 s is cut into chunks as for HuBERT
 * (HUBERT_CHUNK_SAMPLES), so that there are as many rows as hubert_chunked_frame_count says; 0
 * below 400 samples. */
size_t mfcc_frame_count(size_t samples);

/** The features; allocates nothing.
 *
 *     features [mfcc_frame_count(samples)][MFCC_WIDTH]  out  coefficients, deltas, double deltas
 *     audio    [samples]                                in   mono, 16 kHz, -1 .. 1, finite */
void mfcc_features(float *features, struct mfcc *mfcc, const float *audio, size_t samples);

#endif
