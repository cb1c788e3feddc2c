#include "stages/evaluate/evaluate_transcripts.h"

#include "cluster/claims.h"
#include "cluster/progress.h"
#include "cluster/stop.h"
#include "core/file.h"
#include "stages/evaluate/transcript_report.h"
#include "stages/evaluate/word_score.h"
#include "stages/run_sounds.h"
#include "stages/transcriber.h"

#include <stdlib.h>
#include <string.h>

/* What this rank does. */
struct listening {
    const struct run *run;
    const struct transcript_options *options;
    struct transcriber *transcriber;
    struct run_sounds *sounds;
    struct picture_facts *facts; /* NULL: none known */
    bool has_generated;
    size_t *pictures; /* [picture_count] to listen to: the same on every rank */
    size_t picture_count;
    struct claims *claims;
    struct progress *progress;
    struct transcript_tallies tallies;
};

enum { TALLY_NUMBERS = sizeof(struct transcript_tallies) / sizeof(int64_t) };

static size_t split_number(const char *split)
{
    size_t s = 0;
    while (s < TRANSCRIPT_SPLIT_COUNT && strcmp(transcript_splits[s], split) != 0)
        s++;
    return s;
}

enum status transcript_options_check(const struct transcript_options *options)
{
    if (strcmp(options->split, "all") == 0 || split_number(options->split) < TRANSCRIPT_SPLIT_COUNT)
        return STATUS_OK;
    return status_fail(STATUS_INVALID, "--transcribe %s: it is train, val, test or all",
                       options->split);
}

static enum status choose_pictures(struct listening *listening)
{
    const struct manifest *manifest = &listening->run->manifest;
    const struct transcript_options *options = listening->options;
    size_t chosen[TRANSCRIPT_SPLIT_COUNT] = { 0 };
    listening->pictures = malloc((manifest->image_count + 1) * sizeof *listening->pictures);
    if (listening->pictures == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu pictures", manifest->image_count);
    for (size_t i = 0; i < manifest->image_count; i++) {
        const char *split = manifest->images[i].split;
        const size_t s = split_number(split);
        if (s == TRANSCRIPT_SPLIT_COUNT || manifest->images[i].reject != NULL ||
            (strcmp(options->split, "all") != 0 && strcmp(options->split, split) != 0) ||
            (options->pictures_max > 0 && chosen[s] == options->pictures_max))
            continue;
        chosen[s]++;
        listening->pictures[listening->picture_count++] = i;
    }
    if (listening->picture_count == 0)
        return status_fail(STATUS_INVALID, "--transcribe %s: the manifest has no such pictures",
                           options->split);
    return STATUS_OK;
}

static enum status read_facts(struct listening *listening)
{
    char folder[PATH_BYTES], path[PATH_BYTES];
    path_folder(folder, listening->run->plan.manifest);
    const enum status outcome = path_join(path, folder, "ground_truth.jsonl");
    if (outcome != STATUS_OK || !file_exists(path))
        return outcome;
    return picture_facts_read(&listening->facts, path);
}

/* Has the recogniser hear a sound and counts what it understood; ends the sound. */
static enum status hear(struct transcript_tally *tally, const struct listening *listening,
                        const char *picture, struct audio *audio, const char *const *references,
                        size_t reference_count)
{
    char *heard = NULL;
    if (audio->sample_count == 0)
        return STATUS_OK;
    enum status outcome = transcriber_hear(&heard, listening->transcriber, audio);
    if (outcome == STATUS_OK)
        outcome = word_score_add(&tally->words, heard, references, reference_count);
    if (outcome == STATUS_OK && listening->facts != NULL)
        outcome = fact_tally_add(&tally->facts, listening->facts, picture, heard);
    free(heard);
    audio_end(audio);
    return outcome;
}

static enum status hear_caption(struct listening *listening, struct transcript_tally *tallies,
                                const char *picture, size_t record)
{
    const char *const text = listening->run->manifest.captions[record].text;
    struct audio audio;
    enum status outcome = run_sounds_speech(&audio, listening->sounds, record);
    if (outcome == STATUS_OK)
        outcome = hear(&tallies[TRANSCRIPT_SPEECH], listening, picture, &audio, &text, 1);
    if (outcome == STATUS_OK)
        outcome = run_sounds_units(&audio, listening->sounds, record);
    if (outcome == STATUS_OK)
        outcome = hear(&tallies[TRANSCRIPT_RESYNTHESISED], listening, picture, &audio, &text, 1);
    return outcome;
}

static enum status hear_generated(struct listening *listening, struct transcript_tally *tally,
                                  size_t picture)
{
    const struct manifest_image *image = &listening->run->manifest.images[picture];
    const struct manifest_caption *captions =
        &listening->run->manifest.captions[image->first_caption];
    const char **references = malloc((image->caption_count + 1) * sizeof *references);
    size_t count = 0;
    if (references == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu captions", image->caption_count);
    for (size_t c = 0; c < image->caption_count; c++)
        if (transcriber_knows(&captions[c]))
            references[count++] = captions[c].text;
    enum status outcome = STATUS_OK;
    size_t made = 0;
    if (count > 0)
        outcome = run_sounds_generated_count(&made, listening->sounds, picture);
    for (size_t c = 0; c < made && outcome == STATUS_OK; c++) {
        struct audio audio;
        outcome = run_sounds_generated(&audio, listening->sounds, picture, c);
        if (outcome == STATUS_OK)
            outcome = hear(tally, listening, image->id, &audio, references, count);
        claims_serve(listening->claims);
    }
    free(references);
    return outcome;
}

static enum status hear_picture(struct listening *listening, size_t picture)
{
    const struct manifest *manifest = &listening->run->manifest;
    const struct manifest_image *image = &manifest->images[picture];
    struct transcript_tally *tallies = listening->tallies.of[split_number(image->split)];
    enum status outcome = STATUS_OK;
    listening->tallies.pictures++;
    if (listening->has_generated)
        outcome = hear_generated(listening, &tallies[TRANSCRIPT_GENERATED], picture);
    for (size_t c = 0; c < image->caption_count && outcome == STATUS_OK; c++) {
        const size_t record = image->first_caption + c;
        if (transcriber_knows(&manifest->captions[record]))
            outcome = hear_caption(listening, tallies, image->id, record);
        else
            listening->tallies.left_out++;
        claims_serve(listening->claims);
    }
    progress_add(listening->progress, 1, 0);
    if (outcome == STATUS_OK && stop_requested())
        return status_fail(STATUS_STOPPED,
                           "stopped by a signal; evaluate begins anew when it is run again");
    return outcome;
}

static enum status hear_claimed(struct listening *listening)
{
    enum status outcome = STATUS_OK;
    uint64_t item = 0;
    while (outcome == STATUS_OK && claims_next(listening->claims, &item))
        outcome = hear_picture(listening, listening->pictures[item]);
    if (outcome != STATUS_OK)
        claims_close(listening->claims);
    return outcome;
}

static enum status prepare(struct listening *listening)
{
    enum status outcome = choose_pictures(listening);
    if (outcome == STATUS_OK)
        outcome = read_facts(listening);
    if (outcome == STATUS_OK)
        outcome = transcriber_open(&listening->transcriber, &listening->run->manifest);
    if (outcome == STATUS_OK)
        outcome = run_sounds_open(&listening->sounds, listening->run);
    return team_agree(listening->run->team, "prepare transcripts", outcome);
}

static enum status report(FILE *stream, struct listening *listening)
{
    char path[PATH_BYTES];
    const struct transcriber *transcriber = listening->transcriber;
    const size_t unknown = transcriber_unknown_count(transcriber);
    enum status outcome = run_path(path, listening->run, "metrics.jsonl");
    fprintf(stream,
            "\nwhat a recogniser understands of %lld pictures' captions; %lld that are not English "
            "left out\nit knows %zu of the %zu words of the run's English captions%s%s\n",
            (long long)listening->tallies.pictures, (long long)listening->tallies.left_out,
            transcriber_word_count(transcriber) - unknown, transcriber_word_count(transcriber),
            unknown > 0 ? ", but not: " : "", transcriber_unknown(transcriber));
    if (outcome == STATUS_OK)
        outcome = transcript_report_write(stream, path, &listening->tallies);
    return outcome;
}

static enum status hear_all(FILE *stream, struct listening *listening)
{
    const struct run *run = listening->run;
    const struct progress_options options = { .stage = "evaluate",
                                              .item = "pictures",
                                              .total = listening->picture_count,
                                              .terminal_columns = run->terminal_columns,
                                              .is_quiet = run->is_quiet };
    enum status outcome = claims_create(&listening->claims, run->team, listening->picture_count);
    if (outcome == STATUS_OK)
        outcome = progress_create(&listening->progress, run->team, &options);
    if (outcome == STATUS_OK) {
        outcome = hear_claimed(listening);
        progress_wait(listening->progress);
        outcome = team_agree(run->team, "transcribe", outcome);
    }
    progress_destroy(listening->progress);
    claims_destroy(listening->claims);
    if (outcome != STATUS_OK)
        return outcome;
    team_sum(run->team, (int64_t *)&listening->tallies, TALLY_NUMBERS);
    if (run->team->rank == 0)
        outcome = report(stream, listening);
    return team_agree(run->team, "report transcripts", outcome);
}

/* As rank 0 sees it. */
static bool find_generated(const struct run *run)
{
    char path[PATH_BYTES];
    return team_any(run->team, run->team->rank == 0 &&
                                   run_path(path, run, "generated") == STATUS_OK &&
                                   file_exists(path));
}

enum status evaluate_transcripts(FILE *stream, const struct run *run,
                                 const struct transcript_options *options)
{
    struct listening listening = { .run = run, .options = options };
    listening.has_generated = find_generated(run);
    enum status outcome = prepare(&listening);
    if (outcome == STATUS_OK)
        outcome = hear_all(stream, &listening);
    transcriber_close(listening.transcriber);
    run_sounds_close(listening.sounds);
    picture_facts_destroy(listening.facts);
    free(listening.pictures);
    return outcome;
}
