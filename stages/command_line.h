/** Command line: what all commands share: common options, --help, starting the ranks. */
#ifndef STAGES_COMMAND_LINE_H
#define STAGES_COMMAND_LINE_H

#include "cluster/team.h"
#include "core/options.h"

struct command; /* below */

/** Exit code of a command that SIGUSR2 ended before it was done: the same command goes on. */
enum { EXIT_TURN = 75 };

/** A command as it runs. */
struct command_line {
    const struct command *command;
    struct team team;
    bool has_team; /* MPI is up */
    bool is_quiet;
    size_t ranks;             /* as asked for; 0: one a core */
    struct option_texts sets; /* --set */
    const char *log_path;
    const char **operands;
    size_t operand_count;
    int exit_code; /* where the command is over before it began: help, wrong usage, launched */
};

/** One entry of the command table. */
struct command {
    const char *name;
    const char *operands; /* "PLAN", "AUDIO..." */
    const char *summary;
    const char *help; /* more lines for --help; NULL for none */
    size_t operand_min, operand_max;
    bool is_parallel;  /* started without a launcher, it starts itself on several ranks */
    bool takes_a_plan; /* --set */
    enum status (*run)(struct command_line *line, int argc, char **argv);
};

/** Reads the arguments with the command's own options beside the common ones, starts the ranks
 * where the command is parallel and no launcher did, then brings MPI, the team and the log up.
 * argv[0] is the command's name.
 *
 * True: go on; every rank runs this. False: the command is over, with line->exit_code set and
 * everything said. */
bool command_begin(struct command_line *line, const struct option *options, size_t option_count,
                   int argc, char **argv);

/** For a command that finds its arguments wrong after command_begin: says so on rank 0 and returns
 * STATUS_OK with line->exit_code set to 2. */
enum status command_usage(struct command_line *line, const char *text);

/** Takes the team down. */
void command_end(struct command_line *line);

#endif
