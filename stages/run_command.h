/** `unitmill run PLAN` and `unitmill STAGE PLAN`. */
#ifndef STAGES_RUN_COMMAND_H
#define STAGES_RUN_COMMAND_H

#include "stages/command_line.h"

enum status run_command(struct command_line *line, int argc, char **argv);

/** The stage is that of the command's name. */
enum status stage_command(struct command_line *line, int argc, char **argv);

#endif
