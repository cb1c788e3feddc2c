/** Learning-rate schedules. Local. Source of the cosine: Loshchilov and Hutter 2017
 * (arXiv:1608.03983), without restarts, as open_clip has it. */
#ifndef NN_LEARNING_RATE_H
#define NN_LEARNING_RATE_H

#include <stddef.h>

enum learning_rate_shape { LEARNING_RATE_COSINE, LEARNING_RATE_CONSTANT };

struct learning_rate_schedule {
    enum learning_rate_shape shape;
    double base, final; /* rates after warm-up and, for the cosine, at the end */
    size_t warmup_steps, steps;
};

/** The rate of update `step`, 0 .. steps - 1: base (step + 1) / warmup_steps during the warm-up;
 * then constant, or half a cosine from base down to final. */
double learning_rate_at(const struct learning_rate_schedule *schedule, size_t step);

#endif
