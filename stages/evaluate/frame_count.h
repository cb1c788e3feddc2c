/** Counting the frames of a run by phone and unit: its own units, and those of the baseline. */
#ifndef STAGES_EVALUATE_FRAME_COUNT_H
#define STAGES_EVALUATE_FRAME_COUNT_H

#include "stages/evaluate/baseline.h"
#include "stages/evaluate/phone_tally.h"

/** Collective. Reads all shards of RUN/speech and RUN/units, each on the rank that claims it, and
 * adds them to this rank's tally.
 *
 *     captions  out  of this rank
 *     baseline  in   left out where it is not there
 *
 * Errors: STATUS_NOT_FOUND (a shard that is missing, with the stage that makes it), STATUS_CORRUPT,
 * STATUS_INVALID (frames that are not of 20 ms; units of two codebooks), STATUS_STOPPED,
 * STATUS_NO_MEMORY. */
enum status frame_count_run(struct phone_tally *tally, int64_t *captions, struct baseline *baseline,
                            const struct run *run);

#endif
