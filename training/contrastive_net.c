#include "training/contrastive_net.h"

#include "storage/weights_file.h"
#include "training/contrastive.h"

#include <string.h>

/* Passes of a net that is asked rather than trained. */
enum { PASS_FRAMES = 8192 };

static enum status read_options(struct contrastive_options *options,
                                const struct settings *settings, const char *weights)
{
    if (strcmp(settings_text(settings, "model_type", ""), "unitmill-contrastive") != 0)
        return status_fail(STATUS_INVALID,
                           "%s: not a contrastive net as pretrain writes it, with config.json "
                           "beside it",
                           weights);
    *options = (struct contrastive_options){
        .speech = speech_encoder_default(1, 1),
        .images = speech_encoder_default(1, 1),
        .has_image_tower = settings_has(settings, "images.units"),
        .temperature = 0.07f,
        .scale_max = 100.0f,
        .pass_frames = PASS_FRAMES,
    };
    enum status outcome = speech_encoder_config_read(&options->speech, settings, "speech.");
    if (outcome == STATUS_OK && options->has_image_tower)
        outcome = speech_encoder_config_read(&options->images, settings, "images.");
    return outcome;
}

static enum status read_shape(struct store_batch_shape *shape,
                              const struct contrastive_options *options, const char *store)
{
    const struct store_batch_options reading = {
        .parts = contrastive_store_parts(options),
        .batch_bytes_max = STORE_BATCH_BYTES_MAX,
    };
    struct store_batch_reader *reader = NULL;
    const enum status outcome = store_batch_open(&reader, store, &reading);
    if (outcome != STATUS_OK)
        return outcome;
    *shape = *store_batch_shape(reader);
    store_batch_close(reader);
    return STATUS_OK;
}

/* Before there is memory for them: a configuration may claim any sizes. */
static enum status check_sizes(const struct parameter_set *set, const struct tensor_table *table)
{
    for (size_t p = 0; p < parameter_set_count(set); p++) {
        const struct parameter *parameter = parameter_set_at(set, p);
        const struct tensor *tensor = tensor_table_find(table, parameter->name);
        if (tensor == NULL || tensor->count != parameter->count)
            return status_fail(STATUS_CORRUPT,
                               "%s: %s is not there in the size that config.json says",
                               table->source, parameter->name);
    }
    return STATUS_OK;
}

static enum status build(struct contrastive_net *out, const struct weights_file *file,
                         const char *weights, const char *store,
                         const struct unit_codes *image_codes)
{
    struct contrastive_options options;
    struct store_batch_shape shape;
    enum status outcome = read_options(&options, file->settings, weights);
    options.image_codes = *image_codes;
    if (outcome == STATUS_OK)
        outcome = read_shape(&shape, &options, store);
    if (outcome == STATUS_OK)
        outcome = parameter_set_create(&out->set);
    if (outcome == STATUS_OK)
        outcome = contrastive_open(&out->objective, out->set, &options, &shape);
    if (outcome == STATUS_OK)
        outcome = check_sizes(out->set, &file->table);
    if (outcome == STATUS_OK)
        outcome = parameter_set_lay_out(out->set);
    return outcome == STATUS_OK ? parameter_set_read(out->set, &file->table, "") : outcome;
}

enum status contrastive_net_open(struct contrastive_net *out, const char *weights,
                                 const char *store, const struct unit_codes *image_codes)
{
    struct weights_file file;
    *out = (struct contrastive_net){ 0 };
    enum status outcome = weights_file_read(&file, weights, NULL);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = build(out, &file, weights, store, image_codes);
    weights_file_end(&file);
    return outcome;
}

void contrastive_net_close(struct contrastive_net *net)
{
    if (net->objective.close != NULL)
        net->objective.close(net->objective.self);
    parameter_set_destroy(net->set);
    *net = (struct contrastive_net){ 0 };
}
