/** The command `unitmill vocode --vocoder W (--units "12 7 7" | --units-file F) --out O.wav`:
 * speech units to sound.
 *
 * Reads:  a unit vocoder; a file of units, a line an utterance
 * Writes: O.wav; for a file of several utterances O-1.wav, O-2.wav, ..., numbered by line. 16-bit
 *         mono at the vocoder's rate, of tens of milliseconds a unit. Each is whole or absent.
 *
 * Negative units are dropped; empty lines of a file are passed over. */
#ifndef STAGES_VOCODE_VOCODE_H
#define STAGES_VOCODE_VOCODE_H

#include "stages/command_line.h"

enum status vocode_command(struct command_line *line, int argc, char **argv);

#endif
