/** Unit source: grids of image units by the id of their picture, from a store or from a file of
 * encode-image. All functions are local. */
#ifndef STAGES_UNIT_SOURCE_H
#define STAGES_UNIT_SOURCE_H

#include "stages/picture_decoder.h"

#include <stdint.h>

struct unit_source; /* opaque */

/** Opens either kind of file. On success the caller ends `*out` with unit_source_close.
 * Errors: STATUS_NOT_FOUND; STATUS_CORRUPT (neither of them, damaged); STATUS_NO_MEMORY. */
enum status unit_source_open(struct unit_source **out, const char *path);

/** NULL is allowed. */
void unit_source_close(struct unit_source *source);

/** Pictures in it: of a store in its order, of a file in the order of their names. */
uint64_t unit_source_count(const struct unit_source *source);

/** The id of a picture: of a file the name of its group. Valid until the next call.
 * Errors: STATUS_CORRUPT. */
enum status unit_source_id(const char **id, struct unit_source *source, uint64_t index);

/** Its units, valid until the next call. Errors: STATUS_CORRUPT, STATUS_NO_MEMORY. */
enum status unit_source_read(struct unit_grid *grid, struct unit_source *source, uint64_t index);

/** The picture with this id; in a store, where it has the bytes of an earlier one, that one. Errors: STATUS_NOT_FOUND; those of unit_source_id. */
enum status unit_source_find(uint64_t *index, struct unit_source *source, const char *id);

#endif
