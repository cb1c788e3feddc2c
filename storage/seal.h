/** Seal: the last bytes of a file, behind what HDF5 reads: "unitmill sealed " and a digest. It is
 * looked at before HDF5 sees the file, because HDF5 1.10 does not survive every damage of its own
 * structures. All functions are local but those of stores. */
#ifndef STORAGE_SEAL_H
#define STORAGE_SEAL_H

#include "cluster/team.h"
#include "core/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEAL_BYTES = 48, SEAL_BLOCK_BYTES = 16 << 20 };

/** Writes the seal for a digest to `bytes` [SEAL_BYTES]. */
void seal_write(uint8_t *bytes, const char *digest);

/** Whether `bytes` [SEAL_BYTES] are a seal at all, and whether they are that of the digest. */
bool seal_is_one(const uint8_t *bytes);
bool seal_matches(const uint8_t *bytes, const char *digest);

/** Whether a file ends with the seal of all its other bytes at once, as a shard does and a store
 * does not; false where it cannot be read. */
bool seal_matches_file(const char *path);

/** Collective. Appends the seal to a closed store. Its digest is that of the digests of all blocks
 * of SEAL_BLOCK_BYTES, so that the ranks share the reading. Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status seal_store(const struct team *team, const char *path);

/** Collective. Reads the store whole, each block on one rank. Errors: STATUS_NOT_FOUND;
 * STATUS_CORRUPT (damaged, cut short, without a seal); STATUS_IO; STATUS_NO_MEMORY. */
enum status seal_check_store(const struct team *team, const char *path);

#endif
