#include "stages/evaluate/evaluation_report.h"

#include "core/file.h"
#include "storage/json.h"

#include <inttypes.h>

/* One line of the report. */
struct group {
    char units[40];
    const char *voices, *language;
    struct unit_quality quality;
};

/* Takes the groups one by one; `self` is the report's. */
typedef void group_writer(void *self, const struct group *group);

static enum status measure(struct group *group, const struct evaluation *evaluation,
                           enum tally_units units, enum tally_voices voices, size_t language)
{
    static const char *const voice_names[] = {
        [TALLY_ALL_VOICES] = "all",
        [TALLY_HEARD_VOICES] = "heard",
        [TALLY_HELD_OUT_VOICES] = "held out",
    };
    const struct phone_tally *tally = evaluation->tally;
    *group = (struct group){ .voices = voice_names[voices], .language = "all" };
    if (units == TALLY_RUN)
        snprintf(group->units, sizeof group->units, "HuBERT layer %zu",
                 evaluation->run->plan.speech_units.layer);
    else
        snprintf(group->units, sizeof group->units, "MFCC");
    if (language != TALLY_ALL_LANGUAGES)
        group->language = tally->languages.names[language];
    return phone_tally_measure(&group->quality, tally, units, voices, language);
}

static enum status write_pair(group_writer *write, void *self, const struct evaluation *evaluation,
                              enum tally_voices voices, size_t language)
{
    enum status outcome = STATUS_OK;
    for (int units = 0; units < TALLY_UNITS_COUNT && outcome == STATUS_OK; units++) {
        struct group group;
        if (units == TALLY_BASELINE && !evaluation->baseline->is_there)
            continue;
        outcome = measure(&group, evaluation, (enum tally_units)units, voices, language);
        const bool is_whole = voices == TALLY_ALL_VOICES && language == TALLY_ALL_LANGUAGES;
        if (outcome == STATUS_OK && (group.quality.frames > 0 || is_whole))
            write(self, &group);
    }
    return outcome;
}

static enum status write_groups(group_writer *write, void *self,
                                const struct evaluation *evaluation)
{
    const bool has_held_out = evaluation->run->plan.fit_units.held_out_voices.count > 0;
    enum status outcome = STATUS_OK;
    for (int voices = 0; voices <= (has_held_out ? TALLY_HELD_OUT_VOICES : TALLY_ALL_VOICES);
         voices++) {
        if (outcome == STATUS_OK)
            outcome =
                write_pair(write, self, evaluation, (enum tally_voices)voices, TALLY_ALL_LANGUAGES);
        for (size_t l = 0; l < evaluation->tally->languages.count && outcome == STATUS_OK; l++)
            outcome = write_pair(write, self, evaluation, (enum tally_voices)voices, l);
    }
    return outcome;
}

static void write_line(void *self, const struct group *group)
{
    const struct unit_quality *quality = &group->quality;
    fprintf(self, "%-16s %-9s %-9s %10" PRId64 " %7zu %6zu %13.4f %15.4f %8.4f\n", group->units,
            group->voices, group->language, quality->frames, quality->phones, quality->units,
            quality->phone_purity, quality->cluster_purity, quality->pnmi);
}

enum status evaluation_write_table(FILE *stream, const struct evaluation *evaluation)
{
    fprintf(stream, "%zu units on %" PRId64 " captions; phones of espeak-ng, pauses are one\n\n",
            evaluation->tally->clusters, evaluation->captions);
    fprintf(stream, "%-16s %-9s %-9s %10s %7s %6s %13s %15s %8s\n", "units of", "voices",
            "language", "frames", "phones", "units", "phone purity", "cluster purity", "PNMI");
    const enum status outcome = write_groups(write_line, stream, evaluation);
    if (outcome == STATUS_OK && (fflush(stream) != 0 || ferror(stream)))
        return status_fail(STATUS_IO, "standard output: cannot write the evaluation");
    return outcome;
}

static void write_object(void *self, const struct group *group)
{
    const struct unit_quality *quality = &group->quality;
    json_writer_open_object(self, NULL);
    json_writer_text(self, "units_of", group->units);
    json_writer_text(self, "voices", group->voices);
    json_writer_text(self, "language", group->language);
    json_writer_integer(self, "frames", quality->frames);
    json_writer_integer(self, "phones", (int64_t)quality->phones);
    json_writer_integer(self, "units", (int64_t)quality->units);
    json_writer_number(self, "phone_purity", quality->phone_purity);
    json_writer_number(self, "cluster_purity", quality->cluster_purity);
    json_writer_number(self, "pnmi", quality->pnmi);
    json_writer_close(self);
}

static enum status write_event(struct json_writer *writer, const struct evaluation *evaluation)
{
    const struct plan *plan = &evaluation->run->plan;
    const struct plan_texts *held_out = &plan->fit_units.held_out_voices;
    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "event", "evaluation");
    json_writer_integer(writer, "clusters", (int64_t)evaluation->tally->clusters);
    json_writer_integer(writer, "captions", evaluation->captions);
    json_writer_text(writer, "hubert_digest", plan->digests.hubert);
    json_writer_integer(writer, "layer", (int64_t)plan->speech_units.layer);
    json_writer_open_array(writer, "held_out_voices");
    for (size_t v = 0; v < held_out->count; v++)
        json_writer_text(writer, NULL, held_out->items[v]);
    json_writer_close(writer);
    if (evaluation->baseline->is_there) {
        json_writer_integer(writer, "baseline_frames", (int64_t)evaluation->baseline->fit.frames);
        json_writer_integer(writer, "baseline_iterations",
                            (int64_t)evaluation->baseline->fit.iterations);
        json_writer_switch(writer, "baseline_converged", evaluation->baseline->fit.has_converged);
    }
    json_writer_open_array(writer, "measures");
    const enum status outcome = write_groups(write_object, writer, evaluation);
    json_writer_close(writer);
    json_writer_close(writer);
    return outcome;
}

enum status evaluation_append(const char *path, const struct evaluation *evaluation)
{
    struct json_writer *writer = json_writer_create();
    if (writer == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    FILE *file = fopen(path, "ae");
    enum status outcome = file != NULL ? STATUS_OK : file_fail(path, "cannot open");
    if (outcome == STATUS_OK)
        outcome = write_event(writer, evaluation);
    if (outcome == STATUS_OK)
        outcome = json_writer_print(writer, file, path);
    if (file != NULL && fclose(file) != 0 && outcome == STATUS_OK)
        outcome = file_fail(path, "cannot write");
    json_writer_destroy(writer);
    return outcome;
}
