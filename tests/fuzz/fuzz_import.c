/* Whatever the bytes, an import says what is wrong with them, or gives a manifest that is read back
 * whole, without a reject. The first byte chooses the format. */
#include "core/file.h"
#include "storage/import/import.h"
#include "storage/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count);

static const char *const formats[] = { "karpathy", "coco", "spokencoco", "places",  "flickr8k",
                                       "csv",      "tsv",  "jsonl",      "fairseq", "webdataset" };

/* On a file system in memory, where flushing costs nothing. */
static const char folder[] = "/dev/shm/unitmill-fuzz-import";

static void check_manifest(const char *path, const struct import_summary *summary)
{
    struct manifest manifest;
    if (manifest_read(&manifest, path) != STATUS_OK)
        abort();
    if (manifest.image_count != summary->pictures || manifest.caption_count != summary->captions)
        abort();
    for (size_t i = 0; i < manifest.image_count; i++)
        if (manifest.images[i].reject != NULL && manifest.images[i].path[0] != '\0')
            abort();
    for (size_t c = 0; c < manifest.caption_count; c++)
        if (manifest.captions[c].reject != NULL)
            abort();
    manifest_end(&manifest);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    char input[64], out[64], extract[64];
    const char *inputs[] = { input };
    struct import_summary summary;
    if (byte_count == 0 || folder_make(folder) != STATUS_OK)
        return 0;
    const char *format = formats[bytes[0] % (sizeof formats / sizeof formats[0])];
    snprintf(input, sizeof input, "%s/input-%d", folder, (int)getpid());
    snprintf(out, sizeof out, "%s/out-%d", folder, (int)getpid());
    snprintf(extract, sizeof extract, "%s/extract", folder);
    const struct import_options options = {
        .inputs = inputs,
        .input_count = 1,
        .out = out,
        .language = "en",
        .memory_bytes = 1 << 16,
        .extract = strcmp(format, "webdataset") == 0 ? extract : NULL,
    };
    if (file_write(input, bytes + 1, byte_count - 1) != STATUS_OK)
        return 0;
    if (import_run(&summary, format, &options) == STATUS_OK)
        check_manifest(out, &summary);
    unlink(input);
    unlink(out);
    return 0;
}
