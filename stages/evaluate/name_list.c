#include "stages/evaluate/name_list.h"

#include <stdlib.h>
#include <string.h>

void name_list_end(struct name_list *list)
{
    free(list->names);
    *list = (struct name_list){ 0 };
}

static enum status reserve(struct name_list *list, size_t count)
{
    if (count <= list->capacity)
        return STATUS_OK;
    void *grown = realloc(list->names, 2 * count * sizeof *list->names);
    if (grown == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu names", count);
    list->names = grown;
    list->capacity = 2 * count;
    return STATUS_OK;
}

enum status name_list_place(size_t *number, struct name_list *list, const char *text, size_t length)
{
    if (length >= NAME_LIST_BYTES)
        return status_fail(STATUS_INVALID, "%.20s...: a name of %zu bytes", text, length);
    for (size_t n = 0; n < list->count; n++)
        if (strncmp(list->names[n], text, length) == 0 && list->names[n][length] == '\0') {
            *number = n;
            return STATUS_OK;
        }
    if (list->count == NAME_LIST_MAX)
        return status_fail(STATUS_INVALID, "%.*s: more than %d phones or languages", (int)length,
                           text, NAME_LIST_MAX);
    const enum status outcome = reserve(list, list->count + 1);
    if (outcome != STATUS_OK)
        return outcome;
    memset(list->names[list->count], 0, NAME_LIST_BYTES);
    memcpy(list->names[list->count], text, length);
    *number = list->count++;
    return STATUS_OK;
}

static int by_bytes(const void *left, const void *right)
{
    return strcmp(left, right);
}

static enum status merge(struct name_list *united, const char (*all)[NAME_LIST_BYTES], size_t count)
{
    enum status outcome = STATUS_OK;
    for (size_t n = 0; n < count && outcome == STATUS_OK; n++) {
        size_t number = 0;
        outcome = name_list_place(&number, united, all[n], strlen(all[n]));
    }
    if (outcome == STATUS_OK && united->count > 0)
        qsort(united->names, united->count, sizeof *united->names, by_bytes);
    return outcome;
}

enum status name_list_unite(struct name_list *united, const struct name_list *mine,
                            const struct team *team)
{
    void *all = NULL;
    size_t all_bytes = 0, count = 0;
    *united = (struct name_list){ 0 };
    enum status outcome =
        team_gather(&all, &all_bytes, team, mine->names, mine->count * sizeof *mine->names);
    if (outcome == STATUS_OK && team->rank == 0)
        outcome = merge(united, all, all_bytes / sizeof *mine->names);
    free(all);
    outcome = team_agree(team, "merge names", outcome);
    if (outcome == STATUS_OK) {
        count = united->count;
        team_broadcast(team, &count, sizeof count, 0);
        outcome = team_agree(team, "share names", reserve(united, count));
    }
    if (outcome == STATUS_OK) {
        united->count = count;
        team_broadcast(team, united->names, count * sizeof *united->names, 0);
    } else
        name_list_end(united);
    return outcome;
}
