#include "stages/image_shards.h"

#include "stages/generated_captions.h"

static enum status explain_missing(enum status outcome, const char *stage)
{
    if (outcome == STATUS_NOT_FOUND)
        return status_fail(outcome, "%s; unitmill %s makes it", status_text(), stage);
    return outcome;
}

bool run_has_embeddings(const struct run *run)
{
    return run->plan.embed_images.clip != NULL;
}

enum status image_shard_read(struct shard **out, const struct run *run, size_t number)
{
    const struct shard_range range = run_image_range(run, number);
    return explain_missing(
        run_read_shard(out, run, "images", range, image_columns, IMAGE_COLUMN_COUNT),
        "image-units");
}

enum status embedding_shard_read(struct shard **out, const struct run *run, size_t number)
{
    const struct shard_range range = run_image_range(run, number);
    return explain_missing(
        run_read_shard(out, run, "embeddings", range, embedding_columns, EMBEDDING_COLUMN_COUNT),
        "embed-images");
}

enum status generated_shard_read(struct shard **out, const struct run *run, size_t number)
{
    const struct shard_range range = run_image_range(run, number);
    enum status outcome = explain_missing(
        run_read_shard(out, run, "generated", range, generated_columns, GENERATED_COLUMN_COUNT),
        "generate");
    if (outcome != STATUS_OK)
        return outcome;
    outcome = generated_captions_check(*out);
    if (outcome == STATUS_OK)
        return outcome;
    shard_destroy(*out);
    *out = NULL;
    return status_fail(outcome, "generated shard %zu: %s", number, status_text());
}

static enum status add_digest(struct digest *recipe, const struct run *run, const char *folder,
                              size_t number)
{
    char path[PATH_BYTES];
    struct shard_summary summary = { 0 };
    enum status outcome = run_shard_path(path, run, folder, number);
    if (outcome == STATUS_OK)
        outcome = shard_read_summary(&summary, path);
    digest_add_text(recipe, summary.content);
    return outcome;
}

enum status image_shard_add_digest(struct digest *recipe, const struct run *run, size_t number)
{
    return explain_missing(add_digest(recipe, run, "images", number), "image-units");
}

enum status embedding_shard_add_digest(struct digest *recipe, const struct run *run, size_t number)
{
    return explain_missing(add_digest(recipe, run, "embeddings", number), "embed-images");
}
