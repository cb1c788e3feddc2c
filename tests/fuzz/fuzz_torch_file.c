/* Whatever the bytes, the reader says so or gives tensors that can be read in full. */
#include "storage/torch_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    struct tensor_table table;
    struct settings *settings = NULL;
    unsigned sum = 0;
    if (torch_file_read_bytes(&table, &settings, bytes, byte_count, "fuzz") == STATUS_OK)
        for (size_t t = 0; t < table.count; t++) {
            const uint8_t *data = table.tensors[t].data;
            const size_t bytes_each = tensor_type_bytes(table.tensors[t].type);
            for (size_t i = 0; i < table.tensors[t].count * bytes_each; i++)
                sum += data[i];
        }
    settings_destroy(settings);
    tensor_table_end(&table);
    return sum == 1u << 31 ? -1 : 0; /* keeps the reads from being optimised away */
}
