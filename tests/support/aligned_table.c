#include "tests/support/aligned_table.h"

#include <stdlib.h>
#include <string.h>

void aligned_table_make(struct tensor_table *table)
{
    for (size_t t = 0; t < table->count; t++) {
        struct tensor *tensor = &table->tensors[t];
        const size_t bytes = tensor->count * tensor_type_bytes(tensor->type);
        if (tensor->owned != NULL)
            continue;
        tensor->owned = malloc(bytes + 1);
        if (tensor->owned == NULL)
            abort();
        memcpy(tensor->owned, tensor->data, bytes);
        tensor->data = tensor->owned;
    }
}
