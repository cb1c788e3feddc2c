#include "stages/verify/verify_shards.h"

#include "cluster/stop.h"
#include "core/log.h"
#include "stages/image_shards.h"
#include "stages/stage_table.h"
#include "stages/verify/shard_rules.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPEECH, UNITS, PICTURES, IMAGES, EMBEDDINGS, GENERATED, FOLDER_COUNT };

struct shard_folder {
    const char *name, *stage;
    const char *maker; /* the command */
    const struct shard_column *columns;
    size_t column_count, shard_count;
    struct shard_range (*range)(const struct run *run, size_t number);
    enum status (*rules)(const struct shard *shard, const struct run *run); /* may be NULL */
    bool is_planned;
    int64_t *words; /* [shard_count][2]: content digests; 0 for what is missing or broken; owned */
    int64_t missing;
};

struct checking {
    struct problems *problems;
    const struct run *run;
    struct shard_folder folders[FOLDER_COUNT];
    struct picture_firsts firsts; /* all-zero where they are not to be known */
};

static enum status allocate(struct checking *self)
{
    const struct run *run = self->run;
    const size_t unit_column_count =
        run->plan.speech_units.features ? UNIT_COLUMN_COUNT : UNIT_FEATURES;
    const size_t captions = run_caption_shard_count(run), pictures = run_image_shard_count(run);
    const struct shard_folder folders[FOLDER_COUNT] = {
        [SPEECH] = { "speech", "speak", "speak", speech_columns, SPEECH_COLUMN_COUNT, captions,
                     run_caption_range, shard_rules_speech, true, NULL, 0 },
        [UNITS] = { "units", "speech-units", "speech-units", unit_columns, unit_column_count,
                    captions, run_caption_range, shard_rules_units, true, NULL, 0 },
        [PICTURES] = { "pictures", "picture-digests", "image-units", picture_columns,
                       PICTURE_COLUMN_COUNT, pictures, run_image_range, NULL, true, NULL, 0 },
        [IMAGES] = { "images", "image-units", "image-units", image_columns, IMAGE_COLUMN_COUNT,
                     pictures, run_image_range, shard_rules_images, true, NULL, 0 },
        [EMBEDDINGS] = { "embeddings", "embed-images", "embed-images", embedding_columns,
                         EMBEDDING_COLUMN_COUNT, pictures, run_image_range, shard_rules_embeddings,
                         run_has_embeddings(run), NULL, 0 },
        [GENERATED] = { "generated", "generate", "generate", generated_columns,
                        GENERATED_COLUMN_COUNT, pictures, run_image_range, shard_rules_generated,
                        run_has_generated(run), NULL, 0 },
    };
    memcpy(self->folders, folders, sizeof folders);
    for (size_t f = 0; f < FOLDER_COUNT; f++) {
        self->folders[f].words = calloc(2 * folders[f].shard_count + 1, sizeof(int64_t));
        if (self->folders[f].words == NULL)
            return status_fail(STATUS_NO_MEMORY, "%s: no memory", folders[f].name);
    }
    return STATUS_OK;
}

static enum status check_place(const struct shard *shard, const struct shard_folder *folder,
                               struct shard_range range)
{
    const struct shard_identity *identity = shard_identity(shard);
    if (strcmp(identity->stage, folder->stage) == 0 && identity->number == range.number &&
        identity->first_record == range.first && identity->record_count == range.count)
        return STATUS_OK;
    return status_fail(
        STATUS_CORRUPT, "it is another shard under this name: %zu of %s, %zu records from %zu",
        identity->number, identity->stage, identity->record_count, identity->first_record);
}

/* espeak-ng's version is part of the recipe of speech, and may be another one here. */
static enum status check_recipe(const struct shard *shard, const struct checking *self)
{
    char expected[DIGEST_TEXT_BYTES];
    const struct shard_identity *identity = shard_identity(shard);
    const struct stage *stage = stage_find(identity->stage);
    if (stage == NULL || stage->shard_recipe == NULL ||
        stage->shard_recipe(expected, self->run, identity->number, &self->firsts) != STATUS_OK ||
        strcmp(expected, identity->recipe) == 0)
        return STATUS_OK;
    return status_fail(STATUS_CORRUPT, "made from other input than this run has");
}

static enum status check_records(const struct shard *shard, const struct checking *self,
                                 const struct shard_folder *folder, const struct shard *source)
{
    if (folder == &self->folders[PICTURES]) /* leaves out what cannot be read */
        return STATUS_OK;
    return folder->range == run_image_range ? shard_rules_pictures(shard, source, &self->firsts)
                                            : shard_rules_records(shard, source);
}

static enum status check_content(const struct shard *shard, const struct checking *self,
                                 const struct shard_folder *folder, const struct shard *source)
{
    const bool is_of_pictures = folder->range == run_image_range;
    const bool has_source = folder == &self->folders[UNITS] ||
                            folder == &self->folders[EMBEDDINGS] ||
                            folder == &self->folders[GENERATED];
    const bool is_comparable =
        (source != NULL || !has_source) && (!is_of_pictures || self->firsts.first != NULL);
    enum status outcome = shard_rules_ids(shard, self->run, is_of_pictures);
    if (outcome == STATUS_OK && is_comparable)
        outcome = check_records(shard, self, folder, source);
    if (outcome == STATUS_OK && folder->rules != NULL)
        outcome = folder->rules(shard, self->run);
    if (outcome == STATUS_OK && source != NULL && !is_of_pictures)
        outcome = shard_rules_of_speech(shard, source);
    if (outcome == STATUS_OK && is_comparable)
        outcome = check_recipe(shard, self);
    return outcome;
}

static bool tell(struct checking *self, const struct shard_folder *folder, size_t number,
                 enum status outcome)
{
    char file[64], text[STATUS_TEXT_BYTES];
    const char *folder_of_run = self->run->plan.run;
    snprintf(file, sizeof file, "%s/%05zu.h5", folder->name, number);
    snprintf(text, sizeof text, "%s", status_text());
    const char *fact = text; /* which may name the file already */
    if (strncmp(text, folder_of_run, strlen(folder_of_run)) == 0 && strstr(text, ".h5: ") != NULL)
        fact = strstr(text, ".h5: ") + strlen(".h5: ");
    status_fail(outcome, "%.150s/%s: %.250s; unitmill %s %.150s/plan.yaml makes it again",
                folder_of_run, file, fact, folder->maker, folder_of_run);
    return problems_tell_file(self->problems, file);
}

/* The shard where it is whole, for what is made from it; the caller destroys it. NULL where it is
 * missing or broken. Errors: STATUS_NO_MEMORY. */
static enum status check_shard(struct shard **out, struct checking *self,
                               struct shard_folder *folder, size_t number,
                               const struct shard *source)
{
    char path[PATH_BYTES], content[DIGEST_TEXT_BYTES];
    struct shard *shard = NULL;
    *out = NULL;
    enum status outcome = run_shard_path(path, self->run, folder->name, number);
    if (outcome == STATUS_OK)
        outcome = shard_read(&shard, path, folder->columns, folder->column_count);
    if (outcome == STATUS_NO_MEMORY)
        return outcome;
    if (outcome == STATUS_NOT_FOUND) {
        folder->missing++;
        return STATUS_OK;
    }
    if (outcome == STATUS_OK)
        outcome = check_place(shard, folder, folder->range(self->run, number));
    if (outcome == STATUS_OK)
        outcome = check_content(shard, self, folder, source);
    if (outcome == STATUS_OK)
        outcome = shard_content_digest(content, shard);
    if (outcome == STATUS_OK) {
        digest_words(folder->words + 2 * number, content);
        *out = shard;
        return STATUS_OK;
    }
    shard_destroy(shard);
    return tell(self, folder, number, outcome)
               ? STATUS_OK
               : status_fail(STATUS_NO_MEMORY, "%s: no memory", folder->name);
}

/* Shards that lie beside each other: what is made, and what is made from that. */
static enum status check_beside(struct checking *self, size_t first, const size_t *seconds,
                                size_t second_count)
{
    const struct team *team = self->run->team;
    enum status outcome = STATUS_OK;
    for (size_t s = (size_t)team->rank;
         s < self->folders[first].shard_count && outcome == STATUS_OK; s += (size_t)team->size) {
        struct shard *source = NULL, *made = NULL;
        outcome = stop_check();
        if (outcome == STATUS_OK)
            outcome = check_shard(&source, self, &self->folders[first], s, NULL);
        for (size_t i = 0; i < second_count && outcome == STATUS_OK; i++) {
            struct shard_folder *folder = &self->folders[seconds[i]];
            if (folder->is_planned)
                outcome = check_shard(&made, self, folder, s, source);
            shard_destroy(made);
            made = NULL;
        }
        shard_destroy(source);
    }
    return team_agree(team, "check shards", outcome);
}

/* Files with the name of a shard that the run does not have; rank 0. */
static enum status check_strays(struct checking *self, const struct shard_folder *folder)
{
    char path[PATH_BYTES], file[64];
    DIR *entries = run_path(path, self->run, folder->name) == STATUS_OK ? opendir(path) : NULL;
    bool has_memory = true;
    if (entries == NULL)
        return STATUS_OK;
    for (const struct dirent *entry; has_memory && (entry = readdir(entries)) != NULL;) {
        char *end = NULL;
        const unsigned long number = strtoul(entry->d_name, &end, 10);
        if (end == entry->d_name || strlen(entry->d_name) > 40)
            continue;
        snprintf(file, sizeof file, "%s/%.40s", folder->name, entry->d_name);
        if (strcmp(end, ".h5.partial") == 0)
            log_say("%s/%s: left by a run that was killed, or being written; the next run drops it",
                    self->run->plan.run, file);
        if (strcmp(end, ".h5") != 0 || number < folder->shard_count)
            continue;
        status_fail(STATUS_CORRUPT, "%.200s/%s: this run has no such shard", self->run->plan.run,
                    file);
        has_memory = problems_tell_file(self->problems, file);
    }
    closedir(entries);
    return has_memory ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
}

static enum status sum_up(struct checking *self, struct digest *digest)
{
    const struct team *team = self->run->team;
    enum status outcome = STATUS_OK;
    for (size_t f = 0; f < FOLDER_COUNT; f++) {
        struct shard_folder *folder = &self->folders[f];
        if (!folder->is_planned)
            continue;
        team_sum(team, &folder->missing, 1);
        team_sum(team, folder->words, 2 * folder->shard_count);
        digest_add_text(digest, folder->stage);
        digest_add(digest, folder->words, 2 * folder->shard_count * sizeof *folder->words);
        if (folder->missing > 0)
            log_say("%s: %lld of %zu shards are not there yet; unitmill %s %s/plan.yaml makes them",
                    folder->name, (long long)folder->missing, folder->shard_count, folder->maker,
                    self->run->plan.run);
        if (team->rank == 0 && outcome == STATUS_OK)
            outcome = check_strays(self, folder);
    }
    return team_agree(team, "look for strays", outcome);
}

/* Which pictures are the same follows from all shards of digests; where one of them is missing or
 * broken, it is not known. */
static enum status find_firsts(struct checking *self)
{
    const struct shard_folder *folder = &self->folders[PICTURES];
    const struct team *team = self->run->team;
    bool is_whole = true;
    for (size_t s = (size_t)team->rank; s < folder->shard_count; s += (size_t)team->size)
        is_whole &= (folder->words[2 * s] | folder->words[2 * s + 1]) != 0;
    return team_any(team, !is_whole) ? STATUS_OK : picture_firsts_read(&self->firsts, self->run);
}

enum status verify_shards(struct problems *problems, struct digest *digest, const struct run *run)
{
    static const size_t of_speech[] = { UNITS }, of_images[] = { EMBEDDINGS, GENERATED };
    struct checking self = { .problems = problems, .run = run };
    enum status outcome = team_agree(run->team, "prepare shards", allocate(&self));
    if (outcome == STATUS_OK)
        outcome = check_beside(&self, SPEECH, of_speech, 1);
    if (outcome == STATUS_OK)
        outcome = check_beside(&self, PICTURES, NULL, 0);
    if (outcome == STATUS_OK)
        outcome = find_firsts(&self);
    if (outcome == STATUS_OK)
        outcome = check_beside(&self, IMAGES, of_images, 2);
    if (outcome == STATUS_OK)
        outcome = sum_up(&self, digest);
    picture_firsts_end(&self.firsts);
    for (size_t f = 0; f < FOLDER_COUNT; f++)
        free(self.folders[f].words);
    return outcome;
}
