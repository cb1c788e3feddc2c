/** The members of a zip archive that lies in memory. The door to libarchive. */
#ifndef STORAGE_ZIP_MEMBERS_H
#define STORAGE_ZIP_MEMBERS_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct zip_member {
    char *name;           /* owned: what follows the first '/' of its path */
    const uint8_t *bytes; /* [byte_count]; inside the archive where it was stored plainly */
    size_t byte_count;
    void *owned; /* the bytes where they had to be unpacked, else NULL */
};

struct zip_members {
    struct zip_member *members; /* sorted by name */
    size_t count;
};

/** Local. Lists and unpacks the files of an archive whose members all stand in one top folder, as
 * torch.save writes them. Names are never used as paths on a disk. Checksums are checked.
 *
 *     bytes [byte_count]  in  borrowed; must outlive `out`
 *
 * All members together may unpack to eight times the archive. The caller ends `out` with
 * zip_members_end; on failure it is empty. `name` is for messages.
 *
 * Errors: STATUS_CORRUPT (no zip archive, damage, a member twice, a path that climbs, too large),
 * STATUS_NO_MEMORY. */
enum status zip_members_read(struct zip_members *out, const uint8_t *bytes, size_t byte_count,
                             const char *name);

/** The member called `name`, or NULL. */
const struct zip_member *zip_members_find(const struct zip_members *members, const char *name);

/** Frees everything. An all-zero list is allowed. */
void zip_members_end(struct zip_members *members);

#endif
