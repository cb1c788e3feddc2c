#include "stages/evaluate/evaluate_captions.h"

#include "stages/evaluate/caption_score.h"
#include "stages/image_shards.h"
#include "storage/metrics_file.h"

#include <stdlib.h>
#include <string.h>

static const char *const splits[] = { "train", "val", "test" };
enum { SPLIT_COUNT = sizeof splits / sizeof splits[0] };

/* A tally holds nothing else. */
enum { TALLY_NUMBERS = sizeof(struct caption_tally) / sizeof(int64_t) };

/* What this rank counts. */
struct counting {
    const struct run *run;
    struct caption_tally tallies[SPLIT_COUNT];
    struct shard *units; /* the shard of captions that was read last */
    size_t units_number;
    struct unit_sequence *references;
    size_t reference_room;
};

static struct caption_tally *tally_of(struct counting *counting, const char *split)
{
    for (size_t s = 0; s < SPLIT_COUNT; s++)
        if (strcmp(splits[s], split) == 0)
            return &counting->tallies[s];
    return NULL;
}

static enum status read_units(struct counting *counting, size_t number)
{
    const struct run *run = counting->run;
    const size_t columns = run->plan.speech_units.features ? UNIT_COLUMN_COUNT : UNIT_FEATURES;
    if (counting->units != NULL && counting->units_number == number)
        return STATUS_OK;
    shard_destroy(counting->units);
    counting->units_number = number;
    return run_read_shard(&counting->units, run, "units", run_caption_range(run, number),
                          unit_columns, columns);
}

/* A copy of the units of caption `record`; none where it was rejected. */
static enum status add_reference(struct counting *counting, size_t *count, size_t record)
{
    size_t units = 0;
    enum status outcome = read_units(counting, record / counting->run->plan.shard_captions);
    const size_t row = outcome == STATUS_OK ? shard_find(counting->units, record) : SIZE_MAX;
    if (row == SIZE_MAX)
        return outcome;
    const uint16_t *values = shard_values(counting->units, UNIT_UNITS, row, &units);
    uint16_t *copy = malloc((units + 1) * sizeof *copy);
    if (copy == NULL)
        return status_fail(STATUS_NO_MEMORY, "references");
    memcpy(copy, values, units * sizeof *copy);
    counting->references[(*count)++] = (struct unit_sequence){ copy, units };
    return STATUS_OK;
}

static enum status make_room(struct counting *counting, size_t count)
{
    if (count <= counting->reference_room)
        return STATUS_OK;
    struct unit_sequence *grown =
        realloc(counting->references, count * sizeof *counting->references);
    if (grown == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu references", count);
    counting->references = grown;
    counting->reference_room = count;
    return STATUS_OK;
}

static enum status count_row(struct counting *counting, const struct shard *generated, size_t row)
{
    const size_t record = shard_kept_record(generated, row);
    const struct manifest_image *image = &counting->run->manifest.images[record];
    struct caption_tally *tally = tally_of(counting, image->split);
    struct unit_sequence caption;
    size_t count = 0;
    if (tally == NULL)
        return STATUS_OK;
    caption.units = shard_values(generated, GENERATED_UNITS, row, &caption.count);
    enum status outcome = make_room(counting, image->caption_count);
    for (size_t c = 0; c < image->caption_count && outcome == STATUS_OK; c++)
        outcome = add_reference(counting, &count, image->first_caption + c);
    if (outcome == STATUS_OK && count > 0)
        outcome = caption_tally_add(tally, caption, counting->references, count);
    for (size_t r = 0; r < count; r++)
        free((void *)counting->references[r].units);
    return outcome;
}

static enum status count_mine(struct counting *counting)
{
    const struct run *run = counting->run;
    enum status outcome = STATUS_OK;
    for (size_t s = (size_t)run->team->rank; s < run_image_shard_count(run) && outcome == STATUS_OK;
         s += (size_t)run->team->size) {
        struct shard *generated = NULL;
        outcome = generated_shard_read(&generated, run, s);
        for (size_t row = 0; outcome == STATUS_OK && row < shard_kept_count(generated); row++)
            outcome = count_row(counting, generated, row);
        shard_destroy(generated);
    }
    return outcome;
}

static enum status report_split(FILE *stream, const char *path, const char *split,
                                const struct caption_tally *tally)
{
    char event[32];
    const struct metrics_value values[] = {
        { "captions", (double)tally->captions },
        { "unit_error_rate", caption_tally_error_rate(tally) },
        { "unit_bleu_4", caption_tally_bleu(tally) },
        { "units", (double)tally->units },
        { "reference_units", (double)tally->reference_units },
    };
    fprintf(stream, "%-8s %10lld %16.4f %12.4f %15.1f %20.1f\n", split, (long long)tally->captions,
            values[1].value, values[2].value, (double)tally->units / (double)tally->captions,
            (double)tally->reference_units / (double)tally->captions);
    snprintf(event, sizeof event, "generated %s", split);
    return metrics_append(path, event, 0, values, sizeof values / sizeof values[0]);
}

static enum status report(FILE *stream, const struct run *run, const struct caption_tally *tallies)
{
    char path[PATH_BYTES];
    enum status outcome = run_path(path, run, "metrics.jsonl");
    fprintf(stream,
            "\ngenerated captions against the manifest's, in units\n\n%-8s %10s %16s %12s "
            "%15s %20s\n",
            "split", "captions", "unit error rate", "unit BLEU-4", "units a caption",
            "of the nearest one");
    for (size_t s = 0; s < SPLIT_COUNT && outcome == STATUS_OK; s++)
        if (tallies[s].captions > 0)
            outcome = report_split(stream, path, splits[s], &tallies[s]);
    if (outcome == STATUS_OK && (fflush(stream) != 0 || ferror(stream)))
        return status_fail(STATUS_IO, "standard output: cannot write the evaluation");
    return outcome;
}

static bool has_captions(const struct run *run)
{
    char path[PATH_BYTES];
    int64_t found = 0;
    if (run->team->rank == 0)
        found = run_path(path, run, "generated") == STATUS_OK && file_exists(path);
    return team_any(run->team, found != 0);
}

enum status evaluate_captions(FILE *stream, const struct run *run)
{
    struct counting counting = { .run = run };
    if (!has_captions(run))
        return STATUS_OK;
    enum status outcome = team_agree(run->team, "count captions", count_mine(&counting));
    shard_destroy(counting.units);
    free(counting.references);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t s = 0; s < SPLIT_COUNT; s++)
        team_sum(run->team, (int64_t *)&counting.tallies[s], TALLY_NUMBERS);
    if (run->team->rank == 0)
        outcome = report(stream, run, counting.tallies);
    return team_agree(run->team, "report captions", outcome);
}
