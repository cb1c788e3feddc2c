/** evaluate, of what generate made: captions against those of the manifest, as units.
 *
 * Reads:  RUN/generated and RUN/units
 * Writes: a table to standard output, a line a split and, with several languages, against the
 *         captions of each; an object each into RUN/metrics.jsonl
 * Ranks:  any number; counts are whole numbers, so the result is the same for any */
#ifndef STAGES_EVALUATE_EVALUATE_CAPTIONS_H
#define STAGES_EVALUATE_EVALUATE_CAPTIONS_H

#include "stages/run_directory.h"

/** Collective. Does nothing in a run without RUN/generated. A picture of which nothing was
 * generated, or none of whose captions has units, counts nowhere. Errors: STATUS_NOT_FOUND (shards
 * are missing), STATUS_CORRUPT, STATUS_IO, STATUS_NO_MEMORY. */
enum status evaluate_captions(FILE *stream, const struct run *run);

#endif
