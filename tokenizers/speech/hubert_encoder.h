/** HuBERT's transformer: from the convolutions' rows to features. Inside the net only. */
#ifndef TOKENIZERS_SPEECH_HUBERT_ENCODER_H
#define TOKENIZERS_SPEECH_HUBERT_ENCODER_H

#include "tokenizers/speech/hubert_config.h"
#include "tokenizers/speech/hubert_trace.h"
#include "tokenizers/speech/hubert_weights.h"

#include <stddef.h>

/** Buffers for F frames in all. */
struct hubert_encoder_buffers {
    float *mixed;     /* [F][hubert_encoder_mixed_width]: q, k, v and attention; the feed-forward */
    float *aside;     /* [F][D] */
    float *attention; /* [attention_scratch_count(F, D / heads)] */
    float *gathered;  /* [F + position_kernel][D / position_groups] */
};

/** Floats of `mixed` for each frame. */
size_t hubert_encoder_mixed_width(const struct hubert_config *config);

/** Local. What layer `layer` gives for utterances back to back.
 *
 *     x            [F][D]   out
 *     convolved    [F][C]   in      may lie in buffers->mixed; is overwritten
 *     frame_counts [count]  in      of each utterance, >= 1; F is their sum
 *     layer                 in      0 .. config->layers
 *
 * Allocates nothing and cannot fail. */
void hubert_encode(float *x, const struct hubert_config *config,
                   const struct hubert_weights *weights, float *convolved,
                   const size_t *frame_counts, size_t count, size_t layer,
                   const struct hubert_encoder_buffers *buffers, const struct hubert_trace *trace);

#endif
