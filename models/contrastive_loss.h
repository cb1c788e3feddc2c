/** Symmetric InfoNCE over a batch that is split over ranks: what one rank computes of it. Local;
 * the caller carries sums between ranks.
 *
 * With N speech embeddings a_i and the N image embeddings b_i of the same records, all of length 1,
 * s_ij = scale a_i . b_j, and the loss is the mean over i of
 * (log sum_j e^s_ij + log sum_j e^s_ji) / 2 - s_ii. Pairs i != j of the same picture take no part.
 * A rank holds a block: its own rows i against all j. Row sums are its own business; column sums
 * are those of all ranks, of which each adds its block's. So nobody holds N x N scores, and where
 * the images are frozen two vectors of N floats are all that is exchanged for the gradients.
 *
 * Sources: Radford et al. 2021 (arXiv:2103.00020), figure 3; the mask: SpeechCLIP. Checked against
 * golden/speech-contrastive-tiny and, on 1, 2 and 4 ranks, golden/clip-loss-sharded, within 1e-5.
 */
#ifndef MODELS_CONTRASTIVE_LOSS_H
#define MODELS_CONTRASTIVE_LOSS_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct contrastive_block {
    size_t own, all, first;   /* rows of this rank, of all ranks, and before this rank's */
    size_t width;             /* of an embedding */
    const float *own_rows;    /* [own][width] */
    const float *all_columns; /* [all][width]: the other side of every record, in rank order */
    const uint64_t *pictures; /* [all]: whose picture each record is of; NULL: no two the same */
    float scale;
    float *scores; /* [own][all], out of contrastive_scores */
};

/** Fills block->scores; those of the same picture, but another record, become minus infinity. */
void contrastive_scores(const struct contrastive_block *block);

/** row_sums[i] = log sum_j e^s_ij of own rows. */
void contrastive_row_sums(float *row_sums, const struct contrastive_block *block);

/** Largest of each column in this block: maxima [all], in a row minus infinity where all are. To be
 * brought to the largest over ranks. */
void contrastive_column_maxima(float *maxima, const struct contrastive_block *block);

/** sums [all] = sum over own rows of e^(s_ij - maxima[j]). To be summed over ranks; log of the sum
 * plus the maximum is then the column's log sum. */
void contrastive_column_sums(float *sums, const struct contrastive_block *block,
                             const float *maxima);

/** This rank's share of the loss: own terms of the sum over i, divided by all.
 *
 *     row_logs [own], column_logs [all]: log sums over whole rows and columns */
double contrastive_loss(const struct contrastive_block *block, const float *row_logs,
                        const float *column_logs);

/** Gradients of the whole loss. Overwrites block->scores.
 *
 *     drows       [own][width]  out  to own_rows
 *     returns     this block's share of the gradient to log(scale) */
double contrastive_gradient(float *drows, const struct contrastive_block *block,
                            const float *row_logs, const float *column_logs);

#endif
