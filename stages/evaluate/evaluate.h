/** evaluate: how well the units of a run tell phones apart, beside MFCC and k-means with as many
 * clusters.
 *
 * Reads:  RUN/speech (phone times, audio) and RUN/units shards
 * Writes: a table to standard output, one object into RUN/metrics.jsonl
 * Ranks:  any number; frames are counted in whole numbers, so the result is the same for any */
#ifndef STAGES_EVALUATE_EVALUATE_H
#define STAGES_EVALUATE_EVALUATE_H

#include "stages/command_line.h"
#include "stages/run_directory.h"

/** Collective. The stage itself; rank 0 writes the table to `stream`.
 * Errors: those of baseline_fit and frame_count_run; STATUS_IO. */
enum status evaluate_run(FILE *stream, const struct run *run);

/** `unitmill evaluate PLAN`. It is no part of `unitmill run`, for it makes nothing that a later
 * stage reads. */
enum status evaluate_command(struct command_line *line, int argc, char **argv);

#endif
