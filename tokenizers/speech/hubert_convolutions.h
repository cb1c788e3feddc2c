/** HuBERT's convolutions: from samples to one row per 20 ms. Inside the net only.
 *
 * An utterance is cut into stretches of a few hundred rows, which share what lies between their
 * windows, so the memory does not grow with the utterance. The group norm of the base model is over
 * the whole utterance all the same: mean and variance of the first convolution, which is linear,
 * follow from the audio's means and covariances over a window, so the norm is folded into that
 * convolution's weights before it runs. */
#ifndef TOKENIZERS_SPEECH_HUBERT_CONVOLUTIONS_H
#define TOKENIZERS_SPEECH_HUBERT_CONVOLUTIONS_H

#include "tokenizers/speech/hubert_config.h"
#include "tokenizers/speech/hubert_trace.h"
#include "tokenizers/speech/hubert_weights.h"

#include <stddef.h>

/** Floats of scratch that hubert_convolve needs, for utterances of any length: 28 MB in base. */
size_t hubert_convolve_scratch_count(const struct hubert_config *config);

/** Local.
 *
 *     out     [T][C]     out      T = hubert_config_frame_count(config, samples), T >= 1; C
 * channels of the last convolution audio   [samples]  in scratch            scratch
 * [hubert_convolve_scratch_count]
 *
 * Allocates nothing and cannot fail. Within 2e-6 of the largest value of double. */
void hubert_convolve(float *out, const struct hubert_config *config,
                     const struct hubert_weights *weights, const float *audio, size_t samples,
                     float *scratch, const struct hubert_trace *trace);

#endif
