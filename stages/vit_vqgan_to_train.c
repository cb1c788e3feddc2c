#include "stages/vit_vqgan_to_train.h"

#include "core/log.h"
#include "stages/picture_pixels.h"
#include "stages/picture_records.h"
#include "training/vit_vqgan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_chosen(const struct manifest_image *image, const char *split)
{
    return image->reject == NULL && image->path[0] != '\0' && strcmp(image->split, split) == 0;
}

static enum status list_pictures(struct split_records *out, const void *payload, const char *split)
{
    const struct run *run = payload;
    const struct manifest *manifest = &run->manifest;
    *out = (struct split_records){
        .records = malloc((manifest->image_count + 1) * sizeof *out->records),
        .lengths = malloc((manifest->image_count + 1) * sizeof *out->lengths),
    };
    if (out->records == NULL || out->lengths == NULL)
        return status_fail(STATUS_NO_MEMORY, "a split of %zu pictures", manifest->image_count);
    for (size_t i = 0; i < manifest->image_count; i++)
        if (is_chosen(&manifest->images[i], split)) {
            out->records[out->count] = i;
            out->lengths[out->count++] = 1; /* all cost the same */
        }
    return STATUS_OK;
}

/* How large a picture is wanted. */
struct square {
    size_t height, width;
};

static enum status squash(struct resize_window *out, const void *net, size_t width, size_t height)
{
    const struct square *square = net;
    (void)width;
    (void)height;
    *out = resize_squash(square->width, square->height);
    return STATUS_OK;
}

static enum status read_picture(uint8_t *pixels, const void *payload, uint64_t record,
                                size_t height, size_t width)
{
    const struct run *run = payload;
    const struct square square = { height, width };
    struct picture_view view = { .window = squash, .net = &square };
    struct picture_source source;
    char path[PATH_BYTES];
    enum status outcome = resize_filter_parse(&view.filter, run->plan.image_units.resize);
    if (outcome == STATUS_OK)
        outcome = picture_record_path(path, run, record);
    if (outcome == STATUS_OK)
        outcome = picture_pixels_read(pixels, &source, path, &view);
    return outcome;
}

static enum status config_of_plan(struct vit_vqgan_config *config, const struct plan *plan)
{
    const size_t width = plan->pretrain.width, heads = plan->pretrain.heads;
    if (width % heads != 0)
        return status_fail(STATUS_INVALID, "%zu heads do not divide a width of %zu", heads, width);
    const struct vit_vqgan_tower tower = {
        .dim = width,
        .depth = plan->pretrain.blocks,
        .heads = heads,
        .head_width = width / heads,
        .mlp = plan->pretrain.feed_forward > 0 ? plan->pretrain.feed_forward : 4 * width,
    };
    *config = vit_vqgan_config_compact();
    config->image_height = config->image_width = plan->pretrain.picture_pixels;
    config->patch = plan->pretrain.patch_pixels;
    config->encoder = config->decoder = tower;
    config->code_count = plan->pretrain.codes;
    config->code_width = plan->pretrain.code_width;
    return STATUS_OK;
}

/* Sizes, of the weights that training begins as or of the plan. */
static enum status choose_config(struct vit_vqgan_config *config, const struct plan *plan)
{
    struct weights_file file;
    if (plan->pretrain.init == NULL)
        return config_of_plan(config, plan);
    enum status outcome = weights_file_read(&file, plan->pretrain.init, NULL);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = vit_vqgan_config_of_weights(config, &file.table, file.settings);
    weights_file_end(&file);
    return outcome;
}

enum status vit_vqgan_to_train_open(struct training_objective *out, const struct run *run)
{
    const struct plan *plan = &run->plan;
    struct vit_vqgan_objective_options options = {
        .reader = { .payload = run, .list = list_pictures, .read = read_picture },
        .weights = { .absolute = (float)plan->pretrain.absolute_weight,
                     .squared = (float)plan->pretrain.squared_weight,
                     .edges = (float)plan->pretrain.edge_weight },
        .commitment = (float)plan->pretrain.commitment,
        .revive_batches = plan->pretrain.revive_batches,
        .margin = plan->pretrain.crop_pixels,
        .flips = plan->pretrain.flip,
        .pass_tokens = plan->pretrain.pass_frames,
    };
    snprintf(out->store_recipe, sizeof out->store_recipe, "%s",
             plan->digests.manifest != NULL ? plan->digests.manifest : "");
    const enum status outcome = choose_config(&options.net, plan);
    return outcome == STATUS_OK ? vit_vqgan_objective_open(&out->objective, out->set, &options)
                                : outcome;
}

enum status vit_vqgan_to_train_begin_as(struct training_objective *out, const struct run *run,
                                        const struct weights_file *file)
{
    const enum status outcome =
        vit_vqgan_trained_fill(vit_vqgan_objective_net(&out->objective), &file->table);
    if (outcome == STATUS_OK && run->team->rank == 0)
        log_event("init", "file=%s", file->table.source);
    return outcome;
}
