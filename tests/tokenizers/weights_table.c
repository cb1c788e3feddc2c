#include "tests/tokenizers/weights_table.h"

#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

struct tensor *weights_table_find(struct tensor_table *table, const char *name)
{
    struct tensor *tensor = (struct tensor *)tensor_table_find(table, name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tensor);
    return tensor;
}

void weights_table_remove(struct tensor_table *table, const char *name)
{
    struct tensor *tensor = weights_table_find(table, name);
    free(tensor->name);
    free(tensor->owned);
    memmove(tensor, tensor + 1,
            (size_t)(table->tensors + table->count - tensor - 1) * sizeof *tensor);
    table->count--;
}

void weights_table_check_seeds(const struct tensor_table *first, const struct tensor_table *again,
                               const struct tensor_table *other, size_t different)
{
    size_t unequal = 0;
    CU_ASSERT_EQUAL_FATAL(first->count, again->count);
    CU_ASSERT_EQUAL_FATAL(first->count, other->count);
    for (size_t t = 0; t < first->count; t++) {
        const struct tensor *a = &first->tensors[t], *b = &again->tensors[t];
        const size_t bytes = a->count * sizeof(float);
        CU_ASSERT_STRING_EQUAL(a->name, b->name);
        CU_ASSERT_EQUAL(memcmp(a->data, b->data, bytes), 0);
        unequal += memcmp(a->data, other->tensors[t].data, bytes) != 0;
    }
    CU_ASSERT(unequal >= different);
}
