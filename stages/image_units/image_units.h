/** image-units: turns pictures into ViT-VQGAN units. Of pictures with the same bytes only the first
 * of the manifest becomes units (stages/picture_firsts.h); the others have no row, unless as
 * rejects where the first is one.
 *
 * Reads:  the pictures that the manifest names, the ViT-VQGAN weights of the plan
 * Writes: RUN/pictures and RUN/images shards; columns in storage/shard_schemas.c
 * Ranks:  any number; a batch never crosses a shard, so the content does not depend on it */
#ifndef STAGES_IMAGE_UNITS_IMAGE_UNITS_H
#define STAGES_IMAGE_UNITS_IMAGE_UNITS_H

#include "stages/run_directory.h"

/** Collective. Errors: those of shard_stage_run and of loading the weights. */
enum status image_units_run(const struct run *run);

#endif
