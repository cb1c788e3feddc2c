#include "nn/tape.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64 };

/* What was done, newest first. */
struct step {
    struct step *earlier;
    struct array *output;
    void (*backward)(struct tape *tape, void *payload);
    alignas(ALIGNMENT) unsigned char payload[];
};

struct tape {
    unsigned char *arena;
    size_t capacity_bytes, used_bytes, peak_bytes;
    struct step *newest;
    bool is_recording, is_spent;
    /* What operations get that nobody will look at. */
    struct array no_array;
    alignas(ALIGNMENT) unsigned char no_payload[TAPE_PAYLOAD_BYTES];
};

enum status tape_create(struct tape **tape, size_t capacity_bytes)
{
    struct tape *made = aligned_alloc(ALIGNMENT, sizeof *made);
    if (made == NULL)
        return status_fail(STATUS_NO_MEMORY, "tape: no memory");
    *made = (struct tape){ .capacity_bytes = capacity_bytes, .is_recording = true };
    made->arena = mmap(NULL, capacity_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made->arena == MAP_FAILED) {
        free(made);
        return status_fail(STATUS_NO_MEMORY, "tape: no address space for %zu MiB",
                           capacity_bytes >> 20);
    }
    /* Fewer, larger pages: a step walks through gigabytes. Refusal costs speed alone. */
    (void)madvise(made->arena, capacity_bytes, MADV_HUGEPAGE);
    *tape = made;
    return STATUS_OK;
}

void tape_reset(struct tape *tape)
{
    tape->used_bytes = 0;
    tape->newest = NULL;
    tape->is_recording = true;
    tape->is_spent = false;
}

void tape_set_recording(struct tape *tape, bool is_recording)
{
    tape->is_recording = is_recording;
}

enum status tape_status(const struct tape *tape)
{
    if (!tape->is_spent)
        return STATUS_OK;
    return status_fail(STATUS_NO_MEMORY,
                       "a training step needs more than the %zu MiB it may use: a smaller batch, "
                       "or more memory_mib, would do",
                       tape->capacity_bytes >> 20);
}

size_t tape_peak_bytes(const struct tape *tape)
{
    return tape->peak_bytes;
}

static void *take_bytes(struct tape *tape, size_t bytes)
{
    if (tape->is_spent || bytes > tape->capacity_bytes - tape->used_bytes) {
        tape->is_spent = true;
        return NULL;
    }
    void *taken = tape->arena + tape->used_bytes;
    const size_t padded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    const size_t left = tape->capacity_bytes - tape->used_bytes;
    tape->used_bytes += padded < left ? padded : left;
    if (tape->peak_bytes < tape->used_bytes)
        tape->peak_bytes = tape->used_bytes;
    return taken;
}

void *tape_take(struct tape *tape, size_t count, size_t item_bytes)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, item_bytes, &bytes))
        bytes = SIZE_MAX;
    return take_bytes(tape, bytes);
}

bool tape_has_room(const struct tape *tape)
{
    return !tape->is_spent;
}

static struct array *new_array(struct tape *tape, struct array as)
{
    struct array *array = take_bytes(tape, sizeof *array);
    if (array == NULL)
        array = &tape->no_array;
    *array = as;
    return array;
}

struct array *tape_output(struct tape *tape, size_t rows, size_t columns, bool wants_gradient)
{
    size_t count = SIZE_MAX;
    if (__builtin_mul_overflow(rows, columns, &count))
        count = SIZE_MAX;
    float *value = tape_take(tape, count, sizeof *value);
    return new_array(tape, (struct array){ .rows = rows,
                                           .columns = columns,
                                           .value = value,
                                           .wants_gradient = wants_gradient });
}

/* The tape never writes to the values of what it is given. */
static float *unconst(const float *values)
{
    union {
        const float *in;
        float *out;
    } both = { .in = values };
    return both.out;
}

struct array *tape_constant(struct tape *tape, const float *values, size_t rows, size_t columns)
{
    return new_array(tape,
                     (struct array){ .rows = rows, .columns = columns, .value = unconst(values) });
}

struct array *tape_variable(struct tape *tape, const float *values, size_t rows, size_t columns)
{
    struct array *array = tape_constant(tape, values, rows, columns);
    array->wants_gradient = true;
    return array;
}

struct array *tape_parameter(struct tape *tape, const struct parameter *parameter)
{
    return tape_parameter_part(tape, parameter, 0, parameter->rows, parameter->columns);
}

struct array *tape_parameter_part(struct tape *tape, const struct parameter *parameter,
                                  size_t start, size_t rows, size_t columns)
{
    assert(start + rows * columns <= parameter->count);
    const bool is_trained = !parameter->is_frozen;
    return new_array(tape,
                     (struct array){ .rows = rows,
                                     .columns = columns,
                                     .value = parameter->value + start,
                                     .gradient = is_trained ? parameter->gradient + start : NULL,
                                     .wants_gradient = is_trained });
}

void *tape_step(struct tape *tape, struct array *output, size_t payload_bytes,
                void (*backward)(struct tape *tape, void *payload))
{
    assert(payload_bytes <= TAPE_PAYLOAD_BYTES);
    if (!tape->is_recording || !output->wants_gradient)
        return tape->no_payload;
    struct step *step = take_bytes(tape, sizeof *step + payload_bytes);
    if (step == NULL)
        return tape->no_payload;
    *step = (struct step){ .earlier = tape->newest, .output = output, .backward = backward };
    tape->newest = step;
    return step->payload;
}

float *tape_gradient_kept(struct tape *tape, struct array *array, float *keep)
{
    *keep = 1.0f;
    if (!array->wants_gradient || tape->is_spent)
        return NULL;
    if (array->gradient == NULL) {
        *keep = 0.0f;
        array->gradient = tape_take(tape, array->rows * array->columns, sizeof(float));
    }
    return array->gradient;
}

float *tape_gradient(struct tape *tape, struct array *array)
{
    float keep;
    float *gradient = tape_gradient_kept(tape, array, &keep);
    if (gradient != NULL && keep == 0.0f)
        memset(gradient, 0, array->rows * array->columns * sizeof *gradient);
    return gradient;
}

void tape_seed(struct tape *tape, struct array *array, const float *gradient)
{
    float *own = tape_gradient(tape, array);
    for (size_t i = 0; own != NULL && i < array->rows * array->columns; i++)
        own[i] += gradient[i];
}

enum status tape_run_backward(struct tape *tape)
{
    for (struct step *step = tape->newest; step != NULL && !tape->is_spent; step = step->earlier)
        if (step->output->gradient != NULL)
            step->backward(tape, step->payload);
    return tape_status(tape);
}

enum status tape_backward(struct tape *tape, struct array *scalar)
{
    assert(scalar->rows == 1 && scalar->columns == 1);
    float *gradient = tape_gradient(tape, scalar);
    if (gradient != NULL)
        gradient[0] += 1.0f;
    return tape_run_backward(tape);
}

void tape_destroy(struct tape *tape)
{
    if (tape == NULL)
        return;
    munmap(tape->arena, tape->capacity_bytes);
    free(tape);
}
