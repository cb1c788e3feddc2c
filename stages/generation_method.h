/** The way of generation by its name, and settings as a line of text. Local. */
#ifndef STAGES_GENERATION_METHOD_H
#define STAGES_GENERATION_METHOD_H

#include "models/generation.h"

enum { GENERATION_TEXT_BYTES = 192 };

/** "greedy", "beam" or "sample". Errors: STATUS_INVALID. */
enum status generation_method_parse(enum generation_method *method, const char *name);

/** The longest sequence: what was asked for, or the model's own limit where that is less. */
size_t generation_method_length(const struct im2sp *net, size_t wanted);

/** What decides the sequences, as "method=beam length_max=512 length_penalty=1 beams=5"; with
 * several of a picture "captions=3" too. */
void generation_method_write(char text[GENERATION_TEXT_BYTES],
                             const struct generation_options *options);

#endif
