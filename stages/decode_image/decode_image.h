/** The command `unitmill decode-image --vit-vqgan W IN.h5 --out DIR [--image ID]`: units back into
 * pictures.
 *
 * Reads:  a store, or a file of encode-image
 * Writes: DIR/ID.png for each picture, or for the one asked for; names as export has them. A grid
 *         that was cropped gives the middle of the picture: see stages/picture_decoder.h. */
#ifndef STAGES_DECODE_IMAGE_DECODE_IMAGE_H
#define STAGES_DECODE_IMAGE_DECODE_IMAGE_H

#include "stages/command_line.h"

enum status decode_image_command(struct command_line *line, int argc, char **argv);

#endif
