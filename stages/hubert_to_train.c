#include "stages/hubert_to_train.h"

#include "core/log.h"
#include "stages/training_speech.h"
#include "training/hubert.h"

#include <stdio.h>
#include <string.h>

static struct hubert_config config_of_plan(const struct plan *plan)
{
    struct hubert_config config = hubert_config_compact();
    for (size_t c = 0; c < config.convolution_count; c++)
        config.convolutions[c].channels = plan->pretrain.convolution_channels;
    config.convolution_bias = config.convolution_layer_norm = config.norm_first =
        config.normalise_wave = strcmp(plan->pretrain.structure, "large") == 0;
    config.width = plan->pretrain.width;
    config.layers = plan->pretrain.blocks;
    config.heads = plan->pretrain.heads;
    config.feed_forward_width =
        plan->pretrain.feed_forward > 0 ? plan->pretrain.feed_forward : 4 * config.width;
    config.position_kernel = plan->pretrain.position_kernel;
    config.position_groups = plan->pretrain.position_groups;
    return config;
}

/* Sizes, of the weights that training begins as or of the plan. */
static enum status choose_config(struct hubert_config *config, const struct plan *plan)
{
    struct weights_file file;
    *config = config_of_plan(plan);
    if (plan->pretrain.init == NULL)
        return STATUS_OK;
    enum status outcome = weights_file_read(&file, plan->pretrain.init, NULL);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = hubert_config_of_weights(config, &file.table, file.settings);
    weights_file_end(&file);
    return outcome;
}

static bool tells_mfcc(const struct plan *plan)
{
    return strcmp(plan->pretrain.targets, "mfcc") == 0;
}

enum status hubert_to_train_open(struct training_objective *out, const struct run *run)
{
    const struct plan *plan = &run->plan;
    struct hubert_objective_options options = {
        .model = { .projection_width = plan->pretrain.embedding,
                   .temperature = (float)plan->pretrain.temperature,
                   .dropout = (float)plan->pretrain.dropout },
        .mask = { plan->pretrain.mask_probability, plan->pretrain.mask_length },
        .unmasked_weight = plan->pretrain.unmasked_weight,
        .crop_samples = plan->pretrain.crop_samples,
        .pass_rows = plan->pretrain.pass_frames,
    };
    struct training_speech *speech;
    if (strcmp(plan->pretrain.targets, "embeddings") == 0 ||
        strcmp(plan->pretrain.targets, "image-units") == 0)
        return status_fail(STATUS_INVALID, "pretrain.targets: %s is not for hubert",
                           plan->pretrain.targets);
    enum status outcome = choose_config(&options.model.net, plan);
    if (outcome == STATUS_OK)
        outcome = training_speech_open(&speech, run, TRAINING_SPEECH_CACHE_BYTES);
    if (outcome != STATUS_OK)
        return outcome;
    options.model.codewords =
        tells_mfcc(plan) ? plan->fit_units.clusters : training_speech_codebook(speech);
    snprintf(out->store_recipe, sizeof out->store_recipe, "%s", training_speech_digest(speech));
    const struct speech_reader reader = training_speech_reader(speech);
    out->speech = speech;
    return hubert_objective_open(&out->objective, out->set, &options, &reader);
}

enum status hubert_to_train_prepare(struct training_objective *out, const struct run *run)
{
    return tells_mfcc(&run->plan) ? training_speech_fit(out->speech) : STATUS_OK;
}

enum status hubert_to_train_begin_as(struct training_objective *out, const struct run *run,
                                     const struct weights_file *file)
{
    size_t filled = 0;
    const enum status outcome =
        hubert_trained_fill(&filled, hubert_objective_net(&out->objective), &file->table);
    out->begins_in_part = filled < parameter_set_count(out->set);
    if (outcome == STATUS_OK && run->team->rank == 0)
        log_event("init", "file=%s tensors=%zu of=%zu", file->table.source, filled,
                  parameter_set_count(out->set));
    return outcome;
}
