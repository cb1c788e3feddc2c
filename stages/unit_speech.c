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

static bool separates(char c)
{
    return c == ' ' || c == ',' || c == '\t' || c == '\r';
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
