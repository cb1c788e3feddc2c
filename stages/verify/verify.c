#include "stages/verify/verify.h"

#include "core/log.h"
#include "stages/verify/verify_run.h"
#include "stages/verify/verify_store.h"

#include <stdio.h>
#include <sys/stat.h>

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

enum status verify_command(struct command_line *line, int argc, char **argv)
{
    bool wants_digest = false;
    const struct option options[] = {
        { "digest", OPTION_SWITCH, &wants_digest, NULL, "print the digest of the content" },
    };
    if (!command_begin(line, options, sizeof options / sizeof options[0], argc, argv))
        return STATUS_OK;

    const struct team *team = &line->team;
    const char *path = line->operands[0];
    char digest[DIGEST_TEXT_BYTES];
    size_t problems = 0;
    enum status outcome = is_folder(path) ? verify_run(&problems, digest, team, path)
                                          : verify_store(&problems, digest, team, path);
    if (outcome != STATUS_OK)
        return outcome;
    int64_t all_problems = (int64_t)problems;
    team_sum(team, &all_problems, 1);
    if (all_problems > 0)
        return status_fail(STATUS_CORRUPT, "%s: %lld problems", path, (long long)all_problems);
    log_say("%s: all checks passed", path);
    if (wants_digest && team->rank == 0)
        printf("%s\n", digest);
    return STATUS_OK;
}
