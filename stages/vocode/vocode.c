#include "stages/vocode/vocode.h"

#include "cluster/stop.h"
#include "core/file.h"
#include "stages/shipped_nets.h"
#include "stages/unit_speech.h"
#include "storage/audio_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS_FILE_BYTES_MAX = 1 << 28 };

struct request {
    const char *weights, *config, *units, *units_file, *out;
    bool predicts_durations;
};

static enum status speak(const char *path, struct unit_vocoder *net, const char *text,
                         bool with_durations)
{
    int64_t *units = NULL;
    int16_t *samples = NULL;
    size_t count = 0, sample_count = 0;
    enum status outcome = unit_speech_parse(&units, &count, text);
    if (outcome == STATUS_OK)
        outcome = unit_speech_make(&samples, &sample_count, net, units, count, with_durations);
    if (outcome == STATUS_OK)
        outcome = audio_file_write_wav(path, samples, sample_count,
                                       (unsigned)unit_vocoder_sizes(net)->rate_hz);
    if (outcome == STATUS_OK)
        printf("%s\n", path);
    free(units);
    free(samples);
    return outcome;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " ,\t\r")] == '\0';
}

/* O.wav, or O-3.wav for line 3 of several. */
static enum status name_output(char path[PATH_BYTES], const char *out, size_t line, bool is_alone)
{
    static const char ending[] = ".wav";
    size_t stem = strlen(out);
    if (stem > sizeof ending - 1 && strcmp(out + stem - (sizeof ending - 1), ending) == 0)
        stem -= sizeof ending - 1;
    const int written =
        is_alone ? snprintf(path, PATH_BYTES, "%s", out)
                 : snprintf(path, PATH_BYTES, "%.*s-%zu%s", (int)stem, out, line, ending);
    return written < PATH_BYTES ? STATUS_OK : status_fail(STATUS_INVALID, "%s: too long", out);
}

static enum status speak_lines(struct unit_vocoder *net, char *text, const struct request *request)
{
    size_t spoken = 0, utterances = 0, number = 0;
    char *rest = text, *line, path[PATH_BYTES], reason[STATUS_TEXT_BYTES];
    for (const char *at = text; *at != '\0'; at += strspn(at, "\n")) {
        utterances += strspn(at, " ,\t\r") < strcspn(at, "\n");
        at += strcspn(at, "\n");
    }
    while ((line = strsep(&rest, "\n")) != NULL) {
        number++;
        if (is_blank(line))
            continue;
        if (stop_requested())
            return status_fail(STATUS_STOPPED, "stopped by a signal after %zu utterances", spoken);
        enum status outcome = name_output(path, request->out, number, utterances == 1);
        if (outcome == STATUS_OK)
            outcome = speak(path, net, line, request->predicts_durations);
        if (outcome != STATUS_OK) {
            snprintf(reason, sizeof reason, "%s", status_text());
            return status_fail(outcome, "%s:%zu: %s", request->units_file, number, reason);
        }
        spoken++;
    }
    if (spoken == 0)
        return status_fail(STATUS_INVALID, "%s: no units to speak", request->units_file);
    return STATUS_OK;
}

static enum status vocode(const struct request *request)
{
    struct unit_vocoder *net = NULL;
    uint8_t *text = NULL;
    size_t bytes = 0;
    enum status outcome = STATUS_OK;
    if (request->units_file != NULL)
        outcome = file_read(&text, &bytes, request->units_file, UNITS_FILE_BYTES_MAX);
    if (outcome == STATUS_OK && text != NULL && memchr(text, '\0', bytes) != NULL)
        outcome = status_fail(STATUS_INVALID, "%s: no text", request->units_file);
    if (outcome == STATUS_OK)
        outcome = unit_speech_load(&net, request->weights, request->config);
    if (outcome == STATUS_OK)
        outcome = text != NULL
                      ? speak_lines(net, (char *)text, request)
                      : speak(request->out, net, request->units, request->predicts_durations);
    unit_vocoder_destroy(net);
    free(text);
    return outcome;
}

enum status vocode_command(struct command_line *line, int argc, char **argv)
{
    struct request request = { 0 };
    char weights[PATH_BYTES];
    const struct option table[] = {
        { "vocoder", OPTION_TEXT, &request.weights, "W",
          "unit vocoder weights (default: those that ship with unitmill)" },
        { "config", OPTION_TEXT, &request.config, "FILE",
          "their configuration (default: config.json beside them)" },
        { "units", OPTION_TEXT, &request.units, "LIST", "units, separated by blanks or commas" },
        { "units-file", OPTION_TEXT, &request.units_file, "FILE",
          "or a file of them, a line each" },
        { "predict-durations", OPTION_SWITCH, &request.predicts_durations, NULL,
          "units come once each; the vocoder says how long each lasts" },
        { "out", OPTION_TEXT, &request.out, "O.wav", "what to write; O-LINE.wav for several" },
    };
    if (!command_begin(line, table, sizeof table / sizeof table[0], argc, argv))
        return STATUS_OK;
    if (request.out == NULL)
        return command_usage(line, "--out is needed");
    if ((request.units == NULL) == (request.units_file == NULL))
        return command_usage(line, "either --units or --units-file is needed");
    const enum status outcome = shipped_net_default(&request.weights, weights, "vocoder");
    return outcome == STATUS_OK ? vocode(&request) : outcome;
}
