/** pack: gathers all shards of a run into one compressed store, RUN/store.h5.
 *
 * Reads:  RUN/units, RUN/pictures, RUN/images, RUN/embeddings, the rejects of RUN/speech, the
 *         manifest
 * Writes: RUN/store.h5; layout in docs/FORMATS.md, "Store"
 * Ranks:  any number; the content does not depend on it */
#ifndef STAGES_PACK_PACK_H
#define STAGES_PACK_PACK_H

#include "stages/run_directory.h"

/** Collective. Does nothing where the store is there and made of these very shards.
 * Errors: STATUS_NOT_FOUND (a shard is missing), STATUS_CORRUPT, STATUS_IO, STATUS_NO_MEMORY,
 * STATUS_STOPPED (a signal asked for an end: no store is left). */
enum status pack_run(const struct run *run);

#endif
