#include "stages/image_units/image_units.h"

#include "stages/image_units/picture_digests.h"
#include "stages/picture_firsts.h"
#include "stages/picture_records.h"
#include "stages/picture_units.h"
#include "stages/shard_stage.h"
#include "storage/shard_schemas.h"

#include <string.h>

/* What the pictures become units with. */
struct means {
    struct picture_units *units;
    struct picture_firsts firsts;
};

/* What the shard in hand is made from and into. */
struct making {
    struct means *means;
    struct shard *out;
    struct shard_work *work;
    const struct run *run;
};

/* What decides the tokens of a picture. */
static enum status add_recipe(void *self, struct digest *recipe, const struct run *run,
                              struct shard_range range)
{
    const struct means *means = self;
    const struct plan *plan = &run->plan;
    digest_add_text(recipe, plan->digests.vit_vqgan);
    digest_add_text(recipe,
                    plan->digests.vit_vqgan_config == NULL ? "" : plan->digests.vit_vqgan_config);
    digest_add_text(recipe, plan->image_units.resize);
    digest_add_number(recipe, plan->image_units.crop_tokens);
    digest_add_number(recipe, plan->image_units.batch_images);
    picture_records_add(recipe, run, range);
    picture_firsts_add(recipe, &means->firsts, range);
    return STATUS_OK;
}

static enum status keep(struct shard *out, struct picture_units *units,
                        const struct picture_result *result, const char *id)
{
    const uint32_t width = (uint32_t)result->width, height = (uint32_t)result->height;
    const uint16_t grid_rows = (uint16_t)picture_units_rows(units);
    const uint16_t grid_columns = (uint16_t)picture_units_columns(units);
    const void *const values[IMAGE_COLUMN_COUNT] = {
        [IMAGE_UNITS] = result->tokens, [IMAGE_WIDTH] = &width,
        [IMAGE_HEIGHT] = &height,       [IMAGE_SOURCE_BYTES] = &result->source_bytes,
        [IMAGE_GRID_ROWS] = &grid_rows, [IMAGE_GRID_COLUMNS] = &grid_columns,
    };
    enum status outcome = STATUS_OK;
    for (size_t c = 0; c < IMAGE_COLUMN_COUNT && outcome == STATUS_OK; c++)
        outcome = shard_add(out, c, values[c], 1);
    return outcome == STATUS_OK ? shard_keep(out, result->number, id) : outcome;
}

static enum status flush(const struct making *making)
{
    struct picture_units *units = making->means->units;
    const struct picture_result *results = NULL;
    size_t count = 0;
    enum status outcome = picture_units_flush(&results, &count, units);
    for (size_t p = 0; p < count && outcome == STATUS_OK; p++) {
        const size_t record = results[p].number;
        outcome = keep(making->out, units, &results[p], making->run->manifest.images[record].id);
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
        outcome = is_first ? picture_units_add(means->units, path, record)
                           : picture_units_try(means->units, path);
    return picture_firsts_settle(outcome, making->out, making->work, &means->firsts, making->run,
                                 record, path);
}

static enum status fill(void *self, struct shard *out, struct shard_work *work,
                        const struct run *run, struct shard_range range)
{
    const struct making making = { self, out, work, run };
    enum status outcome = STATUS_OK;
    for (size_t r = range.first; r < range.first + range.count && outcome == STATUS_OK; r++) {
        if (!shard_stage_wants(work, r))
            continue;
        outcome = add_picture(&making, r);
        if (outcome == STATUS_OK && picture_units_is_full(making.means->units))
            outcome = flush(&making);
    }
    return outcome == STATUS_OK ? flush(&making) : outcome;
}

static enum status load(struct picture_units **units, const struct plan *plan)
{
    struct picture_units_options options = { .weights = plan->image_units.vit_vqgan,
                                             .config = plan->image_units.config,
                                             .crop_tokens = plan->image_units.crop_tokens,
                                             .batch_images = plan->image_units.batch_images };
    const enum status outcome = resize_filter_parse(&options.filter, plan->image_units.resize);
    return outcome == STATUS_OK ? picture_units_create(units, &options) : outcome;
}

static enum status make_shards(const struct run *run, struct means *means)
{
    struct shard_column columns[IMAGE_COLUMN_COUNT];
    const struct picture_units *units = means->units;
    const size_t codes = vit_vqgan_sizes(picture_units_net(means->units))->code_count;
    memcpy(columns, image_columns, sizeof columns);
    columns[IMAGE_UNITS].width = picture_units_rows(units) * picture_units_columns(units);
    columns[IMAGE_UNITS].bits = shard_id_bits(codes);
    const struct shard_stage stage = {
        .name = "image-units",
        .folder = "images",
        .item = "pictures",
        .columns = columns,
        .column_count = IMAGE_COLUMN_COUNT,
        .shard_count = run_image_shard_count(run),
        .record_count = run->manifest.image_count,
        .codebook = codes,
        .range = run_image_range,
        .add_recipe = add_recipe,
        .fill = fill,
    };
    return shard_stage_run(&stage, run, means);
}

enum status image_units_recipe(char text[DIGEST_TEXT_BYTES], const struct run *run, size_t number,
                               const struct picture_firsts *firsts)
{
    struct means means = { .firsts = *firsts };
    const struct shard_stage stage = { .name = "image-units", .add_recipe = add_recipe };
    return shard_stage_recipe(text, &stage, run, &means, run_image_range(run, number));
}

enum status image_units_run(const struct run *run)
{
    struct means means = { 0 };
    enum status outcome = team_agree(run->team, "load ViT-VQGAN", load(&means.units, &run->plan));
    if (outcome == STATUS_OK)
        outcome = picture_digests_run(run);
    if (outcome == STATUS_OK)
        outcome = picture_firsts_read(&means.firsts, run);
    if (outcome == STATUS_OK)
        outcome = make_shards(run, &means);
    picture_firsts_end(&means.firsts);
    picture_units_destroy(means.units);
    return outcome;
}
