/** How shards lie in HDF5: what storage/shard_write.c and storage/shard_read.c share. */
#ifndef STORAGE_SHARD_FORMAT_H
#define STORAGE_SHARD_FORMAT_H

#include "storage/shard.h"

#include <hdf5.h>

extern const char shard_format_name[]; /* the root attribute "format" */

enum { SHARD_FORMAT_VERSION = 1, SHARD_NAME_BYTES = 96 };

/** The type that a column's values have in memory. IEEE half has no name in HDF5 1.10, so it is
 * made here. H5Tclose ends it. Not for texts. */
hid_t shard_memory_type(enum column_type type);

/** "<column>_offsets". */
void shard_offsets_name(char name[SHARD_NAME_BYTES], const char *column);

#endif
