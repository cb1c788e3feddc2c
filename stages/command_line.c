#include "stages/command_line.h"

#include "cluster/launch.h"
#include "cluster/stop.h"
#include "core/log.h"
#include "core/plan.h"
#include "nn/matmul.h"
#include "storage/hdf5_prepare.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 24, COMMON_MAX = 5, EXIT_USAGE = 2 };

/* The common options that suit the command, after its own. */
static size_t join_options(struct option *joined, struct command_line *line, bool *wants_help,
                           const struct option *own, size_t own_count)
{
    const struct option common[COMMON_MAX] = {
        { "help", OPTION_SWITCH, wants_help, NULL, "say this" },
        { "quiet", OPTION_SWITCH, &line->is_quiet, NULL, "no progress and no remarks" },
        { "log", OPTION_TEXT, &line->log_path, "FILE", "write the log there too" },
        { "ranks", OPTION_COUNT, &line->ranks, "N", "MPI ranks to start (default: one a core)" },
        { "set", OPTION_TEXTS, &line->sets, "KEY=VALUE", "override a key of the plan; repeatable" },
    };
    size_t count = 0;
    for (size_t o = 0; o < own_count; o++)
        joined[count++] = own[o];
    for (size_t o = 0; o < COMMON_MAX; o++) {
        const bool suits = (line->command->is_parallel || common[o].value != &line->ranks) &&
                           (line->command->takes_a_plan || common[o].value != &line->sets);
        if (suits)
            joined[count++] = common[o];
    }
    return count;
}

static void write_help(const struct command *command, const struct option *options, size_t count)
{
    printf("usage: unitmill %s %s [options]\n\n%s\n", command->name, command->operands,
           command->summary);
    if (command->help != NULL)
        printf("\n%s", command->help);
    printf("\noptions:\n");
    options_write_help(stdout, options, count);
    if (command->takes_a_plan) {
        printf("\nkeys of a plan, with their defaults:\n");
        plan_write_keys(stdout);
    }
}

enum status command_usage(struct command_line *line, const char *text)
{
    if (line->team.rank == 0)
        fprintf(stderr, "unitmill %s: %s\nunitmill %s --help says more\n", line->command->name,
                text, line->command->name);
    line->exit_code = EXIT_USAGE;
    return STATUS_OK;
}

/* False where the command is over after it. */
static bool read_arguments(struct command_line *line, const struct option *own, size_t own_count,
                           int argc, char **argv)
{
    struct option options[OPTIONS_MAX];
    bool wants_help = false;
    const size_t count = join_options(options, line, &wants_help, own, own_count);
    struct option_operands operands = { .items = calloc((size_t)argc + 1, sizeof(char *)) };
    line->operands = operands.items;
    if (operands.items == NULL) {
        line->exit_code = 1;
        return false;
    }
    enum status outcome = options_read(options, count, argc, argv, &operands);
    line->operand_count = operands.count;
    if (wants_help) {
        write_help(line->command, options, count);
        return false;
    }
    if (outcome == STATUS_OK && operands.count < line->command->operand_min)
        outcome = status_fail(STATUS_INVALID, "expected %s", line->command->operands);
    if (outcome == STATUS_OK && operands.count > line->command->operand_max)
        outcome = status_fail(STATUS_INVALID, "%s: one operand too many",
                              operands.items[line->command->operand_max]);
    if (outcome != STATUS_OK)
        command_usage(line, status_text());
    return outcome == STATUS_OK;
}

/* The arguments as unitmill itself got them, for the ranks. */
static void relaunch(struct command_line *line, size_t ranks, int argc, char **argv)
{
    char **whole = calloc((size_t)argc + 2, sizeof *whole);
    if (whole == NULL) {
        line->exit_code = 1;
        return;
    }
    whole[0] = "unitmill";
    memcpy(whole + 1, argv, (size_t)argc * sizeof *whole);
    if (launch_ranks(&line->exit_code, ranks, whole) != STATUS_OK)
        fprintf(stderr, "unitmill %s: %s\n", line->command->name, status_text());
    free(whole);
}

static bool begin_team(struct command_line *line)
{
    matmul_use_one_thread();
    hdf5_prepare();
    launch_prepare();
    MPI_Init(NULL, NULL);
    line->has_team = true;
    stop_watch();
    enum status outcome = team_begin(&line->team, MPI_COMM_WORLD);
    const struct log_options log = { .stage = line->command->name,
                                     .rank = line->team.rank,
                                     .is_quiet = line->is_quiet,
                                     .path = line->team.rank == 0 ? line->log_path : NULL };
    if (outcome == STATUS_OK)
        outcome = team_agree(&line->team, "open log", log_begin(&log));
    if (outcome == STATUS_OK)
        return true;
    if (line->team.rank == 0)
        log_failure(status_text());
    line->exit_code = 1;
    return false;
}

bool command_begin(struct command_line *line, const struct option *options, size_t option_count,
                   int argc, char **argv)
{
    if (!read_arguments(line, options, option_count, argc, argv))
        return false;
    if (line->command->is_parallel && !launch_is_under_launcher()) {
        const size_t ranks = line->ranks > 0 ? line->ranks : launch_core_count();
        if (ranks > 1) {
            relaunch(line, ranks, argc, argv);
            return false;
        }
    }
    return begin_team(line);
}

void command_end(struct command_line *line)
{
    free(line->operands);
    log_end();
    if (!line->has_team)
        return;
    team_end(&line->team);
    MPI_Finalize();
}
