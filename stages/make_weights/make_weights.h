/** `unitmill make-weights OUT --net hubert|vit-vqgan|clip [--size compact|base]
 * [--kind designed|random] [--seed S]`: weights that nobody trained. Designed ones, of a compact
 * HuBERT and ViT-VQGAN, are calculated so that units carry meaning; random ones measure speed. */
#ifndef STAGES_MAKE_WEIGHTS_MAKE_WEIGHTS_H
#define STAGES_MAKE_WEIGHTS_MAKE_WEIGHTS_H

#include "stages/command_line.h"

enum status make_weights_command(struct command_line *line, int argc, char **argv);

#endif
