/** Names that turn up, numbered: the phones and the languages of a run, which no rank knows all of
 * before it has read its shards. */
#ifndef STAGES_EVALUATE_NAME_LIST_H
#define STAGES_EVALUATE_NAME_LIST_H

#include "cluster/team.h"

enum { NAME_LIST_BYTES = 64, NAME_LIST_MAX = 512 };

struct name_list {
    char (*names)[NAME_LIST_BYTES]; /* [count], owned */
    size_t count, capacity;
};

/** Local. Frees the names. An all-zero list is allowed, and is the empty one. */
void name_list_end(struct name_list *list);

/** Local. The number of the name, `length` bytes of `text`; a new one goes to the end.
 * Errors: STATUS_INVALID (NAME_LIST_BYTES bytes or more, NAME_LIST_MAX names already),
 * STATUS_NO_MEMORY. */
enum status name_list_place(size_t *number, struct name_list *list, const char *text,
                            size_t length);

/** Collective. The names of all ranks, each once, in the order of their bytes; equal on every rank.
 * On success the caller ends `united` with name_list_end; on failure it is empty.
 * Errors: STATUS_INVALID (more than NAME_LIST_MAX), STATUS_NO_MEMORY. */
enum status name_list_unite(struct name_list *united, const struct name_list *mine,
                            const struct team *team);

#endif
