#include "stages/verify/verify_run.h"

#include "core/log.h"
#include "stages/unit_codebook.h"
#include "stages/verify/verify_manifest.h"
#include "stages/verify/verify_shards.h"
#include "stages/verify/verify_store.h"

#include <stdio.h>
#include <string.h>

/* Tells the newest failure as one of this file of the run, with the stage that makes it. */
static enum status tell_file(struct problems *problems, const struct run *run, const char *file,
                             const char *stage)
{
    char text[STATUS_TEXT_BYTES];
    snprintf(text, sizeof text, "%s", status_text());
    status_fail(STATUS_CORRUPT, "%.300s; unitmill %s %.150s/plan.yaml makes it again", text, stage,
                run->plan.run);
    return problems_tell_file(problems, file)
               ? STATUS_OK
               : status_fail(STATUS_NO_MEMORY, "%s: no memory", file);
}

/* On every rank, which all see the same; rank 0 tells. */
static enum status check_kmeans(struct problems *problems, struct digest *digest,
                                const struct run *run)
{
    char path[PATH_BYTES];
    struct unit_codebook codebook;
    if (!plan_fits_units(&run->plan))
        return STATUS_OK;
    enum status outcome = run_path(path, run, "kmeans.h5");
    if (outcome != STATUS_OK)
        return outcome;
    if (!file_exists(path)) {
        log_say(
            "kmeans.h5: the centres are not there yet; unitmill fit-units %s/plan.yaml makes them",
            run->plan.run);
        return STATUS_OK;
    }
    outcome = unit_codebook_read(&codebook, run, 0);
    digest_add_text(digest, "kmeans");
    if (outcome == STATUS_OK)
        digest_add(digest, codebook.centroids,
                   codebook.clusters * codebook.width * sizeof *codebook.centroids);
    else if (run->team->rank == 0)
        outcome = tell_file(problems, run, "kmeans.h5", "fit-units");
    unit_codebook_end(&codebook);
    return outcome == STATUS_NO_MEMORY ? outcome : STATUS_OK;
}

static enum status check_store(struct problems *problems, struct digest *digest,
                               const struct run *run)
{
    char path[PATH_BYTES], content[DIGEST_TEXT_BYTES];
    struct problems found = { 0 };
    enum status outcome = run_path(path, run, "store.h5");
    if (outcome != STATUS_OK || !file_exists(path)) {
        log_say("pack: the store is not there yet; unitmill pack %s/plan.yaml makes it",
                run->plan.run);
        return outcome;
    }
    outcome = verify_store(&found, content, run->team, path);
    const bool is_sound = !team_any(run->team, found.count > 0);
    problems->count += found.count;
    problems_end(&found);
    if (outcome == STATUS_OK)
        digest_add_text(digest, content);
    if (outcome == STATUS_OK && run->team->rank == 0) {
        if (!is_sound)
            status_fail(STATUS_CORRUPT, "%.200s: see above", path);
        else if ((outcome = verify_manifest(run, path)) == STATUS_CORRUPT) {
            char text[STATUS_TEXT_BYTES];
            snprintf(text, sizeof text, "%s", status_text());
            status_fail(STATUS_CORRUPT, "%.200s: %.250s", path, text);
        }
        if (!is_sound || outcome == STATUS_CORRUPT)
            outcome = tell_file(problems, run, "store.h5", "pack");
    }
    return team_agree(run->team, "check store", outcome);
}

static enum status check_manifest(const struct run *run)
{
    char digest[DIGEST_TEXT_BYTES];
    const struct plan *plan = &run->plan;
    const size_t bytes = plan->digests.manifest_bytes;
    enum status outcome = STATUS_OK;
    if (run->team->rank == 0)
        outcome = digest_file_part(digest, plan->manifest, bytes > 0 ? bytes : UINT64_MAX);
    if (run->team->rank == 0 && outcome == STATUS_OK && plan->digests.manifest != NULL &&
        strcmp(digest, plan->digests.manifest) != 0)
        outcome = status_fail(STATUS_INVALID,
                              "%s: not the manifest that the run was made from; put that back",
                              plan->manifest);
    if (run->team->rank == 0 && outcome == STATUS_OK && bytes > 0 &&
        file_bytes(plan->manifest) > bytes)
        log_say("%s: records were appended that the run does not have yet; unitmill run "
                "%s/plan.yaml adds them",
                plan->manifest, plan->run);
    return team_agree(run->team, "check manifest", outcome);
}

enum status verify_run(struct problems *problems, char digest[DIGEST_TEXT_BYTES],
                       const struct team *team, const char *folder)
{
    struct run run;
    struct digest *running = NULL;
    digest[0] = '\0';
    enum status outcome = run_view(&run, team, folder);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = check_manifest(&run);
    if (outcome == STATUS_OK && (running = digest_begin()) == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", folder);
    outcome = team_agree(team, "begin verification", outcome);
    if (outcome == STATUS_OK)
        outcome = verify_shards(problems, running, &run);
    if (outcome == STATUS_OK)
        outcome = team_agree(team, "check k-means", check_kmeans(problems, running, &run));
    if (outcome == STATUS_OK)
        outcome = check_store(problems, running, &run);
    digest_end(digest, running);
    run_close(&run);
    return outcome;
}
