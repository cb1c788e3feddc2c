#include "stages/shipped_nets.h"

#include "core/shipped_file.h"
#include "storage/settings_file.h"

#include <stdlib.h>
#include <string.h>

enum { PUBLIC_UNITS_LAYER = 6, LAYER_MAX = PLAN_LAYER_AUTO - 1 };

static const char place[] = "models/compact", weights_name[] = "model.safetensors",
                  centres_name[] = "hubert/kmeans.h5";

enum status shipped_net_find(char path[PATH_BYTES], const char *name)
{
    const char *folder = getenv("UNITMILL_MODELS");
    if (folder == NULL || folder[0] == '\0') {
        const enum status outcome = shipped_file_find(path, place, place, name);
        return outcome == STATUS_NOT_FOUND
                   ? status_fail(outcome, "%s is not installed: %s", place, status_text())
                   : outcome;
    }
    char absolute[PATH_BYTES];
    if (realpath(folder, absolute) == NULL)
        snprintf(absolute, sizeof absolute, "%s", folder);
    const enum status outcome = path_join(path, absolute, name);
    if (outcome != STATUS_OK || file_exists(path))
        return outcome;
    return status_fail(STATUS_NOT_FOUND, "%s is not installed: UNITMILL_MODELS: %s: no such file",
                       place, path);
}

static bool is_compact(const char *path)
{
    return path != NULL && strcmp(path, plan_compact) == 0;
}

static enum status find_weights(char path[PATH_BYTES], const char *net)
{
    char name[64];
    snprintf(name, sizeof name, "%s/%s", net, weights_name);
    return shipped_net_find(path, name);
}

bool shipped_net_is_meant(const char *weights)
{
    return weights == NULL || is_compact(weights);
}

enum status shipped_net_default(const char **weights, char room[PATH_BYTES], const char *net)
{
    if (!shipped_net_is_meant(*weights))
        return STATUS_OK;
    *weights = room;
    return find_weights(room, net);
}

enum status shipped_nets_layer(size_t *layer, const char *weights, const char *config)
{
    struct settings *settings = NULL;
    enum status outcome = settings_file_beside(&settings, weights, config);
    *layer = PUBLIC_UNITS_LAYER;
    if (outcome == STATUS_OK)
        outcome = settings_read_count(layer, settings, "unitmill.units_layer", 0, LAYER_MAX);
    settings_destroy(settings);
    return outcome;
}

/* A path of the plan that may be `compact`, the net that is meant then, and its configuration. */
struct place_of_net {
    const char *key, *net;
    char **path, **config; /* config NULL: the plan has no key for it */
};

enum { PLACE_COUNT = 5 };

static void list_places(struct place_of_net places[PLACE_COUNT], struct plan *plan)
{
    const struct place_of_net all[PLACE_COUNT] = {
        { "speech_units.hubert", "hubert", &plan->speech_units.hubert, &plan->speech_units.config },
        { "image_units.vit_vqgan", "vit-vqgan", &plan->image_units.vit_vqgan,
          &plan->image_units.config },
        { "generate.im2sp", "im2sp", &plan->generate.im2sp, &plan->generate.config },
        { "generate.vocoder", "vocoder", &plan->generate.vocoder, &plan->generate.vocoder_config },
        /* the folders of nets are called as the objectives that train them */
        { "pretrain.init", plan->pretrain.objective, &plan->pretrain.init, NULL },
    };
    memcpy(places, all, sizeof all);
}

/* A weights file without a named configuration may have config.json beside it. */
static enum status find_config(char path[PATH_BYTES], const char *weights)
{
    char folder[PATH_BYTES];
    path_folder(folder, weights);
    return path_join(path, folder, "config.json");
}

static enum status set_config(char **config, const char *weights)
{
    char beside[PATH_BYTES];
    if (*config != NULL || weights == NULL)
        return STATUS_OK;
    const enum status outcome = find_config(beside, weights);
    if (outcome != STATUS_OK || !file_exists(beside))
        return outcome;
    return plan_set_text(config, beside);
}

static enum status set_found(char **member, const char *path, const char *key, enum status found,
                             bool is_view)
{
    if (found == STATUS_NOT_FOUND && is_view)
        found = STATUS_OK;
    if (found != STATUS_OK)
        return status_fail(found, "%s: %s", key, status_text());
    return plan_set_text(member, path);
}

static enum status resolve_net(const struct place_of_net *net, bool is_view)
{
    char path[PATH_BYTES];
    enum status outcome = STATUS_OK;
    if (is_compact(*net->path)) {
        const enum status found = find_weights(path, net->net);
        outcome = set_found(net->path, path, net->key, found, is_view);
    }
    return outcome == STATUS_OK && net->config != NULL ? set_config(net->config, *net->path)
                                                       : outcome;
}

/* Before the words go by which it is told. */
static enum status resolve_centres(struct plan *plan, bool is_view)
{
    char path[PATH_BYTES];
    if (plan_fits_units(plan))
        return plan_set_text(&plan->speech_units.kmeans, "fit");
    if (plan->speech_units.kmeans != NULL && !is_compact(plan->speech_units.kmeans))
        return STATUS_OK;
    const enum status found = shipped_net_find(path, centres_name);
    return set_found(&plan->speech_units.kmeans, path, "speech_units.kmeans", found, is_view);
}

enum status shipped_nets_resolve(struct plan *plan, bool is_view)
{
    struct place_of_net places[PLACE_COUNT];
    enum status outcome = resolve_centres(plan, is_view);
    list_places(places, plan);
    for (size_t p = 0; p < PLACE_COUNT && outcome == STATUS_OK; p++)
        outcome = resolve_net(&places[p], is_view);
    if (outcome == STATUS_OK)
        outcome = set_config(&plan->embed_images.config, plan->embed_images.clip);
    if (outcome == STATUS_OK && !is_view && plan->speech_units.layer == PLAN_LAYER_AUTO)
        outcome = shipped_nets_layer(&plan->speech_units.layer, plan->speech_units.hubert,
                                     plan->speech_units.config);
    return outcome;
}

/* Whether the plan's path is that of the shipped net, so that the word says the same. */
static bool is_shipped(const char *path, const char *net)
{
    char shipped[PATH_BYTES];
    return path != NULL && find_weights(shipped, net) == STATUS_OK && strcmp(path, shipped) == 0;
}

void shipped_nets_write_plan(FILE *stream, const struct plan *plan)
{
    struct plan worded = *plan; /* borrows everything */
    struct place_of_net places[PLACE_COUNT];
    char word[sizeof "compact"], path[PATH_BYTES];
    snprintf(word, sizeof word, "%s", plan_compact);
    list_places(places, &worded);
    for (size_t p = 0; p < PLACE_COUNT; p++) {
        if (!is_shipped(*places[p].path, places[p].net))
            continue;
        char **config = places[p].config;
        if (config != NULL && *config != NULL && find_config(path, *places[p].path) == STATUS_OK &&
            strcmp(path, *config) == 0)
            *config = NULL;
        *places[p].path = word;
    }
    if (worded.speech_units.kmeans != NULL && shipped_net_find(path, centres_name) == STATUS_OK &&
        strcmp(path, worded.speech_units.kmeans) == 0)
        worded.speech_units.kmeans = word;
    plan_write(stream, &worded);
}
