/** Captions as the sample data has them, for benches that need text. */
#ifndef BENCH_SPOKEN_CAPTIONS_H
#define BENCH_SPOKEN_CAPTIONS_H

#include <stddef.h>

enum { SPOKEN_CAPTION_BYTES = 256 };

/** Local. English captions of drawn scenes, five a scene; a longer one is cut.
 *
 *     texts [count]  out  zeros behind each */
void spoken_captions_make(char (*texts)[SPOKEN_CAPTION_BYTES], size_t count);

#endif
