/** embed-images: frozen CLIP embeddings of the pictures that image-units kept. Optional: without
 * embed_images.clip in the plan it says so and does nothing.
 *
 * A picture that image-units rejected is not looked at again; one that only CLIP cannot see (its
 * sides are too unequal, its file is gone) is a reject of this stage. The store has the pictures
 * that both stages kept.
 *
 * Of pictures with the same bytes only the first of the manifest is embedded.
 *
 * Reads:  RUN/images, RUN/pictures, the manifest's pictures
 * Writes: RUN/embeddings, a shard for each of RUN/images; layout in docs/FORMATS.md, "Shards"
 * Ranks:  any number; the content does not depend on it */
#ifndef STAGES_EMBED_IMAGES_EMBED_IMAGES_H
#define STAGES_EMBED_IMAGES_EMBED_IMAGES_H

#include "stages/picture_firsts.h"
#include "stages/run_directory.h"

/** Collective. Errors: those of shard_stage_run, and of loading the net. */
enum status embed_images_run(const struct run *run);

/** Local. The recipe digest that shard `number` has. Errors: those of reading what it is taken
 * from. */
enum status embed_images_recipe(char text[DIGEST_TEXT_BYTES], const struct run *run, size_t number,
                                const struct picture_firsts *firsts);

#endif
