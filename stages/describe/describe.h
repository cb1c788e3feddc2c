/** The command `unitmill describe --im2sp W --vocoder W PICTURE... --out DIR`: spoken captions of
 * single pictures, one each or --captions of them.
 *
 * Reads:  an image-to-speech-unit model, a unit vocoder with a duration predictor, for a model of
 *         image units the ViT-VQGAN that makes them, for one of embeddings the CLIP; pictures
 * Writes: DIR/NAME.wav for each, NAME being the file's without its ending, of several captions
 *         DIR/NAME-0.wav and so on; a line on standard output: the WAV file, a tab, the units. A
 * picture that cannot be read, or of which the model says nothing, is named with its reason; the
 * others are made all the same, and the command fails at its end. A caption that was cut at
 * --length-max is said so. */
#ifndef STAGES_DESCRIBE_DESCRIBE_H
#define STAGES_DESCRIBE_DESCRIBE_H

#include "stages/command_line.h"

enum status describe_command(struct command_line *line, int argc, char **argv);

#endif
