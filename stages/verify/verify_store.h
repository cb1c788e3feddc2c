/** Checking a store, and the digest of its content. */
#ifndef STAGES_VERIFY_VERIFY_STORE_H
#define STAGES_VERIFY_VERIFY_STORE_H

#include "cluster/team.h"
#include "core/digest.h"
#include "stages/verify/problems.h"

/** Collective. Reads every byte of the store for its seal, then every row: checksums, extents,
 * offsets, ids within their codebooks, references between tables. Each problem is told by the rank
 * that finds it. Where the seal is broken, a copy of rank 0's process looks for what it is, since
 * HDF5 does not survive every damage.
 *
 *     problems  in/out  those of this rank
 *     digest    out     of the content: datasets by name and value, not of how they are packed; the
 *                       same on all ranks; "" where the seal is broken
 *
 * Errors: STATUS_NOT_FOUND, STATUS_CORRUPT (sealed, and not a store), STATUS_IO, STATUS_NO_MEMORY.
 */
enum status verify_store(struct problems *problems, char digest[DIGEST_TEXT_BYTES],
                         const struct team *team, const char *path);

#endif
