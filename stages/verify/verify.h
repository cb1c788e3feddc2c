/** `unitmill verify PATH [--digest] [--repair]`: checks every checksum, offset and reference of a
 * run or a store.
 *
 * Reads:  a store, or a run directory: its shards, k-means centres, store and manifest
 * Writes: nothing, but with --repair what repair_run says; problems to standard error, a line each;
 * the digest to standard output Ranks:  any number; shards and blocks of rows are split over them
 */
#ifndef STAGES_VERIFY_VERIFY_H
#define STAGES_VERIFY_VERIFY_H

#include "stages/command_line.h"

enum status verify_command(struct command_line *line, int argc, char **argv);

#endif
