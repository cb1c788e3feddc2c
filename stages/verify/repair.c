#include "stages/verify/repair.h"

#include "cluster/launch.h"
#include "core/log.h"
#include "stages/stage_table.h"

#include <stdio.h>
#include <string.h>

/* "images/00003.h5" becomes "broken/images-00003.h5". */
static enum status set_aside(const struct run *run, const char *file)
{
    char name[PATH_BYTES], from[PATH_BYTES], to[PATH_BYTES];
    snprintf(name, sizeof name, "broken/%s", file);
    char *slash = strchr(name + strlen("broken/"), '/');
    if (slash != NULL)
        *slash = '-';
    enum status outcome = run_path(from, run, file);
    if (outcome == STATUS_OK)
        outcome = run_path(to, run, name);
    if (outcome == STATUS_OK && rename(from, to) != 0)
        outcome = file_fail(from, "cannot be set aside");
    if (outcome == STATUS_OK)
        log_event("set-aside", "file=%s to=%s", from, to);
    return outcome;
}

static enum status set_all_aside(const struct run *run, const struct problems *problems)
{
    char folder[PATH_BYTES];
    enum status outcome = run_path(folder, run, "broken");
    if (outcome == STATUS_OK && run->team->rank == 0)
        outcome = folder_make(folder);
    outcome = team_agree(run->team, "make folder for broken files", outcome);
    for (size_t f = 0; f < problems->file_count && outcome == STATUS_OK; f++)
        outcome = set_aside(run, problems->files[f]);
    return team_agree(run->team, "set broken files aside", outcome);
}

enum status repair_run(const struct problems *problems, const struct command_line *line)
{
    struct run run = { .lock = -1 };
    char plan_path[PATH_BYTES], folder[PATH_BYTES];
    const int written = snprintf(folder, sizeof folder, "run=%s", line->operands[0]);
    const struct option_texts sets = { .items = { folder }, .count = 1 };
    enum status outcome = path_join(plan_path, line->operands[0], "plan.yaml");
    if (outcome == STATUS_OK && written >= (int)sizeof folder)
        outcome = status_fail(STATUS_INVALID, "%.80s...: path too long", line->operands[0]);
    outcome = team_agree(&line->team, "name run", outcome);
    if (outcome == STATUS_OK)
        outcome = run_open(&run, &line->team, plan_path, &sets);
    run.is_quiet = line->is_quiet;
    run.terminal_columns = launch_terminal_columns();
    if (outcome == STATUS_OK)
        outcome = set_all_aside(&run, problems);
    for (size_t s = 0; s < stage_count && outcome == STATUS_OK; s++)
        if (stage_table[s].output != STAGE_MODEL)
            outcome = stage_run(&stage_table[s], &run);
    log_enter_stage("verify");
    run_close(&run);
    return outcome;
}
