/* Whatever the bytes, the reader says so or gives settings that can be written or are refused. */
#include "storage/settings_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    struct settings *settings = NULL;
    if (settings_file_read_bytes(&settings, bytes, byte_count, "fuzz") == STATUS_OK)
        (void)settings_file_write("/dev/null/refused", settings);
    settings_destroy(settings);
    return 0;
}
