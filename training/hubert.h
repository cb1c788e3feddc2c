/** The HuBERT objective: spans of an utterance's frames are hidden, and the unit of each hidden
 * frame is told from what stands around it. Cross-entropy over codewords; the mean over all masked
 * frames in the batch of all ranks, plus, where it has a weight, that over the others. Hsu et al.
 * 2021 (arXiv:2106.07447), section II.
 *
 * Of an utterance that is longer than a crop, a crop is taken that begins at a frame; crop and mask
 * are drawn from (seed, epoch, record). Units stand for 50 frames a second, as the net has. */
#ifndef TRAINING_HUBERT_H
#define TRAINING_HUBERT_H

#include "tokenizers/speech/hubert_trained.h"
#include "training/objective.h"
#include "training/span_mask.h"
#include "training/speech_batches.h"

struct hubert_objective_options {
    struct hubert_trained_options model;
    struct span_mask mask;
    double unmasked_weight; /* of the loss on frames that are not masked */
    size_t crop_samples;    /* the longest that is taken of an utterance */
    size_t pass_rows;       /* rows of the first convolution in one pass, but of one utterance at
                               least: bounds the memory */
};

/** Adds the net to a set that is not laid out yet. On success `objective->close` ends it. The
 * reader is taken over, on failure too.
 * Errors: STATUS_INVALID (also a net of other than 50 frames a second, a crop without a frame),
 * STATUS_NO_MEMORY. A step and a validation may end with STATUS_INVALID too, naming a caption whose
 * units are not one a frame, or not codewords. */
enum status hubert_objective_open(struct objective *objective, struct parameter_set *set,
                                  const struct hubert_objective_options *options,
                                  const struct speech_reader *reader);

/** The net within, borrowed: for first values from weights. */
struct hubert_trained *hubert_objective_net(const struct objective *objective);

#endif
