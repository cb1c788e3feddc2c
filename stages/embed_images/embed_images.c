#include "stages/embed_images/embed_images.h"

#include "core/log.h"
#include "stages/image_shards.h"
#include "stages/picture_embeddings.h"
#include "stages/picture_firsts.h"
#include "stages/picture_records.h"
#include "stages/shard_stage.h"

#include <string.h>

/* What the pictures become embeddings with. */
struct means {
    struct picture_embeddings *embeddings;
    struct picture_firsts firsts;
};

/* What the shard in hand is made from and into. */
struct making {
    struct means *means;
    struct shard *out;
    struct shard_work *work;
    const struct run *run;
};

static enum status add_recipe(void *self, struct digest *recipe, const struct run *run,
                              struct shard_range range)
{
    const struct means *means = self;
    const struct plan *plan = &run->plan;
    digest_add_text(recipe, plan->digests.clip);
    digest_add_text(recipe, plan->digests.clip_config == NULL ? "" : plan->digests.clip_config);
    digest_add_number(recipe, plan->embed_images.batch_images);
    picture_records_add(recipe, run, range);
    picture_firsts_add(recipe, &means->firsts, range);
    return image_shard_add_digest(recipe, run, range.number);
}

static enum status flush(const struct making *making)
{
    const struct picture_embedding *results = NULL;
    size_t count = 0;
    enum status outcome = STATUS_OK;
    picture_embeddings_flush(&results, &count, making->means->embeddings);
    for (size_t p = 0; p < count && outcome == STATUS_OK; p++) {
        const size_t record = results[p].number;
        outcome = shard_add(making->out, EMBEDDING_VALUES, results[p].values, 1);
        if (outcome == STATUS_OK)
            outcome = shard_keep(making->out, record, making->run->manifest.images[record].id);
        if (outcome == STATUS_OK)
            outcome = shard_stage_tick(making->work);
    }
    return outcome;
}

/* A picture with the bytes of an earlier one has no row of its own, but is a reject with its reason
 * where that is. */
static enum status add_picture(const struct making *making, size_t record)
{
    char path[PATH_BYTES];
    const struct means *means = making->means;
    const bool is_first = picture_firsts_is_first(&means->firsts, record);
    enum status outcome = picture_record_path(path, making->run, record);
    if (outcome == STATUS_OK)
        outcome = is_first ? picture_embeddings_add(means->embeddings, path, record)
                           : picture_embeddings_try(means->embeddings, path);
    return picture_firsts_settle(outcome, making->out, making->work, &means->firsts, making->run,
                                 record, path);
}

/* What image-units rejected is not looked at again. */
static enum status fill_from(const struct making *making, const struct shard *images,
                             struct shard_range range)
{
    size_t reject = 0;
    enum status outcome = STATUS_OK;
    for (size_t r = range.first; r < range.first + range.count && outcome == STATUS_OK; r++) {
        if (reject < shard_reject_count(images) && shard_reject_at(images, reject).record == r) {
            reject++;
            continue;
        }
        if (!shard_stage_wants(making->work, r))
            continue;
        outcome = add_picture(making, r);
        if (outcome == STATUS_OK && picture_embeddings_is_full(making->means->embeddings))
            outcome = flush(making);
    }
    return outcome == STATUS_OK ? flush(making) : outcome;
}

static enum status fill(void *self, struct shard *out, struct shard_work *work,
                        const struct run *run, struct shard_range range)
{
    const struct making making = { self, out, work, run };
    struct shard *images = NULL;
    enum status outcome = image_shard_read(&images, run, range.number);
    if (outcome == STATUS_OK)
        outcome = fill_from(&making, images, range);
    shard_destroy(images);
    return outcome;
}

static enum status load(struct picture_embeddings **embeddings, const struct plan *plan)
{
    const struct picture_embeddings_options options = {
        .weights = plan->embed_images.clip,
        .config = plan->embed_images.config,
        .batch_images = plan->embed_images.batch_images,
    };
    return picture_embeddings_create(embeddings, &options);
}

static enum status make_shards(const struct run *run, struct means *means)
{
    struct shard_column columns[EMBEDDING_COLUMN_COUNT];
    memcpy(columns, embedding_columns, sizeof columns);
    columns[EMBEDDING_VALUES].width =
        clip_sizes(picture_embeddings_net(means->embeddings))->embedding;
    const struct shard_stage stage = {
        .name = "embed-images",
        .folder = "embeddings",
        .item = "pictures",
        .columns = columns,
        .column_count = EMBEDDING_COLUMN_COUNT,
        .shard_count = run_image_shard_count(run),
        .record_count = run->manifest.image_count,
        .range = run_image_range,
        .add_recipe = add_recipe,
        .fill = fill,
    };
    return shard_stage_run(&stage, run, means);
}

enum status embed_images_recipe(char text[DIGEST_TEXT_BYTES], const struct run *run, size_t number,
                                const struct picture_firsts *firsts)
{
    struct means means = { .firsts = *firsts };
    const struct shard_stage stage = { .name = "embed-images", .add_recipe = add_recipe };
    return shard_stage_recipe(text, &stage, run, &means, run_image_range(run, number));
}

enum status embed_images_run(const struct run *run)
{
    struct means means = { 0 };
    if (!run_has_embeddings(run)) {
        log_say("embed-images: the plan names no embed_images.clip, so there are no embeddings");
        return STATUS_OK;
    }
    enum status outcome = team_agree(run->team, "load CLIP", load(&means.embeddings, &run->plan));
    if (outcome == STATUS_OK)
        outcome = picture_firsts_read(&means.firsts, run);
    if (outcome == STATUS_OK)
        outcome = make_shards(run, &means);
    picture_firsts_end(&means.firsts);
    picture_embeddings_destroy(means.embeddings);
    return outcome;
}
