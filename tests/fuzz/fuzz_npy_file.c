/* Whatever the bytes, the reader says so or gives a matrix. */
#include "storage/npy_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    struct numpy_array array;
    float *values = NULL;
    size_t rows, columns;
    if (npy_file_parse(&array, bytes, byte_count, "fuzz") == STATUS_OK)
        (void)numpy_array_to_matrix(&values, &rows, &columns, &array, "fuzz");
    free(values);
    return 0;
}
