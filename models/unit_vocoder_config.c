#include "models/unit_vocoder_config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct unit_vocoder_config unit_vocoder_config_public(void)
{
    return (struct unit_vocoder_config){
        .codes = 100,
        .width = 128,
        .channels = 512,
        .pre_kernel = 7,
        .post_kernel = 7,
        .stage_count = 5,
        .block_count = 3,
        .stages = { { 5, 11 }, { 4, 8 }, { 4, 8 }, { 2, 4 }, { 2, 4 } },
        .blocks = { { 3, 3, { 1, 3, 5 } }, { 7, 3, { 1, 3, 5 } }, { 11, 3, { 1, 3, 5 } } },
        .duration_hidden = 128,
        .rate_hz = 16000,
    };
}

struct unit_vocoder_config unit_vocoder_config_compact(size_t codes)
{
    struct unit_vocoder_config config = unit_vocoder_config_public();
    config.codes = codes;
    config.channels = 64;
    config.width = config.duration_hidden = 32;
    return config;
}

struct unit_vocoder_config unit_vocoder_config_small(size_t codes, size_t channels, size_t width)
{
    return (struct unit_vocoder_config){
        .codes = codes,
        .width = width,
        .channels = channels,
        .pre_kernel = 7,
        .post_kernel = 7,
        .stage_count = 4,
        .block_count = 2,
        .stages = { { 5, 11 }, { 4, 8 }, { 4, 8 }, { 4, 8 } },
        .blocks = { { 3, 2, { 1, 3 } }, { 7, 2, { 1, 3 } } },
        .duration_hidden = width,
        .rate_hz = 16000,
    };
}

size_t unit_vocoder_config_hop(const struct unit_vocoder_config *config)
{
    size_t hop = 1;
    for (size_t s = 0; s < config->stage_count; s++)
        hop *= config->stages[s].rate;
    return hop;
}

size_t unit_vocoder_config_channels(const struct unit_vocoder_config *config, size_t stage)
{
    return config->channels >> (stage + 1);
}

double unit_vocoder_config_flop(const struct unit_vocoder_config *config)
{
    double products = (double)(config->width * config->channels * config->pre_kernel), rows = 1.0;
    for (size_t s = 0; s < config->stage_count; s++) {
        const double C = (double)unit_vocoder_config_channels(config, s);
        products += rows * 2.0 * C * C * (double)config->stages[s].kernel;
        rows *= (double)config->stages[s].rate;
        for (size_t b = 0; b < config->block_count; b++)
            products += rows * C * C * 2.0 *
                        (double)(config->blocks[b].dilation_count * config->blocks[b].kernel);
        if (s + 1 == config->stage_count)
            products += rows * C * (double)config->post_kernel;
    }
    return 2.0 * products;
}

static const char *const first_tensors[] = { "conv_pre.weight_v", "conv_pre.weight" };

enum status unit_vocoder_prefix(char prefix[UNIT_VOCODER_PREFIX_BYTES],
                                const struct tensor_table *table)
{
    for (size_t t = 0; t < table->count; t++)
        for (size_t f = 0; f < sizeof first_tensors / sizeof first_tensors[0]; f++) {
            const char *name = table->tensors[t].name;
            const size_t length = strlen(name), ending = strlen(first_tensors[f]);
            if (length < ending || length - ending >= UNIT_VOCODER_PREFIX_BYTES ||
                strcmp(name + length - ending, first_tensors[f]) != 0 ||
                (length > ending && name[length - ending - 1] != '.'))
                continue;
            snprintf(prefix, UNIT_VOCODER_PREFIX_BYTES, "%.*s", (int)(length - ending), name);
            return STATUS_OK;
        }
    return status_fail(STATUS_CORRUPT, "%s: no unit vocoder: %s is not there", table->source,
                       first_tensors[0]);
}

struct reading {
    const struct tensor_table *table;
    const char *prefix;
    const struct settings *settings;
};

/* The convolution's weight, with its norm or without; NULL: not there, or no convolution. */
static const struct tensor *find_convolution(const struct reading *reading, const char *place)
{
    static const char *const endings[] = { ".weight_v", ".weight" };
    char name[160];
    for (size_t e = 0; e < 2; e++) {
        snprintf(name, sizeof name, "%s%s%s", reading->prefix, place, endings[e]);
        const struct tensor *tensor = tensor_table_find(reading->table, name);
        if (tensor != NULL)
            return tensor->dimension_count == 3 ? tensor : NULL;
    }
    return NULL;
}

static enum status read_kernel(size_t *kernel, const struct reading *reading, const char *place)
{
    const struct tensor *tensor = find_convolution(reading, place);
    if (tensor == NULL)
        return status_fail(STATUS_CORRUPT, "%s: %s%s: no weight of a convolution",
                           reading->table->source, reading->prefix, place);
    *kernel = tensor->shape[2];
    if (*kernel < 1 || *kernel > UNIT_VOCODER_KERNEL_MAX)
        return status_fail(STATUS_CORRUPT, "%s: %s%s: kernel of %zu", reading->table->source,
                           reading->prefix, place, *kernel);
    return STATUS_OK;
}

static enum status read_odd_kernel(size_t *kernel, const struct reading *reading, const char *place)
{
    const enum status outcome = read_kernel(kernel, reading, place);
    if (outcome == STATUS_OK && *kernel % 2 == 0)
        return status_fail(STATUS_CORRUPT, "%s: %s%s: even kernel of %zu", reading->table->source,
                           reading->prefix, place, *kernel);
    return outcome;
}

static bool has(const struct reading *reading, const char *name)
{
    char full[160];
    snprintf(full, sizeof full, "%s%s", reading->prefix, name);
    return tensor_table_find(reading->table, full) != NULL;
}

static enum status read_table(struct unit_vocoder_config *config, const struct reading *reading)
{
    char name[160];
    snprintf(name, sizeof name, "%sdict.weight", reading->prefix);
    const struct tensor *dict = tensor_table_find(reading->table, name);
    const struct tensor *pre = find_convolution(reading, "conv_pre");
    if (dict == NULL || dict->dimension_count != 2 || pre == NULL)
        return status_fail(STATUS_CORRUPT, "%s: %s is no table of codes", reading->table->source,
                           name);
    config->codes = dict->shape[0];
    config->width = dict->shape[1];
    config->channels = pre->shape[0];
    if (config->codes < 1 || config->codes > UNIT_VOCODER_CODES_MAX || config->width < 1 ||
        config->width > UNIT_VOCODER_CHANNELS_MAX || config->channels < 1 ||
        config->channels > UNIT_VOCODER_CHANNELS_MAX)
        return status_fail(STATUS_CORRUPT, "%s: %zu codes of %zu values, %zu channels",
                           reading->table->source, config->codes, config->width, config->channels);
    if (has(reading, "spkr.weight") || pre->shape[1] != config->width)
        return status_fail(STATUS_INVALID,
                           "%s: a vocoder that needs more than units (a speaker, a pitch)",
                           reading->table->source);
    return STATUS_OK;
}

static enum status read_stages(struct unit_vocoder_config *config, const struct reading *reading)
{
    char key[64];
    config->stage_count = 0;
    for (size_t s = 0;; s++) {
        snprintf(key, sizeof key, "ups.%zu", s);
        if (find_convolution(reading, key) == NULL)
            break;
        if (s == UNIT_VOCODER_STAGES_MAX)
            return status_fail(STATUS_CORRUPT, "%s: more than %zu stages", reading->table->source,
                               s);
        struct unit_vocoder_stage *stage = &config->stages[s];
        enum status outcome = read_kernel(&stage->kernel, reading, key);
        snprintf(key, sizeof key, "upsample_rates.%zu", s);
        if (outcome == STATUS_OK)
            outcome =
                settings_read_count(&stage->rate, reading->settings, key, 1, UNIT_VOCODER_RATE_MAX);
        if (outcome != STATUS_OK)
            return outcome;
        if (stage->rate < 1 || stage->kernel < stage->rate ||
            (stage->kernel - stage->rate) % 2 != 0)
            return status_fail(STATUS_INVALID, "%s: stage %zu: kernel %zu, rate %zu",
                               reading->table->source, s, stage->kernel, stage->rate);
        config->stage_count++;
    }
    if (config->stage_count != unit_vocoder_config_public().stage_count &&
        !settings_has(reading->settings, "upsample_rates.0"))
        return status_fail(STATUS_INVALID,
                           "%s: a vocoder of %zu stages needs its config.json: no upsample_rates",
                           reading->table->source, config->stage_count);
    snprintf(key, sizeof key, "upsample_rates.%zu", config->stage_count);
    if (config->stage_count < 1 || settings_has(reading->settings, key) ||
        config->channels % ((size_t)1 << config->stage_count) != 0 ||
        unit_vocoder_config_hop(config) > UNIT_VOCODER_HOP_MAX)
        return status_fail(STATUS_INVALID, "%s: %zu stages from %zu channels do not fit",
                           reading->table->source, config->stage_count, config->channels);
    return STATUS_OK;
}

/* Dilations are a list for each block, or one for all; how many, the weights say. */
static enum status read_block(struct unit_vocoder_block *block, const struct reading *reading,
                              size_t b)
{
    char key[80];
    *block = (struct unit_vocoder_block){ 0 };
    for (;; block->dilation_count++) {
        const size_t d = block->dilation_count;
        snprintf(key, sizeof key, "resblocks.%zu.convs1.%zu", b, d);
        if (find_convolution(reading, key) == NULL)
            break;
        if (d == UNIT_VOCODER_DILATIONS_MAX)
            return status_fail(STATUS_CORRUPT, "%s: %s is one too many", reading->table->source,
                               key);
        enum status outcome = read_odd_kernel(&block->kernel, reading, key);
        block->dilations[d] = 2 * d + 1;
        snprintf(key, sizeof key, "resblock_dilations.%zu", d);
        if (outcome == STATUS_OK)
            outcome = settings_read_count(&block->dilations[d], reading->settings, key, 1,
                                          UNIT_VOCODER_DILATION_MAX);
        snprintf(key, sizeof key, "resblock_dilation_sizes.%zu.%zu", b, d);
        if (outcome == STATUS_OK)
            outcome = settings_read_count(&block->dilations[d], reading->settings, key, 1,
                                          UNIT_VOCODER_DILATION_MAX);
        if (outcome != STATUS_OK)
            return outcome;
    }
    if (block->dilation_count < 1)
        return status_fail(STATUS_INVALID, "%s: residual block %zu is not of kind \"1\"",
                           reading->table->source, b);
    return STATUS_OK;
}

static enum status read_blocks(struct unit_vocoder_config *config, const struct reading *reading)
{
    char key[64];
    size_t all = 0;
    for (;; all++) {
        snprintf(key, sizeof key, "resblocks.%zu.convs1.0", all);
        if (find_convolution(reading, key) == NULL)
            break;
    }
    config->block_count = all / config->stage_count;
    if (all % config->stage_count != 0 || config->block_count < 1 ||
        config->block_count > UNIT_VOCODER_BLOCKS_MAX)
        return status_fail(STATUS_INVALID, "%s: %zu residual blocks of kind \"1\" for %zu stages",
                           reading->table->source, all, config->stage_count);
    enum status outcome = STATUS_OK;
    for (size_t b = 0; b < config->block_count && outcome == STATUS_OK; b++)
        outcome = read_block(&config->blocks[b], reading, b);
    return outcome;
}

static enum status read_durations(struct unit_vocoder_config *config, const struct reading *reading)
{
    config->duration_hidden = 0;
    if (!has(reading, "dur_predictor.proj.weight"))
        return STATUS_OK;
    const struct tensor *convolution = find_convolution(reading, "dur_predictor.conv1.0");
    if (convolution == NULL || convolution->shape[0] < 1 ||
        convolution->shape[0] > UNIT_VOCODER_CHANNELS_MAX || convolution->shape[2] != 3)
        return status_fail(STATUS_CORRUPT, "%s: no duration predictor with kernels of 3",
                           reading->table->source);
    config->duration_hidden = convolution->shape[0];
    return STATUS_OK;
}

/* What the settings say and the weights know better. */
static enum status check_settings(const struct unit_vocoder_config *config,
                                  const struct settings *settings)
{
    const struct {
        const char *key;
        size_t count;
    } known[] = { { "num_embeddings", config->codes },
                  { "embedding_dim", config->width },
                  { "upsample_initial_channel", config->channels },
                  { "code_hop_size", unit_vocoder_config_hop(config) } };
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        if (settings_has(settings, known[k].key) &&
            settings_number(settings, known[k].key, 0.0) != (double)known[k].count)
            return status_fail(STATUS_INVALID, "%s: %s is not the weights' %zu",
                               settings_source(settings), known[k].key, known[k].count);
    if (settings_switch(settings, "f0", false) || settings_switch(settings, "multispkr", false) ||
        strcmp(settings_text(settings, "resblock", "1"), "1") != 0)
        return status_fail(STATUS_INVALID,
                           "%s: a vocoder of units alone, of residual blocks \"1\", is needed",
                           settings_source(settings));
    return STATUS_OK;
}

enum status unit_vocoder_config_read(struct unit_vocoder_config *out,
                                     const struct tensor_table *table, const char *prefix,
                                     const struct settings *settings)
{
    const struct reading reading = { table, prefix, settings };
    *out = unit_vocoder_config_public();
    enum status outcome = read_table(out, &reading);
    if (outcome == STATUS_OK)
        outcome = read_odd_kernel(&out->pre_kernel, &reading, "conv_pre");
    if (outcome == STATUS_OK)
        outcome = read_odd_kernel(&out->post_kernel, &reading, "conv_post");
    if (outcome == STATUS_OK)
        outcome = read_stages(out, &reading);
    if (outcome == STATUS_OK)
        outcome = read_blocks(out, &reading);
    if (outcome == STATUS_OK)
        outcome = read_durations(out, &reading);
    if (outcome == STATUS_OK)
        outcome = settings_read_count(&out->rate_hz, settings, "sampling_rate", 1000, 192000);
    return outcome == STATUS_OK ? check_settings(out, settings) : outcome;
}

enum status unit_vocoder_config_write(struct settings *settings,
                                      const struct unit_vocoder_config *config)
{
    enum status outcome = settings_put_text(settings, "resblock", "1");
    char key[80];
    for (size_t s = 0; s < config->stage_count && outcome == STATUS_OK; s++) {
        snprintf(key, sizeof key, "upsample_rates.%zu", s);
        outcome = settings_put_number(settings, key, (double)config->stages[s].rate);
    }
    for (size_t s = 0; s < config->stage_count && outcome == STATUS_OK; s++) {
        snprintf(key, sizeof key, "upsample_kernel_sizes.%zu", s);
        outcome = settings_put_number(settings, key, (double)config->stages[s].kernel);
    }
    for (size_t b = 0; b < config->block_count && outcome == STATUS_OK; b++)
        for (size_t d = 0; d < config->blocks[b].dilation_count && outcome == STATUS_OK; d++) {
            snprintf(key, sizeof key, "resblock_dilation_sizes.%zu.%zu", b, d);
            outcome = settings_put_number(settings, key, (double)config->blocks[b].dilations[d]);
        }
    const struct {
        const char *key;
        size_t count;
    } counts[] = { { "upsample_initial_channel", config->channels },
                   { "num_embeddings", config->codes },
                   { "embedding_dim", config->width },
                   { "model_in_dim", config->width },
                   { "code_hop_size", unit_vocoder_config_hop(config) },
                   { "sampling_rate", config->rate_hz } };
    for (size_t c = 0; c < sizeof counts / sizeof counts[0] && outcome == STATUS_OK; c++)
        outcome = settings_put_number(settings, counts[c].key, (double)counts[c].count);
    return outcome;
}
