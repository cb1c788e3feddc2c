/** Rejects of several stages in one list: what pack stores and status shows. */
#ifndef STAGES_REJECT_LIST_H
#define STAGES_REJECT_LIST_H

#include "cluster/team.h"

#include <stdbool.h>
#include <stddef.h>

struct reject {
    const char *stage, *id, *reason; /* owned by the list */
    size_t record;                   /* caption or picture number in the manifest */
};

struct reject_list {
    struct reject *items;
    size_t count, capacity;
};

/** Local. Adds copies; false without memory. */
bool reject_list_add(struct reject_list *list, const char *stage, size_t record, const char *id,
                     const char *reason);

/** Local. Adds the rejects of one shard file. Errors: STATUS_NO_MEMORY and those of reading. */
enum status reject_list_add_shard(struct reject_list *list, const char *path);

/** Collective. Brings the lists of all ranks together on rank 0, sorted by stage name and record;
 * those of other ranks are then empty. Errors: STATUS_NO_MEMORY. */
enum status reject_list_gather(struct reject_list *list, const struct team *team);

/** Local. An all-zero list is allowed. */
void reject_list_end(struct reject_list *list);

#endif
