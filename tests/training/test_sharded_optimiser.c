/* The optimiser whose state is split over ranks, beside the plain one over the sum of all
 * gradients; a gradient that is not finite changes nothing. */
#include "core/random.h"
#include "tests/support/check.h"
#include "training/sharded_optimiser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct team team;

static const struct adamw_options options = {
    .beta1 = 0.9f, .beta2 = 0.98f, .eps = 1e-6f, .weight_decay = 0.1f, .ema_decay = 0.9f
};

static struct parameter_set *new_set(size_t rows)
{
    const size_t matrix[] = { rows, 7 }, vector[] = { 9 };
    struct parameter_set *set;
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    parameter_set_add(set, "matrix", 2, matrix);
    parameter_set_add(set, "vector", 1, vector);
    parameter_set_add(set, "frozen", 1, vector)->is_frozen = true;
    check_status(parameter_set_lay_out(set), STATUS_OK, NULL);
    for (size_t p = 0; p < 3; p++)
        parameter_draw_normal(parameter_set_at(set, p), 4, 1.0f);
    return set;
}

/* What rank `rank` found in a step; added. */
static void add_gradients(struct parameter_set *set, size_t step, int rank)
{
    struct random_stream stream = random_stream_numbered(9, 100 * step + (size_t)rank, "gradients");
    for (size_t p = 0; p < 3; p++) {
        const struct parameter *parameter = parameter_set_at(set, p);
        for (size_t i = 0; i < parameter->count; i++)
            parameter->gradient[i] += (float)random_normal(&stream);
    }
}

static void check_steps(size_t rows, double clip_norm)
{
    struct parameter_set *set = new_set(rows), *plain_set = new_set(rows);
    const size_t floats = parameter_set_floats(set);
    struct sharded_optimiser *sharded;
    struct adamw *plain;
    check_status(sharded_optimiser_create(&sharded, &team, set, &options), STATUS_OK, NULL);
    check_status(adamw_create(&plain, plain_set, 0, floats, &options), STATUS_OK, NULL);
    for (size_t step = 0; step < 5; step++) {
        parameter_set_clear_gradients(set);
        parameter_set_clear_gradients(plain_set);
        add_gradients(set, step, team.rank);
        for (int rank = 0; rank < team.size; rank++)
            add_gradients(plain_set, step, rank);
        const double norm = sharded_optimiser_update(sharded, 0.05f, 0.5f, clip_norm);
        const double wanted = 0.5 * sqrt(gradient_square_sum(plain_set, 0, floats));
        CU_ASSERT_DOUBLE_EQUAL(norm, wanted, 1e-5 * wanted);
        adamw_update(plain, 0.05f, 0.5f * gradient_clip_factor(wanted, clip_norm));
    }
    double worst = 0.0;
    for (size_t i = 0; i < floats; i++)
        worst = fmax(worst, fabs((double)parameter_set_values(set)[i] -
                                 (double)parameter_set_values(plain_set)[i]));
    CU_ASSERT(worst <= 1e-5);
    const struct slice own = sharded_optimiser_rows(sharded);
    const float *average = adamw_average(sharded_optimiser_state(sharded));
    for (size_t i = 0; i < own.count * 16; i++)
        CU_ASSERT_DOUBLE_EQUAL((double)average[i], (double)adamw_average(plain)[own.first * 16 + i],
                               1e-5);
    sharded_optimiser_destroy(sharded);
    adamw_destroy(plain);
    parameter_set_destroy(set);
    parameter_set_destroy(plain_set);
}

/* Of few rows a rank of three has none, or one. */
static void updates_are_those_of_the_plain_optimiser(void)
{
    check_steps(40, 0.0);
    check_steps(40, 0.7);
    check_steps(2, 1.0);
}

static void what_is_not_finite_changes_nothing(void)
{
    struct parameter_set *set = new_set(20), *untouched = new_set(20);
    struct sharded_optimiser *sharded;
    check_status(sharded_optimiser_create(&sharded, &team, set, &options), STATUS_OK, NULL);
    add_gradients(set, 1, team.rank);
    if (team.rank == team.size - 1)
        parameter_set_at(set, 0)->gradient[3] = NAN;
    CU_ASSERT_FALSE(isfinite(sharded_optimiser_update(sharded, 0.1f, 1.0f, 1.0)));
    CU_ASSERT_EQUAL(memcmp(parameter_set_values(set), parameter_set_values(untouched),
                           parameter_set_floats(set) * sizeof(float)),
                    0);
    CU_ASSERT_EQUAL(adamw_step(sharded_optimiser_state(sharded)), 0);
    sharded_optimiser_destroy(sharded);
    parameter_set_destroy(set);
    parameter_set_destroy(untouched);
}

static void a_failure_on_one_rank_is_everybodys(void)
{
    struct parameter_set *set = new_set(3);
    for (int rank = 0; rank < team.size; rank++) {
        const struct team_fault fault = { "prepare optimiser", rank, STATUS_NO_MEMORY };
        struct sharded_optimiser *sharded;
        team.fault = &fault;
        check_status(sharded_optimiser_create(&sharded, &team, set, &options), STATUS_NO_MEMORY,
                     "planted");
        CU_ASSERT_PTR_NULL(sharded);
    }
    team.fault = NULL;
    parameter_set_destroy(set);
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
}

static void end(void)
{
    team_end(&team);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "updates are those of the plain optimiser", updates_are_those_of_the_plain_optimiser },
        { "what is not finite changes nothing", what_is_not_finite_changes_nothing },
        { "a failure on one rank is everybody's", a_failure_on_one_rank_is_everybodys },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "sharded optimiser", cases);
}
