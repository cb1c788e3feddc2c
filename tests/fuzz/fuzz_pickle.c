/* Whatever the bytes, the reader ends, and each part of its result can be described. */
#include "storage/joblib_array.h"
#include "storage/pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    struct pickle *pickle = NULL;
    char text[256];
    const struct pickle_hook hook = joblib_array_hook("fuzz");
    if (pickle_read(&pickle, bytes, byte_count, &hook, "fuzz") == STATUS_OK) {
        const struct pickle_value *root = pickle_root(pickle);
        pickle_describe(text, sizeof text, root);
        for (size_t i = 0; pickle_item(root, i) != NULL; i++)
            pickle_describe(text, sizeof text, pickle_item(root, i));
        pickle_find(root, "cluster_centers_");
    }
    pickle_destroy(pickle);
    return 0;
}
