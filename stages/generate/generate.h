/** generate: spoken captions, as speech units and perhaps sound, for the pictures that image-units
 * kept. Optional: without generate.im2sp in the plan it says so and does nothing.
 *
 * A model of image units reads those of RUN/images, one of embeddings RUN/embeddings; one of pixels
 * reads the pictures. A picture that image-units rejected is not looked at again; one that cannot
 * be read any more, that embed-images rejected where embeddings are seen, or of which the model
 * says nothing, is a reject of this stage. A caption that does not end is cut at
 * generate.length_max and flagged.
 *
 * What generate.* says may change from one run of the stage to the next: the shards are then made
 * again.
 *
 * Reads:  RUN/images; for a model of embeddings RUN/embeddings, for one of pixels the manifest's
 *         pictures
 * Writes: RUN/generated, a shard for each of RUN/images; layout in docs/FORMATS.md, "Shards"
 * Ranks:  any number; the content does not depend on it, nor on generate.batch_images */
#ifndef STAGES_GENERATE_GENERATE_H
#define STAGES_GENERATE_GENERATE_H

#include "stages/run_directory.h"

/** Collective. Errors: those of shard_stage_run, and of loading the nets; STATUS_INVALID where they
 * do not fit each other or the run's image units. */
enum status generate_run(const struct run *run);

#endif
