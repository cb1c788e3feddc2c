/** Checking a store, and the digest of its content. */
#ifndef STAGES_VERIFY_VERIFY_STORE_H
#define STAGES_VERIFY_VERIFY_STORE_H

#include "cluster/team.h"
#include "core/digest.h"

/** Collective. Reads every row of the store: checksums, extents, offsets, ids within their
 * codebooks, references between tables. Each problem is told by the rank that finds it.
 *
 *     problems  in/out  this rank's count of problems goes up
 *     digest    out     of the content: datasets by name and value, not of how they are packed; the
 *                       same on all ranks
 *
 * Errors: STATUS_NOT_FOUND, STATUS_CORRUPT (not a store), STATUS_NO_MEMORY. */
enum status verify_store(size_t *problems, char digest[DIGEST_TEXT_BYTES], const struct team *team,
                         const char *path);

#endif
