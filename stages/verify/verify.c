#include "stages/verify/verify.h"

#include "core/file.h"
#include "core/log.h"
#include "stages/verify/repair.h"
#include "stages/verify/verify_run.h"
#include "stages/verify/verify_store.h"

#include <stdio.h>
#include <sys/stat.h>

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static enum status verify(int64_t *problem_count, struct problems *problems,
                          char digest[DIGEST_TEXT_BYTES], const struct team *team, const char *path)
{
    const enum status outcome = is_folder(path) ? verify_run(problems, digest, team, path)
                                                : verify_store(problems, digest, team, path);
    *problem_count = (int64_t)problems->count;
    if (outcome == STATUS_OK)
        team_sum(team, problem_count, 1);
    return outcome;
}

/* Looks, repairs what is broken, looks again. */
static enum status verify_and_repair(int64_t *problem_count, char digest[DIGEST_TEXT_BYTES],
                                     const struct command_line *line, bool repairs)
{
    const char *path = line->operands[0];
    struct problems problems = { 0 };
    enum status outcome = verify(problem_count, &problems, digest, &line->team, path);
    if (outcome == STATUS_OK && *problem_count > 0 && repairs) {
        log_say("%s: %lld problems; making the broken files again", path,
                (long long)*problem_count);
        outcome = repair_run(&problems, line);
        problems_end(&problems);
        if (outcome == STATUS_OK)
            outcome = verify(problem_count, &problems, digest, &line->team, path);
    }
    problems_end(&problems);
    return outcome;
}

enum status verify_command(struct command_line *line, int argc, char **argv)
{
    bool wants_digest = false, repairs = false;
    const struct option options[] = {
        { "digest", OPTION_SWITCH, &wants_digest, NULL, "print the digest of the content" },
        { "repair", OPTION_SWITCH, &repairs, NULL,
          "set broken files of a run aside, make them again" },
    };
    if (!command_begin(line, options, sizeof options / sizeof options[0], argc, argv))
        return STATUS_OK;

    const char *path = line->operands[0];
    char digest[DIGEST_TEXT_BYTES];
    int64_t problem_count = 0;
    if (repairs && file_exists(path) && !is_folder(path))
        return command_usage(line, "--repair is for run directories: a store is made by its run");
    const enum status outcome = verify_and_repair(&problem_count, digest, line, repairs);
    if (outcome != STATUS_OK)
        return outcome;
    if (problem_count > 0)
        return status_fail(STATUS_CORRUPT, "%s: %lld problems%s", path, (long long)problem_count,
                           is_folder(path) ? "; --repair makes exactly the broken files again"
                                           : "");
    log_say("%s: all checks passed", path);
    if (wants_digest && line->team.rank == 0)
        printf("%s\n", digest);
    return STATUS_OK;
}
