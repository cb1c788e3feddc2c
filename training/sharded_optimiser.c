#include "training/sharded_optimiser.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_FLOATS = 16 }; /* parameters start at multiples of it */

struct sharded_optimiser {
    const struct team *team;
    struct parameter_set *set;
    struct adamw *adamw;
    size_t rows; /* of all ranks */
    struct slice own;
    float *sums; /* [own rows][ROW_FLOATS]: gradients of the slice, summed */
};

static enum status prepare(struct sharded_optimiser **optimiser, const struct team *team,
                           struct parameter_set *set, const struct adamw_options *options)
{
    const size_t floats = parameter_set_floats(set);
    if (floats > INT_MAX)
        return status_fail(STATUS_INVALID, "%zu parameters: more than one sum can hold", floats);
    struct sharded_optimiser *made = calloc(1, sizeof *made);
    if (made == NULL)
        return status_fail(STATUS_NO_MEMORY, "optimiser: no memory");
    *optimiser = made;
    *made = (struct sharded_optimiser){ .team = team, .set = set, .rows = floats / ROW_FLOATS };
    made->own = slice_of(made->rows, team->rank, team->size);
    made->sums = malloc((made->own.count + 1) * ROW_FLOATS * sizeof(float));
    if (made->sums == NULL)
        return status_fail(STATUS_NO_MEMORY, "optimiser: no memory");
    return adamw_create(&made->adamw, set, made->own.first * ROW_FLOATS,
                        made->own.count * ROW_FLOATS, options);
}

enum status sharded_optimiser_create(struct sharded_optimiser **optimiser, const struct team *team,
                                     struct parameter_set *set, const struct adamw_options *options)
{
    *optimiser = NULL;
    const enum status outcome =
        team_agree(team, "prepare optimiser", prepare(optimiser, team, set, options));
    if (outcome != STATUS_OK) {
        sharded_optimiser_destroy(*optimiser);
        *optimiser = NULL;
    }
    return outcome;
}

double sharded_optimiser_update(struct sharded_optimiser *optimiser, float learning_rate,
                                float gradient_factor, double clip_norm)
{
    const struct slice own = optimiser->own;
    float *gradients = parameter_set_gradients(optimiser->set);
    const size_t first = own.first * ROW_FLOATS, count = own.count * ROW_FLOATS;
    if (optimiser->team->size > 1) {
        slices_reduce(optimiser->team, optimiser->sums, gradients, optimiser->rows, ROW_FLOATS);
        memcpy(gradients + first, optimiser->sums, count * sizeof *gradients);
    }
    double squares = gradient_square_sum(optimiser->set, first, count);
    slices_sum_doubles(optimiser->team, &squares, 1);
    const double norm = sqrt(squares) * (double)gradient_factor;
    if (!isfinite(norm))
        return norm;
    adamw_update(optimiser->adamw, learning_rate,
                 gradient_factor * gradient_clip_factor(norm, clip_norm));
    if (optimiser->team->size > 1)
        slices_share(optimiser->team, parameter_set_values(optimiser->set), optimiser->rows,
                     ROW_FLOATS * sizeof(float));
    return norm;
}

struct slice sharded_optimiser_rows(const struct sharded_optimiser *optimiser)
{
    return optimiser->own;
}

struct adamw *sharded_optimiser_state(struct sharded_optimiser *optimiser)
{
    return optimiser->adamw;
}

void sharded_optimiser_destroy(struct sharded_optimiser *optimiser)
{
    if (optimiser == NULL)
        return;
    adamw_destroy(optimiser->adamw);
    free(optimiser->sums);
    free(optimiser);
}
