/** The command `unitmill scenes`: a captioned picture data set that the program draws itself.
 *
 *     OUT/images/000001.jpg ...     the pictures
 *     OUT/manifest.jsonl            ids, splits and captions, as manifests/schema.json says
 *     OUT/ground_truth.jsonl        what is where in each picture
 *
 * docs/SCENES.md tells users what is drawn and what the fields mean. */
#ifndef STAGES_SCENES_SCENES_H
#define STAGES_SCENES_SCENES_H

#include "core/status.h"
#include "stages/scenes/scene_lines.h"

#include <stddef.h>
#include <stdint.h>

enum { SCENES_COUNT_MAX = 999999 };

struct scenes_options {
    const char *out; /* folder, made where it is not there */
    size_t count;    /* pictures, 1 .. SCENES_COUNT_MAX, those of other splits counted along */
    uint64_t seed;
    const char *split;                  /* pictures of that one alone; NULL for all */
    struct scene_caption_choice chosen; /* of each picture's captions */
    void (*tick)(void *payload, size_t done, size_t total); /* after each picture; NULL for none */
    void *payload;                                          /* handed to tick */
};

/** Local. Draws the data set. The same options give the same bytes, however often it is run and
 * interrupted; picture n is the same for any count. A file has its final name only when it is
 * whole, and the manifest comes last: where it is, everything is.
 *
 * A folder that holds anything but this data set, whole or in parts, is left alone.
 * Errors: STATUS_INVALID (options, such a folder), STATUS_IO, STATUS_NO_MEMORY. */
enum status scenes_make(const struct scenes_options *options);

#endif
