/** A codebook for cosine matching, fitted to examples without training: codes that lie where
 * examples do, spread so that none is far from all. */
#ifndef TOKENIZERS_IMAGE_CODEBOOK_FIT_H
#define TOKENIZERS_IMAGE_CODEBOOK_FIT_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

/** Local. Picks K different examples in rounds, each further one with a chance that grows with its
 * squared distance from those of earlier rounds, then moves each code to the mean direction of the
 * examples nearest to it, twice.
 *
 *     codes    [K][C]  out  rows of length 1
 *     examples [N][C]  in   rows of length 1
 *
 * The same examples and the same seed give the same codes on the same machine. Costs about three
 * searches of all examples in all codes.
 *
 * Errors: STATUS_INVALID (fewer than K different examples; what nearest_row_create refuses),
 * STATUS_NO_MEMORY; `codes` is then undefined.
 * Source: Bahmani et al. 2012 (k-means||) for picking in rounds, Lloyd 1982. */
enum status codebook_fit(float *codes, size_t K, const float *examples, size_t N, size_t C,
                         uint64_t seed);

#endif
