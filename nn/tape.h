/** The tape: runs a net forward, remembers what it did, and runs it backward.
 *
 * A step of training is: tape_reset; wrap inputs and parameters as arrays; call operations
 * (nn/tape_*.h), each of which computes at once and notes how its gradient is made; tape_backward.
 * All of a step's memory comes from one arena, whose pages are taken when first touched and used
 * again by the next step, so a running step allocates nothing.
 *
 * Operations never fail one by one. When the arena is used up the tape is spent: later operations
 * do nothing, and tape_backward (or tape_status) says so once. So code that builds a net has no
 * error handling, and must only not read values before it has asked.
 *
 * Every array is a matrix [rows][columns], contiguous. Sequences lie back to back as rows, without
 * padding; operations that look across rows take their bounds (struct segments). Local throughout;
 * the tape knows nothing of ranks. Source of the method: Griewank and Walther 2008, "Evaluating
 * derivatives", chapter 3 (reverse mode). */
#ifndef NN_TAPE_H
#define NN_TAPE_H

#include "core/status.h"
#include "nn/parameters.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tape; /* opaque */

struct array {
    size_t rows, columns;
    float *value;    /* [rows][columns] */
    float *gradient; /* the same shape; NULL until something has been added */
    bool wants_gradient;
};

/** Sequences that lie back to back: segment s is rows starts[s] .. starts[s + 1] - 1. */
struct segments {
    size_t count;
    const size_t *starts; /* [count + 1], ascending, the last one the number of rows; borrowed until
                             the tape is reset */
};

/** A tape whose steps may use up to `capacity_bytes`. Ownership: the caller's, until tape_destroy.
 * Errors: STATUS_NO_MEMORY. */
enum status tape_create(struct tape **tape, size_t capacity_bytes);

/** Forgets the last step. Arrays, gradients and segments of it are gone. */
void tape_reset(struct tape *tape);

/** Whether operations are remembered from now on (they are after tape_reset). Without, only values
 * are computed: for validation, and for the first pass of embedding caching. */
void tape_set_recording(struct tape *tape, bool is_recording);

/** STATUS_OK, or STATUS_NO_MEMORY with a text where the arena was used up since tape_reset. */
enum status tape_status(const struct tape *tape);

/** Most bytes that any step has used so far. */
size_t tape_peak_bytes(const struct tape *tape);

/** An array of values that do not change, borrowed until tape_reset. */
struct array *tape_constant(struct tape *tape, const float *values, size_t rows, size_t columns);

/** As tape_constant, but a gradient is made: for arrays whose gradient somebody asks for. */
struct array *tape_variable(struct tape *tape, const float *values, size_t rows, size_t columns);

/** A parameter as an array, borrowed; its gradient is added to the parameter's own. */
struct array *tape_parameter(struct tape *tape, const struct parameter *parameter);

/** As tape_parameter, of `rows` x `columns` floats from float `start` on: the query, key or value
 * rows of a fused projection. */
struct array *tape_parameter_part(struct tape *tape, const struct parameter *parameter,
                                  size_t start, size_t rows, size_t columns);

/** Runs backward from a scalar (1 x 1): all gradients become d scalar / d array. Call once a step.
 * Errors: STATUS_NO_MEMORY where the tape was spent, forward or backward. */
enum status tape_backward(struct tape *tape, struct array *scalar);

/** The same in two parts, for results whose gradient is known from elsewhere: add it to each of
 * them, then run backward once.
 *
 *     gradient [rows][columns]  in */
void tape_seed(struct tape *tape, struct array *array, const float *gradient);
enum status tape_run_backward(struct tape *tape);

/** NULL is allowed. */
void tape_destroy(struct tape *tape);

/* For operations. */

/** Memory of this step, 64-byte aligned, not cleared; NULL where the tape is spent. */
void *tape_take(struct tape *tape, size_t count, size_t item_bytes);

/** A new array, values not yet set. Never NULL, but without values where the tape is spent; all
 * such are one array, so that shapes mean nothing then and are only to be asserted with room. */
struct array *tape_output(struct tape *tape, size_t rows, size_t columns, bool wants_gradient);

/** False where the tape is spent: an operation then returns its output as it is. */
bool tape_has_room(const struct tape *tape);

/** Notes that `output` was just computed, and how to go back: `backward` is called with the
 * returned payload, `payload_bytes` (at most TAPE_PAYLOAD_BYTES) for the operation to fill in, once
 * output->gradient is complete. It is not called where no gradient arrives. Never NULL. */
void *tape_step(struct tape *tape, struct array *output, size_t payload_bytes,
                void (*backward)(struct tape *tape, void *payload));

enum { TAPE_PAYLOAD_BYTES = 1024 };

/** The gradient of an input, to add to; cleared when it is new. NULL where none is wanted, or the
 * tape is spent. */
float *tape_gradient(struct tape *tape, struct array *array);

/** As tape_gradient, for an operation that sets every element anyway: nothing is cleared. `*keep`
 * is 0 where the gradient is new and must be overwritten, 1 where it must be added to. */
float *tape_gradient_kept(struct tape *tape, struct array *array, float *keep);

#endif
