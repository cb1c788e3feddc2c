/** Words of a text, as recognisers say them and as scores compare them. Local. */
#ifndef RECOGNITION_WORD_H
#define RECOGNITION_WORD_H

#include <stdbool.h>

enum { WORD_BYTES = 64 };

/** Reads the next word of `*text` and moves `*text` behind it; false where none is left.
 *
 * A word is a run of letters, digits and bytes outside ASCII, with apostrophes between them. Latin
 * capitals become small, a typographic apostrophe a plain one; all other punctuation separates.
 * What does not fit into `word` is dropped. */
bool word_next(char word[WORD_BYTES], const char **text);

#endif
