/** `unitmill inspect WEIGHTS`: names, shapes and types of a weights file, and what it is. */
#ifndef STAGES_INSPECT_INSPECT_H
#define STAGES_INSPECT_INSPECT_H

#include "stages/command_line.h"

enum status inspect_command(struct command_line *line, int argc, char **argv);

#endif
