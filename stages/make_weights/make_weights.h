/** `unitmill make-weights OUT --net hubert|vit-vqgan [--size compact|base] [--seed S]`: weights
 * that nobody trained, to try things with and to measure speed. */
#ifndef STAGES_MAKE_WEIGHTS_MAKE_WEIGHTS_H
#define STAGES_MAKE_WEIGHTS_MAKE_WEIGHTS_H

#include "stages/command_line.h"

enum status make_weights_command(struct command_line *line, int argc, char **argv);

#endif
