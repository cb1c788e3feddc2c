/** image-units: turns pictures into ViT-VQGAN units. Of pictures with the same bytes only the first
 * of the manifest becomes units (stages/picture_firsts.h); the others have no row, unless as
 * rejects where the first is one.
 *
 * Reads:  the pictures that the manifest names, the ViT-VQGAN weights of the plan
 * Writes: RUN/pictures and RUN/images shards; columns in storage/shard_schemas.c
 * Ranks:  any number; a batch never crosses a shard, so the content does not depend on it */
#ifndef STAGES_IMAGE_UNITS_IMAGE_UNITS_H
#define STAGES_IMAGE_UNITS_IMAGE_UNITS_H

#include "stages/picture_firsts.h"
#include "stages/run_directory.h"

/** Collective. Errors: those of shard_stage_run and of loading the weights. */
enum status image_units_run(const struct run *run);

/** Local. The recipe digest that shard `number` has. Errors: those of reading what it is taken
 * from. */
enum status image_units_recipe(char text[DIGEST_TEXT_BYTES], const struct run *run, size_t number,
                               const struct picture_firsts *firsts);

#endif
