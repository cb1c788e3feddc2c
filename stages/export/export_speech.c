#include "stages/export/export_speech.h"

#include "storage/audio_file.h"
#include "storage/shard_schemas.h"

#include <stdlib.h>
#include <string.h>

enum { RATE_HZ = 16000, SAMPLES_MAX = RATE_HZ * 3600 };

/* The caption's number in the manifest; records that were rejected there do not count. */
static enum status find_record(size_t *record, const struct export_job *job)
{
    const char *id = job->options->caption;
    if (job->run == NULL)
        return status_fail(STATUS_NOT_FOUND, "%s", job->run_missing);
    const struct manifest *manifest = &job->run->manifest;
    for (size_t c = 0; c < manifest->caption_count; c++)
        if (manifest->captions[c].reject == NULL && strcmp(manifest->captions[c].id, id) == 0) {
            *record = c;
            return STATUS_OK;
        }
    return status_fail(STATUS_NOT_FOUND, "the manifest has no caption %.100s", id);
}

/* The shard that holds the caption, and its row there. */
static enum status read_speech(struct shard **shard, size_t *row, const struct export_job *job)
{
    char path[PATH_BYTES];
    size_t record = 0;
    enum status outcome = find_record(&record, job);
    if (outcome == STATUS_OK)
        outcome = run_shard_path(path, job->run, "speech", record / job->run->plan.shard_captions);
    if (outcome == STATUS_OK)
        outcome = shard_read(shard, path, speech_columns, SPEECH_COLUMN_COUNT);
    if (outcome != STATUS_OK)
        return outcome;
    *row = shard_find(*shard, record);
    if (*row == SIZE_MAX || strcmp(shard_kept_id(*shard, *row), job->options->caption) != 0)
        return status_fail(STATUS_NOT_FOUND, "%s does not hold it", path);
    return STATUS_OK;
}

static enum status write_wav(struct export_job *job, const struct shard *shard, size_t row)
{
    char path[PATH_BYTES];
    struct audio audio = { 0 };
    size_t byte_count = 0;
    const uint8_t *flac = shard_values(shard, SPEECH_FLAC, row, &byte_count);
    enum status outcome = audio_file_decode(&audio, flac, byte_count, SAMPLES_MAX, "the speech");
    if (outcome == STATUS_CORRUPT || outcome == STATUS_INVALID) {
        export_note(job, "no WAV: %s", status_text());
        return STATUS_OK;
    }
    int16_t *samples = NULL;
    if (outcome == STATUS_OK && (samples = malloc(audio.sample_count * sizeof *samples)) == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "speech of %zu samples", audio.sample_count);
    if (outcome == STATUS_OK)
        outcome = export_path(path, job, ".wav");
    if (outcome == STATUS_OK) {
        audio_quantise(samples, audio.samples, audio.sample_count);
        outcome = audio_file_write_wav(path, samples, audio.sample_count, audio.rate_hz);
    }
    free(samples);
    audio_end(&audio);
    return outcome;
}

/* "start<TAB>end<TAB>name", a line a phone; each lasts to the next one, the last to the end. */
static void write_labels(FILE *stream, const char *names, const uint32_t *starts, size_t count,
                         uint32_t end)
{
    for (size_t p = 0; p < count; p++) {
        const size_t length = strcspn(names, " ");
        const uint32_t stop = p + 1 < count ? starts[p + 1] : end;
        fprintf(stream, "%.6f\t%.6f\t%.*s\n", (double)starts[p] / RATE_HZ, (double)stop / RATE_HZ,
                (int)length, names);
        names += length + (names[length] != '\0');
    }
}

static size_t count_names(const char *names)
{
    size_t count = names[0] != '\0';
    for (; *names != '\0'; names++)
        count += *names == ' ';
    return count;
}

static enum status write_phones(struct export_job *job, const struct shard *shard, size_t row)
{
    size_t count = 0, one = 0, bytes = 0;
    char *text = NULL;
    const char *names = shard_text(shard, SPEECH_PHONES, row);
    const uint32_t *starts = shard_values(shard, SPEECH_PHONE_STARTS, row, &count);
    const uint32_t *end = shard_values(shard, SPEECH_SAMPLE_COUNT, row, &one);
    if (count_names(names) != count) {
        export_note(job, "no phones: %zu names, %zu starts", count_names(names), count);
        return STATUS_OK;
    }
    if (count == 0)
        return STATUS_OK; /* recorded */
    FILE *stream = open_memstream(&text, &bytes);
    if (stream == NULL)
        return status_fail(STATUS_NO_MEMORY, "phones");
    write_labels(stream, names, starts, count, *end);
    fclose(stream);
    const enum status outcome = export_write(job, ".phones.txt", text, bytes);
    free(text);
    return outcome;
}

enum status export_speech(struct export_job *job, struct json_writer *writer)
{
    struct shard *shard = NULL;
    size_t row = 0, one = 0;
    enum status outcome = read_speech(&shard, &row, job);
    if (outcome == STATUS_NO_MEMORY)
        return outcome;
    if (outcome != STATUS_OK) {
        export_note(job, "no WAV and no phones: %s", status_text());
        shard_destroy(shard);
        return STATUS_OK;
    }
    const uint16_t *rate_wpm = shard_values(shard, SPEECH_RATE_WPM, row, &one);
    const uint16_t *pitch = shard_values(shard, SPEECH_PITCH, row, &one);
    if (*rate_wpm > 0) { /* else recorded: nothing was asked of espeak-ng */
        json_writer_integer(writer, "rate_wpm", *rate_wpm);
        json_writer_integer(writer, "pitch", *pitch);
    }
    outcome = write_wav(job, shard, row);
    if (outcome == STATUS_OK)
        outcome = write_phones(job, shard, row);
    shard_destroy(shard);
    return outcome;
}
