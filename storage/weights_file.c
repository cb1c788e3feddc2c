#include "storage/weights_file.h"

#include "core/file.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "storage/torch_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SNIFFED_BYTES = 264, TAR_MAGIC_AT = 257 };

const char *weights_format_name(enum weights_format format)
{
    static const char *const names[] = { "safetensors", "PyTorch zip archive",
                                         "PyTorch file of before 1.6" };
    return names[format];
}

static enum status sniff(enum weights_format *format, const char *path)
{
    char bytes[SNIFFED_BYTES] = { 0 };
    FILE *stream = fopen(path, "rbe");
    if (stream == NULL)
        return file_fail(path, "cannot open");
    const size_t byte_count = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);

    if (byte_count >= 4 && memcmp(bytes, "PK\3\4", 4) == 0)
        *format = WEIGHTS_TORCH_ZIP;
    else if (byte_count >= 10 && bytes[8] == '{')
        *format = WEIGHTS_SAFETENSORS;
    else if (byte_count >= 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5)
        *format = WEIGHTS_TORCH_LEGACY; /* a pickle of protocol 2 to 5 */
    else if (memcmp(bytes + TAR_MAGIC_AT, "ustar", 5) == 0)
        return status_fail(STATUS_INVALID, "%s: a tar archive of PyTorch before 0.2", path);
    else
        return status_fail(STATUS_INVALID, "%s: neither safetensors nor a PyTorch file", path);
    return STATUS_OK;
}

static enum status read_weights(struct weights_file *out, const char *path)
{
    if (out->format != WEIGHTS_SAFETENSORS)
        return torch_file_read(&out->table, &out->inside, path);
    const enum status outcome = safetensors_read(&out->table, path);
    return outcome == STATUS_OK ? safetensors_read_metadata(&out->inside, path) : outcome;
}

/* A trainer's checkpoint has the net's tensors below "state_dict", beside its own state. */
static void unwrap(struct tensor_table *table)
{
    static const char wrapper[] = "state_dict.";
    bool is_wrapped = false;
    for (size_t t = 0; t < table->count; t++)
        is_wrapped |= strncmp(table->tensors[t].name, wrapper, sizeof wrapper - 1) == 0;
    if (is_wrapped)
        weights_file_narrow(table, wrapper);
}

enum status weights_file_read(struct weights_file *out, const char *path, const char *config_path)
{
    *out = (struct weights_file){ 0 };
    enum status outcome = sniff(&out->format, path);
    if (outcome == STATUS_OK)
        outcome = read_weights(out, path);
    if (outcome == STATUS_OK)
        outcome = settings_file_beside(&out->beside, path, config_path);
    out->settings = out->beside != NULL ? out->beside : out->inside;
    if (outcome == STATUS_OK)
        unwrap(&out->table);
    if (outcome != STATUS_OK)
        weights_file_end(out);
    return outcome;
}

void weights_file_end(struct weights_file *file)
{
    tensor_table_end(&file->table);
    settings_destroy(file->beside);
    settings_destroy(file->inside);
    *file = (struct weights_file){ 0 };
}

static void end_tensor(struct tensor *tensor)
{
    free(tensor->name);
    free(tensor->owned);
}

/* What begins with one prefix keeps its order without it. */
enum status weights_file_narrow(struct tensor_table *table, const char *prefix)
{
    const size_t length = strlen(prefix);
    size_t kept = 0;
    for (size_t t = 0; t < table->count; t++)
        kept += strncmp(table->tensors[t].name, prefix, length) == 0;
    if (kept == 0)
        return status_fail(STATUS_CORRUPT, "%s: no tensor called %s...", table->source, prefix);

    kept = 0;
    for (size_t t = 0; t < table->count; t++) {
        struct tensor tensor = table->tensors[t];
        if (strncmp(tensor.name, prefix, length) != 0) {
            end_tensor(&tensor);
            continue;
        }
        memmove(tensor.name, tensor.name + length, strlen(tensor.name) - length + 1);
        table->tensors[kept++] = tensor;
    }
    table->count = kept;
    return STATUS_OK;
}
