/** Span masks: which frames of an utterance are hidden. Local.
 *
 * A share of the frames are drawn as beginnings, each hides a span from there on, and spans may
 * overlap. Source: Hsu et al. 2021 (arXiv:2106.07447), section II-B: 8 % of the frames, spans of 10
 * frames, so that about half of the frames are hidden. */
#ifndef TRAINING_SPAN_MASK_H
#define TRAINING_SPAN_MASK_H

#include "core/random.h"

#include <stddef.h>
#include <stdint.h>

struct span_mask {
    double probability; /* that a span begins at a frame: 0 .. 1 */
    size_t length;      /* frames of a span; at most half of an utterance is one */
};

/** Draws the mask of T frames, from the stream alone. Where there are two frames, one at least is
 * masked and one is not. Returns the number of masked frames.
 *
 *     is_masked [T]  out  1 or 0 */
size_t span_mask_draw(uint8_t *is_masked, size_t T, const struct span_mask *mask,
                      struct random_stream stream);

#endif
