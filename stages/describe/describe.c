#include "stages/describe/describe.h"

#include "cluster/stop.h"
#include "core/file.h"
#include "core/log.h"
#include "stages/caption_units.h"
#include "stages/generation_method.h"
#include "stages/picture_speaker.h"
#include "stages/shipped_nets.h"
#include "stages/unit_speech.h"
#include "storage/audio_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
    struct picture_speaker_options speaker;
    const char *vocoder, *vocoder_config, *resize, *method, *out;
    size_t seed;
    struct generation_options options;
    char shipped[3][PATH_BYTES]; /* weights of the nets that ship with unitmill */
};

/* All pictures of the command. */
struct describing {
    const struct request *request;
    const char *const *paths; /* [count] */
    size_t count, next, failed;
    /* Of the picture in hand: */
    size_t said;     /* captions that are not empty */
    bool has_failed; /* it is counted already */
    struct picture_speaker *speaker;
    struct unit_vocoder *vocoder;
};

/* A picture's failure is told; a full memory ends the command. */
static enum status note_failure(struct describing *describing, enum status outcome)
{
    if (outcome == STATUS_OK || outcome == STATUS_NO_MEMORY)
        return outcome;
    describing->failed += !describing->has_failed;
    describing->has_failed = true;
    log_failure(status_text());
    return STATUS_OK;
}

static enum status next_picture(void *payload, bool *is_there, float *picture, size_t *number,
                                const char **subject)
{
    struct describing *describing = payload;
    for (*is_there = false; describing->next < describing->count && !*is_there;) {
        *number = describing->next++;
        describing->has_failed = false;
        *subject = path_name(describing->paths[*number]);
        if (stop_requested())
            return status_fail(STATUS_STOPPED, "stopped by a signal");
        enum status outcome =
            picture_speaker_look(picture, describing->speaker, describing->paths[*number]);
        *is_there = outcome == STATUS_OK;
        outcome = note_failure(describing, outcome);
        if (outcome != STATUS_OK)
            return outcome;
    }
    return STATUS_OK;
}

/* DIR/NAME.wav, or DIR/NAME-N.wav for one of several. */
static enum status name_output(char path[PATH_BYTES], const struct request *request,
                               const char *picture, size_t caption)
{
    char name[PATH_BYTES], number[24] = "";
    const char *base = path_name(picture), *dot = strrchr(base, '.');
    const size_t length = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
    if (request->options.captions > 1)
        snprintf(number, sizeof number, "-%zu", caption);
    snprintf(name, sizeof name, "%.*s%s.wav", (int)(length < 200 ? length : 200), base, number);
    return path_join(path, request->out, name);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Two pictures of one name would share a file. */
static enum status check_names(const struct request *request, const char *const *paths,
                               size_t count)
{
    char **names = calloc(count, sizeof *names);
    enum status outcome = names == NULL ? status_fail(STATUS_NO_MEMORY, "names") : STATUS_OK;
    for (size_t p = 0; p < count && outcome == STATUS_OK; p++) {
        char path[PATH_BYTES];
        outcome = name_output(path, request, paths[p], 0);
        if (outcome == STATUS_OK && (names[p] = strdup(path)) == NULL)
            outcome = status_fail(STATUS_NO_MEMORY, "names");
    }
    if (outcome == STATUS_OK)
        qsort(names, count, sizeof *names, compare_texts);
    for (size_t p = 1; p < count && outcome == STATUS_OK; p++)
        if (strcmp(names[p - 1], names[p]) == 0)
            outcome = status_fail(STATUS_INVALID, "%s: two pictures would become this", names[p]);
    for (size_t p = 0; names != NULL && p < count; p++)
        free(names[p]);
    free(names);
    return outcome;
}

static enum status write_caption(const struct describing *describing, const char *picture,
                                 size_t caption, const uint16_t *units, size_t count)
{
    char path[PATH_BYTES];
    int16_t *samples = NULL;
    size_t sample_count = 0;
    enum status outcome = name_output(path, describing->request, picture, caption);
    if (outcome == STATUS_OK)
        outcome =
            unit_speech_make_short(&samples, &sample_count, describing->vocoder, units, count);
    if (outcome == STATUS_OK)
        outcome = audio_file_write_wav(path, samples, sample_count,
                                       (unsigned)unit_vocoder_sizes(describing->vocoder)->rate_hz);
    free(samples);
    if (outcome != STATUS_OK)
        return outcome;
    printf("%s\t", path);
    for (size_t i = 0; i < count; i++)
        printf("%s%u", i == 0 ? "" : " ", units[i]);
    printf("\n");
    return STATUS_OK;
}

static enum status take_caption(void *payload, const struct generation_result *result)
{
    struct describing *describing = payload;
    const struct im2sp *net = picture_speaker_net(describing->speaker);
    const char *picture = describing->paths[result->number];
    uint16_t *units = NULL;
    size_t count = 0;
    enum status outcome = caption_units(&units, &count, im2sp_sizes(net)->ids, result);
    if (result->caption == 0) {
        describing->said = 0;
        describing->has_failed = false;
    }
    describing->said += count > 0;
    if (outcome == STATUS_OK && count > 0)
        outcome = write_caption(describing, picture, result->caption, units, count);
    else if (outcome == STATUS_OK && result->caption + 1 == describing->request->options.captions &&
             describing->said == 0)
        outcome = status_fail(STATUS_INVALID, "%s: the model says nothing", picture);
    if (outcome == STATUS_OK && result->is_cut)
        log_say("%s: the caption had not ended after %zu units and was cut", picture, count);
    free(units);
    return outcome == STATUS_IO ? outcome : note_failure(describing, outcome);
}

static enum status load(struct describing *describing, const struct request *request)
{
    enum status outcome = picture_speaker_create(&describing->speaker, &request->speaker);
    if (outcome == STATUS_OK)
        outcome = unit_speech_load(&describing->vocoder, request->vocoder, request->vocoder_config);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t units = im2sp_sizes(picture_speaker_net(describing->speaker))->units;
    outcome = unit_speech_check(describing->vocoder, request->vocoder, units);
    return outcome == STATUS_OK ? folder_make(request->out) : outcome;
}

static enum status describe(const struct request *request, const char *const *paths, size_t count)
{
    struct describing describing = { .request = request, .paths = paths, .count = count };
    struct generation_options options = request->options;
    struct generation *generation = NULL;
    enum status outcome = check_names(request, paths, count);
    if (outcome == STATUS_OK)
        outcome = load(&describing, request);
    if (outcome == STATUS_OK) {
        struct im2sp *net = picture_speaker_net(describing.speaker);
        options.length_max = generation_method_length(net, options.length_max);
        outcome = generation_create(&generation, net, &options);
    }
    if (outcome == STATUS_OK)
        outcome = generation_run(
            generation, &(struct generation_ends){ next_picture, take_caption, &describing });
    if (outcome == STATUS_OK && describing.failed > 0)
        outcome = status_fail(STATUS_INVALID, "%zu of %zu pictures were not described",
                              describing.failed, count);
    generation_destroy(generation);
    unit_vocoder_destroy(describing.vocoder);
    picture_speaker_destroy(describing.speaker);
    return outcome;
}

/* The nets that ship with unitmill were made for each other, so they are defaults together: beside
 * a model that is given, the others are asked for. */
static enum status choose(struct request *request)
{
    const struct {
        const char **weights, *net;
    } nets[] = { { &request->speaker.weights, "im2sp" },
                 { &request->vocoder, "vocoder" },
                 { &request->speaker.vit_vqgan, "vit-vqgan" } };
    const bool is_given = !shipped_net_is_meant(request->speaker.weights);
    enum status outcome = STATUS_OK;
    for (size_t n = 0; n < sizeof nets / sizeof nets[0] && outcome == STATUS_OK; n++)
        if (!is_given || *nets[n].weights != NULL)
            outcome = shipped_net_default(nets[n].weights, request->shipped[n], nets[n].net);
    return outcome;
}

enum status describe_command(struct command_line *line, int argc, char **argv)
{
    struct request request = {
        .speaker.sees_files = true,
        .resize = "bicubic",
        .method = "greedy",
        .seed = 1,
        .options = { .batch = 4,
                     .captions = 1,
                     .length_max = 512,
                     .beams = 5,
                     .length_penalty = 1.0,
                     .temperature = 1.0,
                     .top_p = 1.0 },
    };
    const struct option table[] = {
        { "im2sp", OPTION_TEXT, &request.speaker.weights, "W",
          "image-to-speech-unit weights (default: those that ship with unitmill)" },
        { "config", OPTION_TEXT, &request.speaker.config, "FILE",
          "their configuration (default: config.json beside them)" },
        { "vit-vqgan", OPTION_TEXT, &request.speaker.vit_vqgan, "W",
          "for a model of image units: what makes them (default with the default model)" },
        { "vit-vqgan-config", OPTION_TEXT, &request.speaker.vit_vqgan_config, "FILE",
          "its configuration" },
        { "clip", OPTION_TEXT, &request.speaker.clip, "W",
          "for a model of image embeddings: what makes them" },
        { "clip-config", OPTION_TEXT, &request.speaker.clip_config, "FILE", "its configuration" },
        { "resize", OPTION_TEXT, &request.resize, "FILTER",
          "for its pictures: bicubic (default), bilinear or lanczos" },
        { "vocoder", OPTION_TEXT, &request.vocoder, "W",
          "unit vocoder weights, with a duration predictor (default with the default model)" },
        { "vocoder-config", OPTION_TEXT, &request.vocoder_config, "FILE", "their configuration" },
        { "method", OPTION_TEXT, &request.method, "NAME", "greedy (default), beam or sample" },
        { "beams", OPTION_COUNT, &request.options.beams, "N", "of beam search (default 5)" },
        { "captions", OPTION_COUNT, &request.options.captions, "N",
          "of a picture, by sampling or the best of beam search (default 1)" },
        { "length-max", OPTION_COUNT, &request.options.length_max, "N",
          "ids of a caption, its beginning included (default 512)" },
        { "temperature", OPTION_NUMBER, &request.options.temperature, "T", "of sampling" },
        { "top-k", OPTION_COUNT, &request.options.top_k, "K", "sample among the K likeliest" },
        { "top-p", OPTION_NUMBER, &request.options.top_p, "P",
          "sample among the likeliest that make up P" },
        { "seed", OPTION_COUNT, &request.seed, "S", "of sampling (default 1)" },
        { "out", OPTION_TEXT, &request.out, "DIR", "folder for the WAV files" },
    };
    if (!command_begin(line, table, sizeof table / sizeof table[0], argc, argv))
        return STATUS_OK;
    if (request.out == NULL)
        return command_usage(line, "--out is needed");
    if (!shipped_net_is_meant(request.speaker.weights) && request.vocoder == NULL)
        return command_usage(line,
                             "--vocoder is needed for the model of --im2sp; compact names the "
                             "one that ships with unitmill");
    request.options.seed = request.seed;
    if (generation_method_parse(&request.options.method, request.method) != STATUS_OK ||
        resize_filter_parse(&request.speaker.filter, request.resize) != STATUS_OK)
        return command_usage(line, status_text());
    const enum status outcome = choose(&request);
    return outcome == STATUS_OK ? describe(&request, line->operands, line->operand_count) : outcome;
}
