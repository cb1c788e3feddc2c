#include "stages/unit_speech.h"

#include "storage/audio_file.h"
#include "storage/weights_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum status unit_speech_load(struct unit_vocoder **out, const char *weights, const char *config)
{
    struct weights_file file;
    *out = NULL;
    enum status outcome = weights_file_read(&file, weights, config);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = unit_vocoder_create(out, &file.table, file.settings);
    weights_file_end(&file);
    return outcome;
}

enum status unit_speech_make(int16_t **samples, size_t *sample_count, struct unit_vocoder *net,
                             const int64_t *units, size_t count, bool with_durations)
{
    float *waveform = NULL;
    *samples = NULL;
    enum status outcome =
        unit_vocoder_speak(&waveform, sample_count, net, units, count, with_durations);
    if (outcome != STATUS_OK)
        return outcome;
    *samples = malloc(*sample_count * sizeof **samples);
    if (*samples == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%zu samples", *sample_count);
    else
        audio_quantise(*samples, waveform, *sample_count);
    free(waveform);
    return outcome;
}

enum status unit_speech_make_short(int16_t **samples, size_t *sample_count,
                                   struct unit_vocoder *net, const uint16_t *units, size_t count)
{
    int64_t *wide = malloc((count + 1) * sizeof *wide);
    *samples = NULL;
    if (wide == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu units", count);
    for (size_t i = 0; i < count; i++)
        wide[i] = units[i];
    const enum status outcome = unit_speech_make(samples, sample_count, net, wide, count, true);
    free(wide);
    return outcome;
}

enum status unit_speech_check(const struct unit_vocoder *net, const char *path, size_t unit_count)
{
    const struct unit_vocoder_config *sizes = unit_vocoder_sizes(net);
    if (sizes->duration_hidden == 0)
        return status_fail(STATUS_INVALID, "%s: captions need a vocoder with a duration predictor",
                           path);
    if (sizes->codes < unit_count)
        return status_fail(STATUS_INVALID, "%s: the vocoder knows %zu units, captions have %zu",
                           path, sizes->codes, unit_count);
    return STATUS_OK;
}

static bool separates(char c)
{
    return c == ' ' || c == ',' || c == '\t' || c == '\r' || c == '\n';
}

enum status unit_speech_parse(int64_t **units, size_t *count, const char *text)
{
    const size_t length = strlen(text);
    *count = 0;
    *units = malloc((length / 2 + 1) * sizeof **units); /* a digit and a blank each */
    if (*units == NULL)
        return status_fail(STATUS_NO_MEMORY, "units of %zu characters", length);
    for (;;) {
        while (separates(*text))
            text++;
        if (*text == '\0')
            return STATUS_OK;
        char *end = NULL;
        errno = 0;
        const long long unit = strtoll(text, &end, 10);
        if (end == text || errno != 0 || (*end != '\0' && !separates(*end))) {
            free(*units);
            *units = NULL;
            return status_fail(STATUS_INVALID, "\"%.40s\" is no unit", text);
        }
        (*units)[(*count)++] = unit;
        text = end;
    }
}
