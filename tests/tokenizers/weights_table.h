/** What tests do with the tables of untrained weights: take tensors out, compare tables. */
#ifndef TESTS_TOKENIZERS_WEIGHTS_TABLE_H
#define TESTS_TOKENIZERS_WEIGHTS_TABLE_H

#include "nn/tensor_table.h"

/** The tensor called `name`, which is there, and its values may be changed. */
struct tensor *weights_table_find(struct tensor_table *table, const char *name);

/** Takes the tensor called `name` out of the table. */
void weights_table_remove(struct tensor_table *table, const char *name);

/** Asserts that `first` and `again` hold equal F32 values under equal names, and that of `other`,
 * which was drawn from another seed, at least `different` tensors are others. */
void weights_table_check_seeds(const struct tensor_table *first, const struct tensor_table *again,
                               const struct tensor_table *other, size_t different);

#endif
