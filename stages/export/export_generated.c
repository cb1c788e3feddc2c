#include "stages/export/export_generated.h"

#include "core/log.h"
#include "stages/image_shards.h"
#include "stages/record_name.h"
#include "storage/audio_file.h"

#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES_MAX = 192000 * 3600 };

/* The WAV file of a kept row; "-" as its name where there is no sound. */
static enum status write_sound(char name[RECORD_NAME_BYTES + 8], const struct shard *shard,
                               size_t row, const char *folder)
{
    char path[PATH_BYTES], base[RECORD_NAME_BYTES];
    size_t bytes = 0;
    struct audio audio = { 0 };
    const uint8_t *flac = shard_values(shard, GENERATED_FLAC, row, &bytes);
    snprintf(name, RECORD_NAME_BYTES + 8, "-");
    if (bytes == 0)
        return STATUS_OK;
    record_name(base, shard_kept_id(shard, row));
    snprintf(name, RECORD_NAME_BYTES + 8, "%s.wav", base);
    enum status outcome = path_join(path, folder, name);
    if (outcome == STATUS_OK)
        outcome = audio_file_decode(&audio, flac, bytes, SAMPLES_MAX, shard_kept_id(shard, row));
    if (outcome != STATUS_OK)
        return outcome;
    int16_t *samples = malloc(audio.sample_count * sizeof *samples);
    if (samples == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: %zu samples", path, audio.sample_count);
    else {
        audio_quantise(samples, audio.samples, audio.sample_count);
        outcome = audio_file_write_wav(path, samples, audio.sample_count, audio.rate_hz);
    }
    free(samples);
    audio_end(&audio);
    return outcome;
}

static void write_line(FILE *stream, const struct shard *shard, size_t row, const char *name)
{
    size_t one = 0, count = 0;
    const uint16_t *units = shard_values(shard, GENERATED_UNITS, row, &count);
    const float *score = shard_values(shard, GENERATED_SCORE, row, &one);
    const uint8_t *is_cut = shard_values(shard, GENERATED_IS_CUT, row, &one);
    const uint32_t *samples = shard_values(shard, GENERATED_SAMPLE_COUNT, row, &one);
    const uint32_t *rate = shard_values(shard, GENERATED_RATE_HZ, row, &one);
    fprintf(stream, "%s\t%s\t%.3f\t%.6f\t%s\t", shard_kept_id(shard, row), name,
            *rate > 0 ? (double)*samples / (double)*rate : 0.0, (double)*score,
            *is_cut ? "cut" : "ended");
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%s%u", i == 0 ? "" : " ", units[i]);
    fprintf(stream, "\n");
}

static enum status export_shards(FILE *table, size_t *captions, const struct run *run,
                                 const char *out)
{
    enum status outcome = STATUS_OK;
    char name[RECORD_NAME_BYTES + 8];
    fprintf(table, "id\tfile\tseconds\tscore\tend\tunits\n");
    for (size_t s = 0; s < run_image_shard_count(run) && outcome == STATUS_OK; s++) {
        struct shard *shard = NULL;
        outcome = generated_shard_read(&shard, run, s);
        for (size_t row = 0; outcome == STATUS_OK && row < shard_kept_count(shard); row++) {
            outcome = write_sound(name, shard, row, out);
            if (outcome == STATUS_OK)
                write_line(table, shard, row, name);
            ++*captions;
        }
        shard_destroy(shard);
    }
    return outcome;
}

enum status export_generated(const struct run *run, const char *out)
{
    char path[PATH_BYTES], *text = NULL;
    size_t bytes = 0, captions = 0;
    enum status outcome = folder_make(out);
    if (outcome == STATUS_OK)
        outcome = path_join(path, out, "generated.tsv");
    if (outcome != STATUS_OK)
        return outcome;
    FILE *table = open_memstream(&text, &bytes);
    if (table == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s", path);
    outcome = export_shards(table, &captions, run, out);
    fclose(table);
    if (outcome == STATUS_OK)
        outcome = file_write(path, text, bytes);
    free(text);
    if (outcome == STATUS_OK) {
        printf("%s\n", path);
        log_say("%zu generated captions; their sound, where there is some, beside the table",
                captions);
    }
    return outcome;
}
