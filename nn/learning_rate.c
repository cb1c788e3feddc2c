#include "nn/learning_rate.h"

#include <math.h>

double learning_rate_at(const struct learning_rate_schedule *schedule, size_t step)
{
    const double pi = 3.14159265358979323846;
    if (step < schedule->warmup_steps)
        return schedule->base * (double)(step + 1) / (double)schedule->warmup_steps;
    if (schedule->shape == LEARNING_RATE_CONSTANT || schedule->steps <= schedule->warmup_steps)
        return schedule->base;
    const double share = (double)(step - schedule->warmup_steps) /
                         (double)(schedule->steps - schedule->warmup_steps);
    return schedule->final +
           (schedule->base - schedule->final) * 0.5 * (1.0 + cos(pi * fmin(share, 1.0)));
}
