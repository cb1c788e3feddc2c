/** Reading RUN/images, RUN/embeddings and RUN/generated: what the stages after them have in common.
 * Local. */
#ifndef STAGES_IMAGE_SHARDS_H
#define STAGES_IMAGE_SHARDS_H

#include "stages/run_directory.h"
#include "storage/shard_schemas.h"

/** True where the plan asks for embeddings: where it names a CLIP. */
bool run_has_embeddings(const struct run *run);

/** Reads shard `number` of image units, of embeddings or of generated captions
 * (stages/generated_captions.h), whole and checked; the caller destroys it. Errors: those of
 * shard_read; STATUS_NOT_FOUND says which stage makes it. */
enum status image_shard_read(struct shard **out, const struct run *run, size_t number);
enum status embedding_shard_read(struct shard **out, const struct run *run, size_t number);
enum status generated_shard_read(struct shard **out, const struct run *run, size_t number);

/** Adds the content digest that the shard of image units, or of embeddings, records to a recipe.
 * Errors: as image_shard_read. */
enum status image_shard_add_digest(struct digest *recipe, const struct run *run, size_t number);
enum status embedding_shard_add_digest(struct digest *recipe, const struct run *run, size_t number);

#endif
