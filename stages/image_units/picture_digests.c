#include "stages/image_units/picture_digests.h"

#include "stages/picture_records.h"
#include "stages/shard_stage.h"
#include "storage/picture_file.h"
#include "storage/shard_schemas.h"

#include <stdlib.h>

static enum status add_recipe(void *self, struct digest *recipe, const struct run *run,
                              struct shard_range range)
{
    (void)self;
    picture_records_add(recipe, run, range);
    return STATUS_OK;
}

static enum status add_picture(struct shard *out, const struct run *run, size_t record)
{
    char path[PATH_BYTES], digest[DIGEST_TEXT_BYTES];
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    enum status outcome = picture_record_path(path, run, record);
    if (outcome == STATUS_OK)
        outcome = file_read(&bytes, &byte_count, path, PICTURE_FILE_BYTES_MAX);
    if (outcome != STATUS_OK)
        return outcome == STATUS_NO_MEMORY ? outcome : STATUS_OK;
    const uint64_t source_bytes = byte_count;
    digest_of(digest, bytes, byte_count);
    free(bytes);
    outcome = shard_add_text(out, PICTURE_DIGEST, digest);
    if (outcome == STATUS_OK)
        outcome = shard_add(out, PICTURE_SOURCE_BYTES, &source_bytes, 1);
    return outcome == STATUS_OK ? shard_keep(out, record, run->manifest.images[record].id)
                                : outcome;
}

static enum status fill(void *self, struct shard *out, struct shard_work *work,
                        const struct run *run, struct shard_range range)
{
    (void)self;
    enum status outcome = STATUS_OK;
    for (size_t r = range.first; r < range.first + range.count && outcome == STATUS_OK; r++) {
        if (!shard_stage_wants(work, r))
            continue;
        outcome = add_picture(out, run, r);
        if (outcome == STATUS_OK)
            outcome = shard_stage_tick(work);
    }
    return outcome;
}

enum status picture_digests_run(const struct run *run)
{
    const struct shard_stage stage = {
        .name = "picture-digests",
        .folder = "pictures",
        .item = "pictures",
        .columns = picture_columns,
        .column_count = PICTURE_COLUMN_COUNT,
        .shard_count = run_image_shard_count(run),
        .record_count = run->manifest.image_count,
        .leaves_out = true, /* what cannot be read */
        .range = run_image_range,
        .add_recipe = add_recipe,
        .fill = fill,
    };
    return shard_stage_run(&stage, run, NULL);
}
