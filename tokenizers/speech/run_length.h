/** Run-length units: repeats dropped, durations kept, as textless speech models read them. Local;
 * allocates nothing and cannot fail. */
#ifndef TOKENIZERS_SPEECH_RUN_LENGTH_H
#define TOKENIZERS_SPEECH_RUN_LENGTH_H

#include <stddef.h>
#include <stdint.h>

/** Returns the number of runs S.
 *
 *     runs      [S]      out  room for `frames`; a run longer than 65,535 frames is cut into runs
 * of that length, so that units then repeat durations [S]      out  frames of each, at least 1;
 * they add up to `frames` units     [frames] in */
size_t run_length_encode(uint16_t *runs, uint16_t *durations, const uint16_t *units, size_t frames);

/** Frames that the runs have together. */
size_t run_length_frames(const uint16_t *durations, size_t run_count);

/** The units at frame rate again.
 *
 *     units [run_length_frames(durations, run_count)]  out */
void run_length_decode(uint16_t *units, const uint16_t *runs, const uint16_t *durations,
                       size_t run_count);

#endif
