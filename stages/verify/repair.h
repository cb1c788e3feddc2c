/** Making the broken files of a run again. */
#ifndef STAGES_VERIFY_REPAIR_H
#define STAGES_VERIFY_REPAIR_H

#include "stages/command_line.h"
#include "stages/verify/problems.h"

/** Collective. Moves the files that each rank found broken to RUN/broken, "images/00003.h5" as
 * images-00003.h5, then runs the stages of the frozen plan up to pack: what was moved is made
 * again, and what was made from it where its content changed. All else stays. The run is that of
 * the command's operand. Errors: those of run_open (another unitmill at work, other weights) and of
 * the stages; STATUS_IO. */
enum status repair_run(const struct problems *problems, const struct command_line *line);

#endif
