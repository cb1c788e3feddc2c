/** What the columns of a shard must be, beyond what reading it proves. All functions are local; a
 * broken rule is STATUS_CORRUPT with the record's id and the fact. */
#ifndef STAGES_VERIFY_SHARD_RULES_H
#define STAGES_VERIFY_SHARD_RULES_H

#include "stages/picture_firsts.h"
#include "stages/run_directory.h"
#include "storage/shard_schemas.h"

/** Captions as speech: text and language are the manifest's, one start a phone, none after the end.
 */
enum status shard_rules_speech(const struct shard *shard, const struct run *run);

/** Speech units: ids within the codebook, one duration each, durations that sum up to the frames.
 */
enum status shard_rules_units(const struct shard *shard, const struct run *run);

/** Image units: ids within the codebook, the grid's sides. */
enum status shard_rules_images(const struct shard *shard, const struct run *run);

/** Embeddings: numbers. */
enum status shard_rules_embeddings(const struct shard *shard, const struct run *run);

/** Generated captions: ids within the codebook, scores that are numbers, sound where samples are
 * counted. */
enum status shard_rules_generated(const struct shard *shard, const struct run *run);

/** Ids are those of the manifest, record for record. */
enum status shard_rules_ids(const struct shard *shard, const struct run *run, bool is_of_pictures);

/** Every record of the range is kept or rejected here; where `source` is given, every record that
 * it kept, and no other. */
enum status shard_rules_records(const struct shard *shard, const struct shard *source);

/** The same of pictures: one whose bytes an earlier one has is not kept, and may be left out. */
enum status shard_rules_pictures(const struct shard *shard, const struct shard *source,
                                 const struct picture_firsts *firsts);

/** Units beside the speech that they are of: voice and number of samples. */
enum status shard_rules_of_speech(const struct shard *units, const struct shard *speech);

#endif
