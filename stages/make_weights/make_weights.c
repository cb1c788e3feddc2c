#include "stages/make_weights/make_weights.h"

#include "core/file.h"
#include "core/log.h"
#include "core/random.h"
#include "core/settings.h"
#include "models/im2sp_untrained.h"
#include "models/unit_vocoder_untrained.h"
#include "stages/make_weights/drawn_pictures.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "tokenizers/image/clip_untrained.h"
#include "tokenizers/image/vit_vqgan_designed.h"
#include "tokenizers/image/vit_vqgan_untrained.h"
#include "tokenizers/speech/hubert_designed.h"
#include "tokenizers/speech/hubert_untrained.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
    const char *net, *size, *kind, *folder;
    size_t seed, units, side, channels, embedding;
    bool is_designed; /* else drawn */
};

/* Blocks before units are taken from the compact net: of the designed one all are alike. */
enum { COMPACT_UNITS_LAYER = 3 };

static enum status make_hubert(struct tensor_table *table, struct settings *settings,
                               const struct request *request)
{
    const bool is_base = strcmp(request->size, "base") == 0;
    const struct hubert_config config = is_base ? hubert_config_base() : hubert_config_compact();
    enum status outcome = request->is_designed ? hubert_designed(table)
                                               : hubert_untrained(table, &config, request->seed);
    if (outcome == STATUS_OK && !is_base)
        outcome = settings_put_number(settings, "unitmill.units_layer", COMPACT_UNITS_LAYER);
    return outcome == STATUS_OK ? hubert_config_write(settings, &config) : outcome;
}

/* Its codebook is fitted to scenes of a seed of their own: no data set that somebody draws is among
 * them but by chance. */
static enum status design_vit_vqgan(struct tensor_table *table, uint64_t seed)
{
    enum { PICTURES = 96, SIDE = 256 };
    struct random_stream stream = random_stream_for(seed, "vit-vqgan", "scenes");
    const uint64_t scenes_seed = (uint64_t)random_bits(&stream) << 32 | random_bits(&stream);
    uint8_t *pixels = malloc((size_t)PICTURES * SIDE * SIDE * 3);
    if (pixels == NULL)
        return status_fail(STATUS_NO_MEMORY, "%d pictures for a codebook", PICTURES);
    enum status outcome = drawn_pictures_make(pixels, PICTURES, SIDE, scenes_seed);
    if (outcome == STATUS_OK)
        outcome = vit_vqgan_designed(table, pixels, PICTURES, seed);
    free(pixels);
    return outcome;
}

static enum status make_vit_vqgan(struct tensor_table *table, struct settings *settings,
                                  const struct request *request)
{
    struct vit_vqgan_config config = vit_vqgan_config_compact();
    if (strcmp(request->size, "base") == 0) {
        const struct vit_vqgan_tower tower = { 768, 12, 12, 64, 3072 };
        config.encoder = config.decoder = tower;
    }
    const enum status outcome = request->is_designed
                                    ? design_vit_vqgan(table, request->seed)
                                    : vit_vqgan_untrained(table, &config, request->seed);
    return outcome == STATUS_OK ? vit_vqgan_config_write(settings, &config) : outcome;
}

static enum status make_clip(struct tensor_table *table, struct settings *settings,
                             const struct request *request)
{
    struct clip_config config = clip_config_compact();
    if (strcmp(request->size, "base") == 0) {
        config.width = 768;
        config.layers = config.heads = 12;
        config.mlp = 3072;
        config.embedding = 512;
    }
    const enum status outcome = clip_untrained(table, &config, request->seed);
    return outcome == STATUS_OK ? clip_config_write(settings, &config) : outcome;
}

static enum status make_vocoder(struct tensor_table *table, struct settings *settings,
                                const struct request *request)
{
    const struct unit_vocoder_config config = strcmp(request->size, "base") == 0
                                                  ? unit_vocoder_config_public()
                                                  : unit_vocoder_config_compact(request->units);
    const enum status outcome = unit_vocoder_untrained(table, &config, request->seed);
    return outcome == STATUS_OK ? unit_vocoder_config_write(settings, &config) : outcome;
}

enum { PREFIX_TOKENS = 4 }; /* as pretrain.prefix_tokens has it */

static enum status make_im2sp(struct tensor_table *table, struct settings *settings,
                              const struct request *request)
{
    struct im2sp_config config =
        strcmp(request->size, "base") == 0
            ? im2sp_config_large()
            : im2sp_config_compact(request->side, request->channels, request->units);
    if (config.encoder.side < 2 || config.encoder.side % 2 != 0 || config.encoder.side > 256)
        return status_fail(STATUS_INVALID, "--side is an even number up to 256");
    if (request->embedding > 0)
        im2sp_config_see_embeddings(&config, request->embedding, PREFIX_TOKENS);
    const enum status outcome = im2sp_untrained(table, &config, request->seed);
    return outcome == STATUS_OK ? im2sp_config_write(settings, &config) : outcome;
}

static enum status write_files(const struct tensor_table *table, const struct settings *settings,
                               const struct request *request)
{
    char weights[PATH_BYTES], config[PATH_BYTES], seed[24];
    snprintf(seed, sizeof seed, "%zu", request->seed);
    const char *const metadata[] = { "trained",
                                     request->is_designed ? "no: designed"
                                                          : "no: drawn from a seed",
                                     "seed", seed, NULL };
    enum status outcome = folder_make(request->folder);
    if (outcome == STATUS_OK)
        outcome = path_join(weights, request->folder, "model.safetensors");
    if (outcome == STATUS_OK)
        outcome = path_join(config, request->folder, "config.json");
    if (outcome == STATUS_OK)
        outcome = settings_file_write(config, settings);
    if (outcome == STATUS_OK)
        outcome = safetensors_write(weights, table, metadata);
    if (outcome == STATUS_OK)
        log_say("%s: %s weights, %s (seed %zu)", weights, request->net,
                request->is_designed ? "designed, not trained" : "random: their units mean nothing",
                request->seed);
    return outcome;
}

struct maker {
    const char *net;
    bool has_design; /* in its compact size */
    enum status (*make)(struct tensor_table *table, struct settings *settings,
                        const struct request *request);
};

/* What makes a net of this name, or NULL. */
static const struct maker *find_maker(const char *net)
{
    static const struct maker makers[] = { { "hubert", true, make_hubert },
                                           { "vit-vqgan", true, make_vit_vqgan },
                                           { "clip", false, make_clip },
                                           { "im2sp", false, make_im2sp },
                                           { "vocoder", false, make_vocoder } };
    for (size_t m = 0; net != NULL && m < sizeof makers / sizeof makers[0]; m++)
        if (strcmp(makers[m].net, net) == 0)
            return &makers[m];
    return NULL;
}

static enum status make(const struct request *request)
{
    struct tensor_table table = { 0 };
    struct settings *settings = settings_create("config.json");
    enum status outcome = STATUS_OK;
    if (settings == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "settings");
    else
        outcome = find_maker(request->net)->make(&table, settings, request);
    if (outcome == STATUS_OK)
        outcome = write_files(&table, settings, request);
    tensor_table_end(&table);
    settings_destroy(settings);
    return outcome;
}

enum status make_weights_command(struct command_line *line, int argc, char **argv)
{
    struct request request = { .size = "compact",
                               .seed = 1,
                               .units = 100,
                               .side = 28,
                               .channels = vit_vqgan_config_compact().code_width };
    const struct option table[] = {
        { "net", OPTION_TEXT, &request.net, "NET", "hubert, vit-vqgan, clip, im2sp or vocoder" },
        { "size", OPTION_TEXT, &request.size, "SIZE", "compact (default) or base" },
        { "units", OPTION_COUNT, &request.units, "K",
          "speech units of a compact im2sp or vocoder (default 100)" },
        { "side", OPTION_COUNT, &request.side, "N",
          "side of the grid of image units that a compact im2sp sees (default 28)" },
        { "channels", OPTION_COUNT, &request.channels, "C",
          "values of a code of those (default: as of the compact vit-vqgan)" },
        { "embedding", OPTION_COUNT, &request.embedding, "E",
          "an im2sp that sees CLIP's embeddings of E values instead of image units" },
        { "kind", OPTION_TEXT, &request.kind, "KIND",
          "designed (where there is such a net, the default) or random" },
        { "seed", OPTION_COUNT, &request.seed, "S", "of every draw (default 1)" },
    };
    if (!command_begin(line, table, sizeof table / sizeof table[0], argc, argv))
        return STATUS_OK;
    request.folder = line->operands[0];
    if (find_maker(request.net) == NULL)
        return command_usage(line, "--net is hubert, vit-vqgan, clip, im2sp or vocoder");
    if (strcmp(request.size, "compact") != 0 && strcmp(request.size, "base") != 0)
        return command_usage(line, "--size is compact or base");
    if (request.units < 1 || request.units > 65000 || request.channels < 1 ||
        request.channels > 1024 || request.embedding > IM2SP_WIDTH_MAX)
        return command_usage(line,
                             "--units is 1 to 65000, --channels 1 to 1024, --embedding up to 8192");
    if (request.kind != NULL && strcmp(request.kind, "designed") != 0 &&
        strcmp(request.kind, "random") != 0)
        return command_usage(line, "--kind is designed or random");
    const bool has_design =
        find_maker(request.net)->has_design && strcmp(request.size, "compact") == 0;
    if (!has_design && request.kind != NULL && strcmp(request.kind, "designed") == 0)
        return command_usage(line, "only a compact hubert or vit-vqgan is there as designed");
    request.is_designed =
        has_design && (request.kind == NULL || strcmp(request.kind, "designed") == 0);
    return make(&request);
}
