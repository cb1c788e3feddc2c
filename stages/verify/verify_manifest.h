/** Holding a run's store against its manifest. */
#ifndef STAGES_VERIFY_VERIFY_MANIFEST_H
#define STAGES_VERIFY_VERIFY_MANIFEST_H

#include "stages/run_directory.h"

/** Local. Pictures and captions of the store are those of the manifest, in its order; captions name
 * their own picture; what is not there is among the rejects. Memory: a number for each record.
 * Errors: STATUS_CORRUPT with what does not fit; STATUS_NO_MEMORY. */
enum status verify_manifest(const struct run *run, const char *store_path);

#endif
