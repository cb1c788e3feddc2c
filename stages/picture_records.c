#include "stages/picture_records.h"

#include <string.h>

enum status picture_record_path(char path[PATH_BYTES], const struct run *run, size_t record)
{
    const struct manifest_image *image = &run->manifest.images[record];
    path[0] = '\0';
    if (image->reject != NULL)
        return status_fail(STATUS_INVALID, "%s", image->reject);
    return path_join(path, run->manifest.image_root, image->path);
}

const char *picture_record_reason(const char *path)
{
    const char *text = status_text();
    const size_t length = strlen(path);
    return strncmp(text, path, length) == 0 && text[length] == ':' ? text + length + 2 : text;
}

void picture_records_add(struct digest *recipe, const struct run *run, struct shard_range range)
{
    for (size_t r = range.first; r < range.first + range.count; r++) {
        const struct manifest_image *image = &run->manifest.images[r];
        digest_add_text(recipe, image->id);
        digest_add_text(recipe, image->path);
        digest_add_text(recipe, image->reject == NULL ? "" : image->reject);
    }
}
