/** `unitmill encode-speech` and `unitmill encode-image`: features and units of single files, into
 * one HDF5 file with a group for each input. Layout: docs/FORMATS.md, "Encoded files". */
#ifndef STAGES_ENCODE_ENCODE_H
#define STAGES_ENCODE_ENCODE_H

#include "stages/command_line.h"

enum status encode_speech_command(struct command_line *line, int argc, char **argv);
enum status encode_image_command(struct command_line *line, int argc, char **argv);

#endif
