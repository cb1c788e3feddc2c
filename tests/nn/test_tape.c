/* The tape itself: memory, recording, what takes gradients. */
#include "nn/tape.h"
#include "nn/tape_activation.h"
#include "nn/tape_linear.h"
#include "nn/tape_loss.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static const float two[] = { 1.0f, 2.0f }, four[] = { 1.0f, -1.0f, 0.5f, 2.0f };

static void a_spent_tape_says_so_once(void)
{
    struct tape *tape;
    check_status(tape_create(&tape, 4096), STATUS_OK, NULL);
    struct array *x = tape_variable(tape, four, 2, 2);
    for (size_t i = 0; i < 100; i++) /* each takes at least 64 bytes */
        x = tape_gelu(tape, tape_linear(tape, x, tape_constant(tape, four, 2, 2), NULL));
    CU_ASSERT_EQUAL(x->rows, 2);
    check_status(tape_status(tape), STATUS_NO_MEMORY, "needs more than");
    struct array *loss = tape_squared_error(tape, x, tape_constant(tape, four, 2, 2), 0.0);
    check_status(tape_backward(tape, loss), STATUS_NO_MEMORY, "memory_mib");
    CU_ASSERT(tape_peak_bytes(tape) <= 4096);
    tape_reset(tape);
    check_status(tape_status(tape), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(tape_scale(tape, tape_constant(tape, two, 1, 2), 3.0f)->value[1], 6.0f);
    tape_destroy(tape);
}

static void sizes_beyond_memory_are_refused(void)
{
    struct tape *tape;
    check_status(tape_create(&tape, 4096), STATUS_OK, NULL);
    (void)tape_output(tape, SIZE_MAX / 2, 16, false);
    check_status(tape_status(tape), STATUS_NO_MEMORY, NULL);
    tape_destroy(tape);
    check_status(tape_create(&tape, SIZE_MAX / 2), STATUS_NO_MEMORY, "address space");
}

static void steps_use_the_same_memory_again(void)
{
    struct tape *tape;
    check_status(tape_create(&tape, 1 << 20), STATUS_OK, NULL);
    const float *first = NULL;
    for (size_t i = 0; i < 3; i++) {
        tape_reset(tape);
        struct array *y = tape_tanh(tape, tape_variable(tape, four, 2, 2));
        tape_seed(tape, y, four);
        check_status(tape_run_backward(tape), STATUS_OK, NULL);
        CU_ASSERT(first == NULL || first == y->value);
        first = y->value;
    }
    tape_destroy(tape);
}

static void only_what_is_asked_for_gets_a_gradient(void)
{
    struct tape *tape;
    check_status(tape_create(&tape, 1 << 20), STATUS_OK, NULL);
    struct array *x = tape_constant(tape, two, 1, 2), *w = tape_variable(tape, four, 2, 2);
    struct array *unused = tape_variable(tape, four, 2, 2);
    tape_gelu(tape, unused);
    struct array *y = tape_linear(tape, x, w, NULL);
    tape_seed(tape, y, two);
    check_status(tape_run_backward(tape), STATUS_OK, NULL);
    CU_ASSERT_PTR_NULL(x->gradient);
    CU_ASSERT_PTR_NULL(unused->gradient);
    CU_ASSERT_PTR_NOT_NULL_FATAL(w->gradient);
    CU_ASSERT(w->gradient[0] == 1.0f && w->gradient[3] == 4.0f);
    tape_destroy(tape);
}

static void without_recording_nothing_goes_back(void)
{
    struct tape *tape;
    check_status(tape_create(&tape, 1 << 20), STATUS_OK, NULL);
    tape_set_recording(tape, false);
    struct array *x = tape_variable(tape, two, 1, 2), *y = tape_scale(tape, x, 2.0f);
    tape_seed(tape, y, two);
    check_status(tape_run_backward(tape), STATUS_OK, NULL);
    CU_ASSERT_PTR_NULL(x->gradient);
    CU_ASSERT_EQUAL(y->value[0], 2.0f);
    tape_destroy(tape);
}

static void parameters_gather_gradients_over_steps(void)
{
    const size_t matrix[] = { 2, 3 }, vector[] = { 3 };
    struct parameter_set *set;
    struct tape *tape;
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    struct parameter *w = parameter_set_add(set, "w", 2, matrix);
    struct parameter *v = parameter_set_add(set, "v", 1, vector);
    struct parameter *frozen = parameter_set_add(set, "frozen", 1, vector);
    struct parameter *scalar = parameter_set_add(set, "scalar", 0, NULL);
    check_status(parameter_set_lay_out(set), STATUS_OK, NULL);
    CU_ASSERT(w->is_decayed && !v->is_decayed && !scalar->is_decayed);
    CU_ASSERT(w->start == 0 && v->start == 16 && scalar->start == 48 && scalar->count == 1);
    CU_ASSERT_EQUAL(parameter_set_floats(set), 64);
    frozen->is_frozen = true;
    check_status(tape_create(&tape, 1 << 20), STATUS_OK, NULL);
    for (size_t i = 0; i < 2; i++) {
        tape_reset(tape);
        struct array *y = tape_add(tape, tape_parameter(tape, v), tape_parameter(tape, frozen));
        tape_seed(tape, y, four);
        check_status(tape_run_backward(tape), STATUS_OK, NULL);
    }
    CU_ASSERT(v->gradient[0] == 2.0f && v->gradient[2] == 1.0f && frozen->gradient[0] == 0.0f);
    tape_reset(tape);
    struct array *last = tape_parameter_part(tape, w, 3, 1, 3);
    tape_seed(tape, tape_scale(tape, last, 1.0f), four);
    check_status(tape_run_backward(tape), STATUS_OK, NULL);
    CU_ASSERT(w->gradient[2] == 0.0f && w->gradient[3] == 1.0f);
    parameter_set_clear_gradients(set);
    CU_ASSERT_EQUAL(w->gradient[3], 0.0f);
    tape_destroy(tape);
    parameter_set_destroy(set);
}

static void parameters_go_to_a_table_and_back(void)
{
    const size_t matrix[] = { 2, 3 };
    struct parameter_set *set;
    struct tensor_table table;
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    struct parameter *w = parameter_set_add(set, "w", 2, matrix);
    check_status(parameter_set_lay_out(set), STATUS_OK, NULL);
    parameter_draw_normal(w, 1, 0.5f);
    const float drawn = w->value[4];
    CU_ASSERT_NOT_EQUAL(drawn, 0.0f);
    check_status(parameter_set_write(set, &table), STATUS_OK, NULL);
    parameter_fill(w, 0.0f);
    check_status(parameter_set_read(set, &table, ""), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(w->value[4], drawn);
    check_status(parameter_set_read(set, &table, "net."), STATUS_CORRUPT, "net.w");
    parameter_draw_uniform(w, 1, 0.25f);
    for (size_t i = 0; i < 6; i++)
        CU_ASSERT(w->value[i] >= -0.25f && w->value[i] <= 0.25f);
    tensor_table_end(&table);
    parameter_set_destroy(set);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "a spent tape says so once", a_spent_tape_says_so_once },
        { "sizes beyond memory are refused", sizes_beyond_memory_are_refused },
        { "steps use the same memory again", steps_use_the_same_memory_again },
        { "only what is asked for gets a gradient", only_what_is_asked_for_gets_a_gradient },
        { "without recording nothing goes back", without_recording_nothing_goes_back },
        { "parameters gather gradients over steps", parameters_gather_gradients_over_steps },
        { "parameters go to a table and back", parameters_go_to_a_table_and_back },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "tape", cases);
}
