#include "stages/export/export_generated.h"

#include "cluster/stop.h"
#include "core/log.h"
#include "stages/generated_captions.h"
#include "stages/image_shards.h"
#include "stages/record_name.h"
#include "storage/audio_file.h"

#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES_MAX = 192000 * 3600 };

enum { FILE_NAME_BYTES = RECORD_NAME_BYTES + 32 };

/* Captions of a picture that has several are numbered. */
static void name_sound(char name[FILE_NAME_BYTES], const struct shard *shard, size_t row,
                       size_t caption)
{
    char base[RECORD_NAME_BYTES];
    record_name(base, shard_kept_id(shard, row));
    if (generated_captions_count(shard) > 1)
        snprintf(name, FILE_NAME_BYTES, "%s-%zu.wav", base, caption);
    else
        snprintf(name, FILE_NAME_BYTES, "%s.wav", base);
}

/* The WAV file of a caption; "-" as its name where there is no sound. */
static enum status write_sound(char name[FILE_NAME_BYTES], const struct shard *shard, size_t row,
                               size_t caption, const char *folder)
{
    char path[PATH_BYTES];
    struct audio audio = { 0 };
    const struct generated_caption made = generated_captions_at(shard, row, caption);
    snprintf(name, FILE_NAME_BYTES, "-");
    if (made.flac_bytes == 0)
        return STATUS_OK;
    name_sound(name, shard, row, caption);
    enum status outcome = path_join(path, folder, name);
    if (outcome == STATUS_OK)
        outcome = audio_file_decode(&audio, made.flac, made.flac_bytes, SAMPLES_MAX,
                                    shard_kept_id(shard, row));
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

static void write_line(FILE *stream, const struct shard *shard, size_t row, size_t caption,
                       const char *name)
{
    const struct generated_caption made = generated_captions_at(shard, row, caption);
    fprintf(stream, "%s\t%s\t%.3f\t%.6f\t%s\t", shard_kept_id(shard, row), name,
            made.rate_hz > 0 ? (double)made.sample_count / (double)made.rate_hz : 0.0,
            (double)made.score, made.is_cut ? "cut" : "ended");
    for (size_t i = 0; i < made.count; i++)
        fprintf(stream, "%s%u", i == 0 ? "" : " ", made.units[i]);
    if (generated_captions_count(shard) > 1)
        fprintf(stream, "\t%zu", caption);
    fprintf(stream, "\n");
}

static enum status export_row(FILE *table, const struct shard *shard, size_t row, const char *out)
{
    char name[FILE_NAME_BYTES];
    enum status outcome = STATUS_OK;
    for (size_t c = 0; c < generated_captions_count(shard) && outcome == STATUS_OK; c++) {
        outcome = write_sound(name, shard, row, c, out);
        if (outcome == STATUS_OK)
            write_line(table, shard, row, c, name);
    }
    return outcome;
}

static enum status export_shards(FILE *table, size_t *captions, const struct run *run,
                                 const char *out)
{
    enum status outcome = STATUS_OK;
    for (size_t s = 0; s < run_image_shard_count(run) && outcome == STATUS_OK; s++) {
        struct shard *shard = NULL;
        outcome = generated_shard_read(&shard, run, s);
        if (outcome == STATUS_OK && s == 0)
            fprintf(table, "id\tfile\tseconds\tscore\tend\tunits%s\n",
                    generated_captions_count(shard) > 1 ? "\tcaption" : "");
        for (size_t row = 0; outcome == STATUS_OK && row < shard_kept_count(shard); row++) {
            outcome = stop_check();
            if (outcome == STATUS_OK)
                outcome = export_row(table, shard, row, out);
            *captions += generated_captions_count(shard);
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
