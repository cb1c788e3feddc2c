/** Digests of the picture files, by which stages/picture_firsts.h knows pictures that occur twice.
 * The first part of image-units.
 *
 * Reads:  the pictures that the manifest names
 * Writes: RUN/pictures, a shard for each of RUN/images; layout in docs/FORMATS.md, "Shards"
 * Ranks:  any number; the content does not depend on it */
#ifndef STAGES_IMAGE_UNITS_PICTURE_DIGESTS_H
#define STAGES_IMAGE_UNITS_PICTURE_DIGESTS_H

#include "stages/run_directory.h"

/** Collective. Makes what is missing. A picture that cannot be read has no row and is no reject
 * here: image-units says why. Errors: those of shard_stage_run. */
enum status picture_digests_run(const struct run *run);

#endif
