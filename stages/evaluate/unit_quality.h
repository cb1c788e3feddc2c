/** How well units tell phones apart, from counts of frames. Local.
 *
 * Source: Hsu et al. 2021 (arXiv:2106.07447), section IV-C. With p(y, z) the share of frames with
 * phone y and unit z:
 *
 *     phone purity    sum over z of the largest p(y, z): right phones, were each unit its own best
 *     cluster purity  sum over y of the largest p(y, z): falls as units split phones up
 *     PNMI            I(y; z) / H(y): the part of what there is to know about the phone that the
 *                     unit tells */
#ifndef STAGES_EVALUATE_UNIT_QUALITY_H
#define STAGES_EVALUATE_UNIT_QUALITY_H

#include <stddef.h>
#include <stdint.h>

struct unit_quality {
    int64_t frames;
    size_t phones, units; /* that occur */
    double phone_purity, cluster_purity, pnmi;
};

/** All measures are 0 .. 1, and 0 without frames; PNMI is 0 too where all frames have one phone,
 * since there is nothing to know then.
 *
 *     counts [P][K]  in  frames of each phone and unit, none negative, in all below 2^53 */
void unit_quality_measure(struct unit_quality *out, const int64_t *counts, size_t P, size_t K);

#endif
