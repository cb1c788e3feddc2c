/** The command `unitmill submit PLAN`: the run as a chain of Slurm jobs, a job a stage, each after
 * the success of the one before.
 *
 * Reads:  the plan, what the run directory has already, jobs/templates/stage.sh
 * Writes: RUN/plan.yaml as any stage would; RUN/slurm/: plan.yaml (what the jobs run), STAGE.sh,
 *         jobs; the jobs add STAGE.log, STAGE.turn and STAGE.end
 *
 * Only stages that are not done are submitted. It refuses while jobs of the run wait or run. With
 * --dry-run it writes nothing and asks nobody but sinfo. */
#ifndef STAGES_SUBMIT_SUBMIT_H
#define STAGES_SUBMIT_SUBMIT_H

#include "stages/command_line.h"

extern const char submit_command_help[];

enum status submit_command(struct command_line *line, int argc, char **argv);

#endif
