/** The command `unitmill manifest FORMAT INPUT... --out M.jsonl`. */
#ifndef STAGES_MANIFEST_MANIFEST_COMMAND_H
#define STAGES_MANIFEST_MANIFEST_COMMAND_H

#include "stages/command_line.h"

/** Local. Tells on standard output what was imported and what was skipped, with reasons. */
enum status manifest_command(struct command_line *line, int argc, char **argv);

/** The formats, for --help. */
extern const char manifest_command_help[];

#endif
