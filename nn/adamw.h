/** AdamW over a slice of the flat parameters: what one rank updates when the optimiser's state is
 * split over ranks. Local.
 *
 * Source: Loshchilov and Hutter 2019 (arXiv:1711.05101), algorithm 2, as PyTorch computes it: decay
 * first, both moments corrected for their start. Frozen parameters are left alone, and only those
 * with is_decayed decay. Checked against 20 recorded steps in golden/speech-contrastive-tiny. */
#ifndef NN_ADAMW_H
#define NN_ADAMW_H

#include "nn/parameters.h"

struct adamw_options {
    float beta1, beta2, eps, weight_decay;
    float ema_decay; /* of the averaged parameters; 0: none are kept */
};

struct adamw; /* opaque */

/** For floats first .. first + count - 1 of the set's flat vectors, which must be laid out and
 * outlive the optimiser. Both moments start at 0; the average starts with the values at the first
 * update. Ownership: the caller's. Errors: STATUS_NO_MEMORY. */
enum status adamw_create(struct adamw **adamw, struct parameter_set *set, size_t first,
                         size_t count, const struct adamw_options *options);

/** One update of the slice, with the set's gradients times `gradient_factor` (clipping, and the
 * mean over what was accumulated). */
void adamw_update(struct adamw *adamw, float learning_rate, float gradient_factor);

/** Updates done. To be set after resuming. */
size_t adamw_step(const struct adamw *adamw);
void adamw_set_step(struct adamw *adamw, size_t step);

/** State of the slice, [count] each, for checkpoints to write and fill; the average is NULL where
 * none is kept. */
float *adamw_mean(struct adamw *adamw);
float *adamw_square(struct adamw *adamw);
float *adamw_average(struct adamw *adamw);

/** NULL is allowed. */
void adamw_destroy(struct adamw *adamw);

/** The sum of squares of gradients first .. first + count - 1, frozen ones left out: the share of a
 * slice in the square of the global norm. */
double gradient_square_sum(const struct parameter_set *set, size_t first, size_t count);

/** What clipping to a global norm multiplies gradients by: min(1, limit / (norm + 1e-6)), PyTorch's
 * form; 1 where limit is 0. */
float gradient_clip_factor(double norm, double limit);

#endif
