/** Import sink: where the readers of the formats put what they find. For storage/import only.
 *
 * A reader names pictures and captions by a key that is the same for both: the picture's path, or
 * its number. They may come in any order, and any number of times. Texts are cleaned here: white
 * space runs become one blank, and what cannot be used is counted as skipped. Nothing is borrowed
 * beyond a call. All functions are local. */
#ifndef STORAGE_IMPORT_IMPORT_SINK_H
#define STORAGE_IMPORT_IMPORT_SINK_H

#include "storage/import/import.h"

struct import_sink; /* opaque */

enum { IMPORT_LINE_BYTES_MAX = 16 << 20 };

/** Captions whose format gives them no number. */
#define IMPORT_NO_NUMBER UINT64_MAX

struct import_picture {
    const char *id;    /* NULL: the path without its ending, or the key */
    const char *path;  /* NULL: captions without a picture */
    const char *split; /* NULL: --split, or by the input's name */
};

struct import_caption {
    uint64_t number;      /* within its picture, for its id; or IMPORT_NO_NUMBER */
    const char *text;     /* NULL: none, for recorded audio */
    const char *language; /* NULL: --language */
    const char *speaker;  /* NULL: not told */
    const char *audio;    /* NULL: not recorded */
};

/** What the import was asked for, and the input in hand. */
const struct import_options *import_sink_options(const struct import_sink *sink);
const char *import_sink_input(const struct import_sink *sink);

/** A place is what follows the input's name in messages: ":17" for a line, ": images[17]". */
enum { IMPORT_PLACE_BYTES = 256 };

/** Counts something that is left out. `reason` is a text constant. */
void import_sink_skip(struct import_sink *sink, const char *reason, const char *place);

/** A failure of STATUS_INVALID with the input, the place and what is wrong there. */
enum status import_sink_fail(const struct import_sink *sink, const char *place, const char *format,
                             ...) __attribute__((format(printf, 3, 4)));

/** Adds a picture; again for the same key changes nothing. A path that cannot be used is skipped,
 * and so are its captions. Errors: those of record_sort_add; STATUS_STOPPED. */
enum status import_sink_add_picture(struct import_sink *sink, const char *key, const char *place,
                                    const struct import_picture *picture);

/** Adds a caption of the picture of that key. Errors: likewise. */
enum status import_sink_add_caption(struct import_sink *sink, const char *key, const char *place,
                                    const struct import_caption *caption);

/** From now on pictures of no split list are skipped; this key is in the list of `split`. */
enum status import_sink_add_listed(struct import_sink *sink, const char *key, const char *split);

/** Folders that the input names. An option of the user goes before them; inputs that name different
 * ones are refused. Errors: STATUS_INVALID, STATUS_NO_MEMORY. */
enum status import_sink_set_images(struct import_sink *sink, const char *folder);
enum status import_sink_set_audio(struct import_sink *sink, const char *folder);

/** A picture that is added more than once is skipped: the files of one would be those of the other.
 */
void import_sink_expect_once(struct import_sink *sink);

#endif
