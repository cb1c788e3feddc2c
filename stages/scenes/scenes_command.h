/** `unitmill scenes OUT [--count N] [--seed S]`. */
#ifndef STAGES_SCENES_SCENES_COMMAND_H
#define STAGES_SCENES_SCENES_COMMAND_H

#include "stages/command_line.h"

enum status scenes_command(struct command_line *line, int argc, char **argv);

#endif
