/** The command `convert-weights`: weights as a small safetensors file with config.json, for
 * inference. */
#ifndef STAGES_CONVERT_WEIGHTS_CONVERT_WEIGHTS_H
#define STAGES_CONVERT_WEIGHTS_CONVERT_WEIGHTS_H

#include "stages/command_line.h"

/** Runs the command: reads a weights file of any form that unitmill reads and writes
 * OUT/model.safetensors and OUT/config.json. What only training needs is left out: of a HuBERT all
 * tensors that are none of the net, of any net those below "loss.". What was done to each tensor
 * goes to standard output. */
enum status convert_weights_command(struct command_line *line, int argc, char **argv);

#endif
