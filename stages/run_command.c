#include "stages/run_command.h"

#include "cluster/launch.h"
#include "core/log.h"
#include "stages/stage_table.h"

#include <string.h>

static const char retry_help[] = "try the rejected records of finished shards again";

/* Index of the stage called `name`; `fallback` for NULL. */
static enum status find_stage(size_t *index, const char *name, size_t fallback)
{
    *index = fallback;
    if (name == NULL)
        return STATUS_OK;
    const struct stage *stage = stage_find(name);
    if (stage == NULL)
        return status_fail(STATUS_INVALID, "%s: no such stage", name);
    *index = (size_t)(stage - stage_table);
    return STATUS_OK;
}

static enum status run_stages(struct command_line *line, size_t first, size_t last, bool retries)
{
    struct run run;
    enum status outcome = run_open(&run, &line->team, line->operands[0], &line->sets);
    run.retries_rejects = retries;
    run.is_quiet = line->is_quiet;
    run.terminal_columns = launch_terminal_columns();
    for (size_t s = first; s <= last && outcome == STATUS_OK; s++)
        outcome = stage_run(&stage_table[s], &run);
    run_close(&run);
    return outcome;
}

enum status run_command(struct command_line *line, int argc, char **argv)
{
    const char *from = NULL, *to = NULL;
    bool retries = false;
    const struct option options[] = {
        { "from", OPTION_TEXT, &from, "STAGE", "first stage to run" },
        { "to", OPTION_TEXT, &to, "STAGE", "last stage to run" },
        { "retry-rejects", OPTION_SWITCH, &retries, NULL, retry_help },
    };
    if (!command_begin(line, options, sizeof options / sizeof options[0], argc, argv))
        return STATUS_OK;
    size_t first = 0, last = 0;
    enum status outcome = find_stage(&first, from, 0);
    if (outcome == STATUS_OK)
        outcome = find_stage(&last, to, stage_count - 1);
    if (outcome == STATUS_OK && first > last)
        outcome = status_fail(STATUS_INVALID, "--from %s comes after --to %s", from, to);
    return outcome == STATUS_OK ? run_stages(line, first, last, retries) : outcome;
}

enum status stage_command(struct command_line *line, int argc, char **argv)
{
    bool retries = false;
    const struct option options[] = {
        { "retry-rejects", OPTION_SWITCH, &retries, NULL, retry_help },
    };
    if (!command_begin(line, options, 1, argc, argv))
        return STATUS_OK;
    const size_t index = (size_t)(stage_find(line->command->name) - stage_table);
    return run_stages(line, index, index, retries);
}
