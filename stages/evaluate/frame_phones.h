/** The phone of each frame of 20 ms, from the times that speak stored. Local.
 *
 * Frame t covers samples 320 t .. 320 t + 400 and gets the phone that sounds at its middle, sample
 * 320 t + 200. In speech of more than 100 s, which HuBERT hears in chunks, frames are counted anew
 * from the start of each chunk. All pauses are one class, "_": espeak-ng's "_", "_:" and what else
 * begins so, and the time before the first phone. A phone is its espeak-ng name, whatever the
 * language. */
#ifndef STAGES_EVALUATE_FRAME_PHONES_H
#define STAGES_EVALUATE_FRAME_PHONES_H

#include "stages/evaluate/name_list.h"

#include <stdint.h>

/** Writes the class of each frame, as its number in `names`, to which new ones are added.
 *
 *     classes [frames]  out
 *     phones            in   names, separated by blanks; "" for none
 *     starts  [count]   in   first sample of each, never falling
 *
 * Errors: STATUS_CORRUPT (not as many names as starts), those of name_list_place. */
enum status frame_phones_write(uint16_t *classes, size_t frames, struct name_list *names,
                               const char *phones, const uint32_t *starts, size_t count);

#endif
