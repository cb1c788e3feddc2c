/* AdamW beside a plain loop in double precision: decay of matrices alone, frozen parameters left
 * as they are, averages, clipping; and the schedules of the learning rate. */
#include "core/random.h"
#include "nn/adamw.h"
#include "nn/learning_rate.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 12, PARAMETERS = 3 };

static const struct adamw_options options = {
    .beta1 = 0.9f, .beta2 = 0.98f, .eps = 1e-6f, .weight_decay = 0.1f, .ema_decay = 0.75f
};

/* A matrix, a vector and a frozen matrix. */
static struct parameter_set *new_set(void)
{
    const size_t matrix[] = { 5, 7 }, vector[] = { 21 }, frozen[] = { 3, 3 };
    struct parameter_set *set;
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    parameter_set_add(set, "matrix", 2, matrix);
    parameter_set_add(set, "vector", 1, vector);
    parameter_set_add(set, "frozen", 2, frozen)->is_frozen = true;
    check_status(parameter_set_lay_out(set), STATUS_OK, NULL);
    for (size_t p = 0; p < PARAMETERS; p++)
        parameter_draw_normal(parameter_set_at(set, p), 4, 1.0f);
    return set;
}

static void draw_gradients(struct parameter_set *set, size_t step)
{
    struct random_stream stream = random_stream_numbered(9, step, "gradients");
    for (size_t p = 0; p < PARAMETERS; p++) {
        const struct parameter *parameter = parameter_set_at(set, p);
        for (size_t i = 0; i < parameter->count; i++)
            parameter->gradient[i] = (float)random_normal(&stream);
    }
}

/* The formulas of the paper, one value at a time. */
struct plain {
    double value, mean, square, average;
};

static void update_plainly(struct plain *at, double gradient, double rate, bool is_decayed, int t)
{
    at->average = t == 1 ? at->value : at->average;
    at->value -= is_decayed ? rate * 0.1 * at->value : 0.0;
    at->mean = 0.9 * at->mean + 0.1 * gradient;
    at->square = 0.98 * at->square + 0.02 * gradient * gradient;
    at->value -=
        rate * (at->mean / (1.0 - pow(0.9, t))) / (sqrt(at->square / (1.0 - pow(0.98, t))) + 1e-6);
    at->average = 0.75 * at->average + 0.25 * at->value;
}

static void updates_are_those_of_the_formulas(void)
{
    struct parameter_set *set = new_set();
    struct adamw *adamw;
    struct plain plain[PARAMETERS][64] = { 0 };
    check_status(adamw_create(&adamw, set, 0, parameter_set_floats(set), &options), STATUS_OK,
                 NULL);
    for (size_t p = 0; p < PARAMETERS; p++)
        for (size_t i = 0; i < parameter_set_at(set, p)->count; i++)
            plain[p][i].value = (double)parameter_set_at(set, p)->value[i];
    for (int t = 1; t <= STEPS; t++) {
        draw_gradients(set, (size_t)t);
        adamw_update(adamw, 0.01f, 0.5f);
        for (size_t p = 0; p < PARAMETERS; p++) {
            const struct parameter *parameter = parameter_set_at(set, p);
            for (size_t i = 0; i < parameter->count; i++) {
                if (!parameter->is_frozen)
                    update_plainly(&plain[p][i], 0.5 * (double)parameter->gradient[i], 0.01, p == 0,
                                   t);
                else
                    plain[p][i].average = plain[p][i].value;
                CU_ASSERT_DOUBLE_EQUAL((double)parameter->value[i], plain[p][i].value, 1e-5);
                CU_ASSERT_DOUBLE_EQUAL((double)adamw_average(adamw)[parameter->start + i],
                                       plain[p][i].average, 1e-5);
            }
        }
    }
    CU_ASSERT_EQUAL(adamw_step(adamw), STEPS);
    adamw_destroy(adamw);
    parameter_set_destroy(set);
}

static void frozen_parameters_stay_to_the_bit(void)
{
    struct parameter_set *set = new_set(), *untouched = new_set();
    struct adamw *adamw;
    const struct parameter *frozen = parameter_set_find(set, "frozen");
    check_status(adamw_create(&adamw, set, 0, parameter_set_floats(set), &options), STATUS_OK,
                 NULL);
    draw_gradients(set, 1);
    adamw_update(adamw, 0.5f, 1.0f);
    CU_ASSERT_EQUAL(memcmp(frozen->value, parameter_set_find(untouched, "frozen")->value,
                           frozen->count * sizeof(float)),
                    0);
    double sum = 0.0;
    for (size_t p = 0; p < 2; p++)
        for (size_t i = 0; i < parameter_set_at(set, p)->count; i++)
            sum += pow((double)parameter_set_at(set, p)->gradient[i], 2.0);
    CU_ASSERT_DOUBLE_EQUAL(gradient_square_sum(set, 0, parameter_set_floats(set)), sum, 1e-4);
    adamw_destroy(adamw);
    parameter_set_destroy(set);
    parameter_set_destroy(untouched);
}

/* Any cut into slices, also through the middle of parameters. */
static void slices_together_are_the_whole(void)
{
    struct parameter_set *whole = new_set(), *cut = new_set();
    const size_t floats = parameter_set_floats(whole), cuts[] = { 0, 1, 17, 50, 51, floats };
    struct adamw *one, *parts[5];
    double sum = 0.0;
    check_status(adamw_create(&one, whole, 0, floats, &options), STATUS_OK, NULL);
    for (size_t c = 0; c < 5; c++)
        check_status(adamw_create(&parts[c], cut, cuts[c], cuts[c + 1] - cuts[c], &options),
                     STATUS_OK, NULL);
    for (size_t step = 0; step < STEPS; step++) {
        draw_gradients(whole, step);
        draw_gradients(cut, step);
        adamw_update(one, 0.02f, 1.0f);
        for (size_t c = 0; c < 5; c++)
            adamw_update(parts[c], 0.02f, 1.0f);
    }
    for (size_t c = 0; c < 5; c++) {
        sum += gradient_square_sum(cut, cuts[c], cuts[c + 1] - cuts[c]);
        CU_ASSERT_EQUAL(memcmp(adamw_mean(one) + cuts[c], adamw_mean(parts[c]),
                               (cuts[c + 1] - cuts[c]) * sizeof(float)),
                        0);
        adamw_destroy(parts[c]);
    }
    CU_ASSERT_DOUBLE_EQUAL(sum, gradient_square_sum(whole, 0, floats), 1e-4);
    CU_ASSERT_EQUAL(
        memcmp(parameter_set_values(whole), parameter_set_values(cut), floats * sizeof(float)), 0);
    adamw_destroy(one);
    parameter_set_destroy(whole);
    parameter_set_destroy(cut);
}

/* Without an average there is none; a step that was set counts on. */
static void a_step_that_was_set_counts_on(void)
{
    struct parameter_set *set = new_set();
    struct adamw_options plain = options;
    struct adamw *adamw;
    plain.ema_decay = 0.0f;
    check_status(adamw_create(&adamw, set, 0, parameter_set_floats(set), &plain), STATUS_OK, NULL);
    CU_ASSERT_PTR_NULL(adamw_average(adamw));
    adamw_set_step(adamw, 41);
    adamw_update(adamw, 0.0f, 1.0f);
    CU_ASSERT_EQUAL(adamw_step(adamw), 42);
    adamw_destroy(adamw);
    adamw_destroy(NULL);
    parameter_set_destroy(set);
}

static void clipping_is_to_the_norm(void)
{
    CU_ASSERT_DOUBLE_EQUAL((double)gradient_clip_factor(4.0, 1.0), 0.25, 1e-6);
    CU_ASSERT_EQUAL(gradient_clip_factor(0.5, 1.0), 1.0f);
    CU_ASSERT_EQUAL(gradient_clip_factor(4.0, 0.0), 1.0f);
    CU_ASSERT_EQUAL(gradient_clip_factor(0.0, 1.0), 1.0f);
}

static double rate_at(enum learning_rate_shape shape, size_t warmup_steps, size_t step)
{
    const struct learning_rate_schedule schedule = {
        .shape = shape, .base = 2.0, .final = 0.5, .warmup_steps = warmup_steps, .steps = 30
    };
    return learning_rate_at(&schedule, step);
}

static void schedules_warm_up_and_come_down(void)
{
    CU_ASSERT_DOUBLE_EQUAL(rate_at(LEARNING_RATE_COSINE, 10, 0), 0.2, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(LEARNING_RATE_COSINE, 10, 9), 2.0, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(LEARNING_RATE_COSINE, 10, 10), 2.0, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(LEARNING_RATE_COSINE, 10, 20), 1.25, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(LEARNING_RATE_COSINE, 10, 30), 0.5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(LEARNING_RATE_COSINE, 10, 4000), 0.5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(LEARNING_RATE_CONSTANT, 10, 29), 2.0, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(LEARNING_RATE_CONSTANT, 0, 0), 2.0, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(rate_at(LEARNING_RATE_COSINE, 40, 29), 1.5, 1e-12);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "updates are those of the formulas", updates_are_those_of_the_formulas },
        { "frozen parameters stay to the bit", frozen_parameters_stay_to_the_bit },
        { "slices together are the whole", slices_together_are_the_whole },
        { "a step that was set counts on", a_step_that_was_set_counts_on },
        { "clipping is to the norm", clipping_is_to_the_norm },
        { "schedules warm up and come down", schedules_warm_up_and_come_down },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "adamw", cases);
}
