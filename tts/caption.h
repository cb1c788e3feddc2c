/** Captions: is a text fit to be spoken? */
#ifndef TTS_CAPTION_H
#define TTS_CAPTION_H

#include "core/status.h"

#include <stddef.h>

/** Checks a caption. Local; no effect but the status text, which is the reason of a reject.
 *
 * Errors: STATUS_INVALID for a text that is nothing but white space (ASCII white space, no-break
 * space and the spaces U+2000 .. U+200D, U+2028, U+2029, U+202F, U+205F, U+3000, U+FEFF); longer
 * than `bytes_max`; not well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most
 * U+10FFFF); or with a control character (U+0000 .. U+001F but tab, line feed and carriage return;
 * U+007F .. U+009F) or a non-character or private-use one (some of these are commands to
 * espeak-ng). */
enum status caption_check(const char *text, size_t bytes_max);

#endif
