#include "stages/im2sp_to_train.h"

#include "core/log.h"
#include "models/im2sp_tower.h"
#include "tokenizers/image/vit_vqgan.h"
#include "training/im2sp.h"

#include <string.h>

/* A checkpoint that is begun from. */
struct beginning {
    enum im2sp_naming naming;
    char prefix[IM2SP_PREFIX_BYTES];
    struct im2sp_config config;
};

static enum status read_beginning(struct beginning *beginning, const struct weights_file *file)
{
    const struct tensor_table *table = &file->table;
    const enum status outcome = im2sp_prefix(&beginning->naming, beginning->prefix, table);
    return outcome == STATUS_OK ? im2sp_config_read(&beginning->config, table, beginning->naming,
                                                    beginning->prefix, file->settings)
                                : outcome;
}

static size_t feed_forward(const struct plan *plan, size_t width)
{
    return plan->pretrain.feed_forward > 0 ? plan->pretrain.feed_forward : 4 * width;
}

static bool sees_embeddings(const struct plan *plan)
{
    return strcmp(plan->pretrain.input, "embeddings") == 0;
}

static struct im2sp_config config_of_plan(const struct plan *plan,
                                          const struct store_batch_shape *shape, size_t channels)
{
    struct im2sp_config config =
        im2sp_config_compact(shape->grid_rows, channels, (size_t)shape->speech_codebook);
    config.width = plan->pretrain.width;
    config.layers = plan->pretrain.blocks;
    config.heads = config.encoder.heads = plan->pretrain.heads;
    config.mlp = feed_forward(plan, config.width);
    config.length_max = plan->pretrain.length_max;
    if (sees_embeddings(plan)) {
        im2sp_config_see_embeddings(&config, shape->embedding_width, plan->pretrain.prefix_tokens);
        return config;
    }
    config.encoder.width = plan->pretrain.image_width;
    config.encoder.layers = plan->pretrain.image_blocks;
    config.encoder.mlp = feed_forward(plan, config.encoder.width);
    config.encoder.convolution_channels = plan->pretrain.image_convolution_channels;
    config.encoder.sees_similarities = plan->pretrain.image_similarities;
    config.encoder.kernel = plan->pretrain.image_patch;
    config.encoder.stride = (config.encoder.kernel + 1) / 2;
    config.encoder.padding = (config.encoder.kernel - config.encoder.stride) / 2;
    return config;
}

static void take_decoder(struct im2sp_config *config, const struct im2sp_config *from)
{
    config->width = from->width;
    config->layers = from->layers;
    config->heads = from->heads;
    config->mlp = from->mlp;
    config->length_max = from->length_max;
    config->norm_eps = from->norm_eps;
    config->projection_eps = from->projection_eps;
}

static enum status take_sizes(struct im2sp_config *config, const struct weights_file *file)
{
    struct beginning beginning;
    if (im2sp_tower_is_in(&file->table) && config->input != IM2SP_UNITS)
        return status_fail(STATUS_INVALID, "%s: an image tower sees image units, not embeddings",
                           file->table.source);
    if (im2sp_tower_is_in(&file->table))
        return im2sp_tower_sizes(&config->encoder, file->settings);
    const enum status outcome = read_beginning(&beginning, file);
    if (outcome == STATUS_OK && beginning.config.input == config->input)
        *config = beginning.config;
    else if (outcome == STATUS_OK)
        take_decoder(config, &beginning.config);
    return outcome;
}

/* Sizes, from the plan and from the checkpoint that it names. */
static enum status choose_config(struct im2sp_config *config, const struct run *run,
                                 const struct store_batch_shape *shape, size_t channels)
{
    struct weights_file file;
    *config = config_of_plan(&run->plan, shape, channels);
    if (run->plan.pretrain.init == NULL)
        return STATUS_OK;
    enum status outcome = weights_file_read(&file, run->plan.pretrain.init, NULL);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = take_sizes(config, &file);
    weights_file_end(&file);
    return outcome;
}

static enum status read_shape(struct store_batch_shape *shape, const char *store,
                              const struct plan *plan)
{
    const struct store_batch_options reading = {
        .parts = STORE_BATCH_SPEECH |
                 (sees_embeddings(plan) ? STORE_BATCH_EMBEDDINGS : STORE_BATCH_PICTURES),
        .batch_bytes_max = STORE_BATCH_BYTES_MAX,
    };
    struct store_batch_reader *reader;
    const enum status outcome = store_batch_open(&reader, store, &reading);
    if (outcome != STATUS_OK)
        return outcome;
    *shape = *store_batch_shape(reader);
    store_batch_close(reader);
    return STATUS_OK;
}

/* `tokenizer` NULL: embeddings are seen, no units. */
static enum status open_with(struct training_objective *out, const struct run *run,
                             const struct vit_vqgan *tokenizer)
{
    struct im2sp_objective_options options = {
        .dropout = (float)run->plan.pretrain.dropout,
        .is_encoder_frozen = run->plan.pretrain.images_frozen,
        .image_shift = run->plan.pretrain.image_shift_units,
        .pass_frames = run->plan.pretrain.pass_frames,
    };
    if (tokenizer != NULL) {
        const struct vit_vqgan_config *sizes = vit_vqgan_sizes(tokenizer);
        options.codes = vit_vqgan_codes(tokenizer);
        options.code_count = sizes->code_count;
        options.code_width = sizes->code_width;
    }
    struct store_batch_shape shape;
    enum status outcome = read_shape(&shape, out->store, &run->plan);
    if (outcome == STATUS_OK)
        outcome = choose_config(&options.model, run, &shape, options.code_width);
    if (outcome != STATUS_OK)
        return outcome;
    if (options.model.code_count == 0)
        options.model.code_count = options.code_count;
    return im2sp_objective_open(&out->objective, out->set, &options, &shape);
}

enum status im2sp_to_train_open(struct training_objective *out, const struct run *run)
{
    struct weights_file weights;
    struct vit_vqgan *tokenizer = NULL;
    if (run->plan.pretrain.images_frozen &&
        (run->plan.pretrain.init == NULL || sees_embeddings(&run->plan)))
        return status_fail(STATUS_INVALID,
                           "pretrain.images_frozen keeps an image encoder that pretrain.init "
                           "brings; here there is none");
    if (run->plan.pretrain.image_shift_units > 0 && sees_embeddings(&run->plan))
        return status_fail(STATUS_INVALID,
                           "pretrain.image_shift_units moves image units; embeddings have none");
    if (sees_embeddings(&run->plan))
        return open_with(out, run, NULL);
    enum status outcome =
        weights_file_read(&weights, run->plan.image_units.vit_vqgan, run->plan.image_units.config);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = vit_vqgan_create(&tokenizer, &weights.table, weights.settings);
    if (outcome == STATUS_OK)
        outcome = open_with(out, run, tokenizer);
    vit_vqgan_destroy(tokenizer);
    weights_file_end(&weights);
    return outcome;
}

static enum status begin_as_tower(struct im2sp_trained *model, const struct run *run,
                                  const struct weights_file *file)
{
    const enum status outcome = im2sp_tower_fill(model, &file->table);
    if (outcome == STATUS_OK && run->team->rank == 0)
        log_event("init", "file=%s image_encoder=tower", file->table.source);
    return outcome;
}

enum status im2sp_to_train_begin_as(struct training_objective *out, const struct run *run,
                                    const struct weights_file *file)
{
    struct im2sp_trained *model = im2sp_objective_model(&out->objective);
    const size_t all = parameter_set_count(out->set);
    struct beginning beginning;
    size_t filled = 0;
    out->begins_in_part = im2sp_tower_is_in(&file->table);
    if (out->begins_in_part)
        return begin_as_tower(model, run, file);
    enum status outcome = read_beginning(&beginning, file);
    if (outcome == STATUS_OK)
        outcome =
            im2sp_trained_fill(&filled, model, &file->table, beginning.naming, beginning.prefix);
    if (outcome != STATUS_OK)
        return outcome;
    if (filled == 0 ||
        (beginning.config.input == im2sp_trained_sizes(model)->input && filled < all))
        return status_fail(STATUS_INVALID, "%s: %zu of the model's %zu tensors are there",
                           file->table.source, filled, all);
    out->begins_in_part = filled < all;
    if (run->team->rank == 0)
        log_event("init", "file=%s tensors=%zu of=%zu", file->table.source, filled, all);
    return STATUS_OK;
}
