/** Ground truth of pictures: which things are where, JSON lines as `unitmill scenes` writes them
 * (docs/SCENES.md, "Ground truth"):
 *
 *     {"id": "scene-000001", "objects": [{"kind": "star", "colour": "red", "place": "top left"}]}
 *
 * Other keys are passed over. Local. */
#ifndef STORAGE_GROUND_TRUTH_H
#define STORAGE_GROUND_TRUTH_H

#include "core/status.h"

/** Texts are borrowed, for the call that they are handed to. */
struct ground_truth_object {
    const char *picture; /* its id */
    const char *kind, *colour, *place;
};

/** Hands every object of the file to `take`, in the file's order; a failure of `take` ends the
 * reading and is returned. Errors: STATUS_NOT_FOUND, STATUS_IO, STATUS_NO_MEMORY; STATUS_INVALID or
 * STATUS_CORRUPT, "path:line: what". */
enum status ground_truth_read(const char *path,
                              enum status (*take)(void *payload,
                                                  const struct ground_truth_object *object),
                              void *payload);

#endif
