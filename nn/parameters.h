/** Parameters of a net that is trained: named arrays whose values and gradients lie in one buffer
 * each, so that optimisers, exchanges between ranks and checkpoints see two flat vectors.
 *
 * Parameters are added in a fixed order by the net, which keeps the pointers. Then the set is laid
 * out; values are filled in from a file or from random numbers; training begins. Local. */
#ifndef NN_PARAMETERS_H
#define NN_PARAMETERS_H

#include "core/status.h"
#include "nn/tensor_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct parameter {
    char *name; /* as in weights files; owned by the set */
    size_t dimension_count;
    size_t shape[TENSOR_DIMENSIONS_MAX];
    size_t rows, columns;    /* as a matrix: the first extent, and the product of the others */
    size_t count, start;     /* of the floats in the flat vectors */
    bool is_decayed;         /* by AdamW; by default matrices are, vectors and scalars are not */
    bool is_frozen;          /* no gradient is made and no update done; false by default */
    float *value, *gradient; /* into the flat vectors, once the set is laid out */
};

struct parameter_set; /* opaque */

/** An empty set; ownership is the caller's. Errors: STATUS_NO_MEMORY. */
enum status parameter_set_create(struct parameter_set **set);

/** Adds a parameter; the pointer stays valid as long as the set. Errors: STATUS_NO_MEMORY (told by
 * parameter_set_lay_out; the pointer is then NULL), and asserted: two of one name. */
struct parameter *parameter_set_add(struct parameter_set *set, const char *name,
                                    size_t dimension_count, const size_t *shape);

/** Makes the flat vectors, cleared. Errors: STATUS_NO_MEMORY, also of the additions before. */
enum status parameter_set_lay_out(struct parameter_set *set);

/** Number of parameters, and the one of that index or name (NULL where there is none). */
size_t parameter_set_count(const struct parameter_set *set);
struct parameter *parameter_set_at(const struct parameter_set *set, size_t index);
struct parameter *parameter_set_find(const struct parameter_set *set, const char *name);

/** The flat vectors and their length in floats. Each parameter starts at a multiple of 16 floats;
 * what lies between is zero and stays so. */
size_t parameter_set_floats(const struct parameter_set *set);
float *parameter_set_values(const struct parameter_set *set);
float *parameter_set_gradients(const struct parameter_set *set);

/** Clears all gradients: before the first step of an update. */
void parameter_set_clear_gradients(struct parameter_set *set);

/** Draws normal values of the given deviation, from (seed, name) alone. */
void parameter_draw_normal(struct parameter *parameter, uint64_t seed, float deviation);

/** Draws uniform values in -limit .. limit, from (seed, name) alone. */
void parameter_draw_uniform(struct parameter *parameter, uint64_t seed, float limit);

/** Sets all elements to one value. */
void parameter_fill(struct parameter *parameter, float value);

/** Fills every parameter from the tensor of its name, and checks shape and finiteness.
 * `prefix` stands before each name in the table ("" for none). Errors: STATUS_CORRUPT, as
 * tensor_table_read; the set may then be half filled. */
enum status parameter_set_read(struct parameter_set *set, const struct tensor_table *table,
                               const char *prefix);

/** Copies every value into a new F32 table, by name. Ownership: the caller's (tensor_table_end).
 * Errors: STATUS_NO_MEMORY. */
enum status parameter_set_write(const struct parameter_set *set, struct tensor_table *table);

/** NULL is allowed. */
void parameter_set_destroy(struct parameter_set *set);

#endif
