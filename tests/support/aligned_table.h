/** Tensors of a golden file as arrays: a file need not align its numbers, C asks for it. */
#ifndef TESTS_SUPPORT_ALIGNED_TABLE_H
#define TESTS_SUPPORT_ALIGNED_TABLE_H

#include "nn/tensor_table.h"

/** Gives every tensor that owns no memory a copy of its own. */
void aligned_table_make(struct tensor_table *table);

#endif
