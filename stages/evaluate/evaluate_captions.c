#include "stages/evaluate/evaluate_captions.h"

#include "stages/evaluate/caption_score.h"
#include "stages/evaluate/name_list.h"
#include "stages/generated_captions.h"
#include "stages/image_shards.h"
#include "storage/metrics_file.h"

#include <stdlib.h>
#include <string.h>

static const char *const splits[] = { "train", "val", "test" };
enum { SPLIT_COUNT = sizeof splits / sizeof splits[0] };

/* A tally holds nothing else. */
enum { TALLY_NUMBERS = sizeof(struct caption_tally) / sizeof(int64_t) };

struct reference {
    struct unit_sequence sequence; /* its units are owned */
    size_t language;
};

/* What this rank counts. */
struct counting {
    const struct run *run;
    struct name_list languages;    /* of the manifest: the same on every rank */
    struct caption_tally *tallies; /* [SPLIT_COUNT][1 + languages] all of them first */
    struct shard *units;           /* the shard of captions that was read last */
    size_t units_number;
    struct reference *references; /* [reference_room] of the picture in hand */
    struct unit_sequence *chosen; /* [reference_room] */
    size_t reference_room;
};

static size_t tally_count(const struct counting *counting)
{
    return SPLIT_COUNT * (1 + counting->languages.count);
}

/* Those of the split; NULL where there is no such split. */
static struct caption_tally *tallies_of(const struct counting *counting, const char *split)
{
    for (size_t s = 0; s < SPLIT_COUNT; s++)
        if (strcmp(splits[s], split) == 0)
            return &counting->tallies[s * (1 + counting->languages.count)];
    return NULL;
}

static enum status prepare(struct counting *counting, const struct run *run)
{
    size_t number = 0;
    enum status outcome = STATUS_OK;
    counting->run = run;
    for (size_t c = 0; c < run->manifest.caption_count && outcome == STATUS_OK; c++) {
        const char *language = run->manifest.captions[c].language;
        outcome = name_list_place(&number, &counting->languages, language, strlen(language));
    }
    counting->tallies = calloc(tally_count(counting), sizeof *counting->tallies);
    if (outcome == STATUS_OK && counting->tallies == NULL)
        return status_fail(STATUS_NO_MEMORY, "scores");
    return outcome;
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
    const char *language = counting->run->manifest.captions[record].language;
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
    counting->references[(*count)++] = (struct reference){ .sequence = { copy, units } };
    return name_list_place(&counting->references[*count - 1].language, &counting->languages,
                           language, strlen(language));
}

static enum status make_room(struct counting *counting, size_t count)
{
    if (count <= counting->reference_room)
        return STATUS_OK;
    struct reference *references = realloc(counting->references, count * sizeof *references);
    if (references != NULL)
        counting->references = references;
    struct unit_sequence *chosen = realloc(counting->chosen, count * sizeof *chosen);
    if (chosen != NULL)
        counting->chosen = chosen;
    if (references == NULL || chosen == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu references", count);
    counting->reference_room = count;
    return STATUS_OK;
}

enum { ALL_LANGUAGES = NAME_LIST_MAX };

/* Against the references of one language, or of all. Without any it counts nowhere. */
static enum status count_against(struct caption_tally *tally, const struct counting *counting,
                                 struct unit_sequence caption, size_t count, size_t language)
{
    size_t chosen = 0;
    for (size_t r = 0; r < count; r++)
        if (language == ALL_LANGUAGES || counting->references[r].language == language)
            counting->chosen[chosen++] = counting->references[r].sequence;
    return chosen > 0 ? caption_tally_add(tally, caption, counting->chosen, chosen) : STATUS_OK;
}

static enum status count_caption(struct caption_tally *tallies, const struct counting *counting,
                                 struct unit_sequence caption, size_t references)
{
    enum status outcome = count_against(tallies, counting, caption, references, ALL_LANGUAGES);
    for (size_t l = 0; l < counting->languages.count && outcome == STATUS_OK; l++)
        outcome = count_against(&tallies[1 + l], counting, caption, references, l);
    return outcome;
}

/* Each of the picture's captions by itself; of several, one may say nothing. */
static enum status count_row(struct counting *counting, const struct shard *generated, size_t row)
{
    const size_t record = shard_kept_record(generated, row);
    const struct manifest_image *image = &counting->run->manifest.images[record];
    struct caption_tally *tallies = tallies_of(counting, image->split);
    size_t count = 0;
    if (tallies == NULL)
        return STATUS_OK;
    enum status outcome = make_room(counting, image->caption_count);
    for (size_t c = 0; c < image->caption_count && outcome == STATUS_OK; c++)
        outcome = add_reference(counting, &count, image->first_caption + c);
    for (size_t c = 0; c < generated_captions_count(generated) && outcome == STATUS_OK; c++) {
        const struct generated_caption caption = generated_captions_at(generated, row, c);
        if (caption.count > 0)
            outcome = count_caption(tallies, counting,
                                    (struct unit_sequence){ caption.units, caption.count }, count);
    }
    for (size_t r = 0; r < count; r++)
        free((void *)counting->references[r].sequence.units);
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

static enum status report_line(FILE *stream, const char *path, const char *split,
                               const char *language, const struct caption_tally *tally)
{
    char event[32 + NAME_LIST_BYTES];
    const struct metrics_value values[] = {
        { "captions", (double)tally->captions },
        { "unit_error_rate", caption_tally_error_rate(tally) },
        { "unit_bleu_4", caption_tally_bleu(tally) },
        { "unit_rouge_l", caption_tally_rouge(tally) },
        { "units", (double)tally->units },
        { "reference_units", (double)tally->reference_units },
    };
    fprintf(stream, "%-8s %-10s %10lld %16.4f %12.4f %13.4f %15.1f %20.1f\n", split,
            language[0] != '\0' ? language : "all", (long long)tally->captions, values[1].value,
            values[2].value, values[3].value, (double)tally->units / (double)tally->captions,
            (double)tally->reference_units / (double)tally->captions);
    snprintf(event, sizeof event, "generated %s%s%s", split, language[0] != '\0' ? " " : "",
             language);
    return metrics_append(path, event, 0, values, sizeof values / sizeof values[0]);
}

/* A split's line over all languages has the event "generated SPLIT", as where there is one alone.
 */
static enum status report_split(FILE *stream, const char *path, const struct counting *counting,
                                const char *split)
{
    const struct caption_tally *tallies = tallies_of(counting, split);
    enum status outcome = STATUS_OK;
    if (tallies->captions > 0)
        outcome = report_line(stream, path, split, "", tallies);
    for (size_t l = 0; l < counting->languages.count && outcome == STATUS_OK; l++)
        if (tallies[1 + l].captions > 0 && counting->languages.count > 1)
            outcome =
                report_line(stream, path, split, counting->languages.names[l], &tallies[1 + l]);
    return outcome;
}

static enum status report(FILE *stream, const struct counting *counting)
{
    char path[PATH_BYTES];
    enum status outcome = run_path(path, counting->run, "metrics.jsonl");
    fprintf(stream,
            "\ngenerated captions against the manifest's, in units\n\n%-8s %-10s %10s %16s %12s "
            "%13s %15s %20s\n",
            "split", "language", "captions", "unit error rate", "unit BLEU-4", "unit ROUGE-L",
            "units a caption", "of the nearest one");
    for (size_t s = 0; s < SPLIT_COUNT && outcome == STATUS_OK; s++)
        outcome = report_split(stream, path, counting, splits[s]);
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
    enum status outcome = prepare(&counting, run);
    if (outcome == STATUS_OK)
        outcome = count_mine(&counting);
    outcome = team_agree(run->team, "count captions", outcome);
    shard_destroy(counting.units);
    free(counting.references);
    free(counting.chosen);
    if (outcome == STATUS_OK) {
        team_sum(run->team, (int64_t *)counting.tallies, tally_count(&counting) * TALLY_NUMBERS);
        if (run->team->rank == 0)
            outcome = report(stream, &counting);
        outcome = team_agree(run->team, "report captions", outcome);
    }
    free(counting.tallies);
    name_list_end(&counting.languages);
    return outcome;
}
