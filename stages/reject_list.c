#include "stages/reject_list.h"

#include "storage/shard.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stage, id and reason in one allocation, which `stage` begins. */
static bool copy_texts(struct reject *item, const char *stage, const char *id, const char *reason)
{
    const size_t stage_bytes = strlen(stage) + 1, id_bytes = strlen(id) + 1;
    char *texts = malloc(stage_bytes + id_bytes + strlen(reason) + 1);
    if (texts == NULL)
        return false;
    item->stage = strcpy(texts, stage);
    item->id = strcpy(texts + stage_bytes, id);
    item->reason = strcpy(texts + stage_bytes + id_bytes, reason);
    return true;
}

bool reject_list_add(struct reject_list *list, const char *stage, size_t record, const char *id,
                     const char *reason)
{
    if (list->count == list->capacity) {
        const size_t capacity = 2 * list->capacity + 64;
        struct reject *grown = realloc(list->items, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        list->items = grown;
        list->capacity = capacity;
    }
    struct reject item = { .record = record };
    if (!copy_texts(&item, stage, id, reason))
        return false;
    list->items[list->count++] = item;
    return true;
}

enum status reject_list_add_shard(struct reject_list *list, const char *path)
{
    struct shard *shard = NULL;
    const enum status outcome = shard_read_rejects(&shard, path);
    if (outcome != STATUS_OK)
        return outcome;
    bool is_added = true;
    for (size_t r = 0; r < shard_reject_count(shard) && is_added; r++) {
        const struct shard_reject reject = shard_reject_at(shard, r);
        is_added = reject_list_add(list, shard_identity(shard)->stage, reject.record, reject.id,
                                   reject.reason);
    }
    shard_destroy(shard);
    return is_added ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "%s: rejects", path);
}

void reject_list_end(struct reject_list *list)
{
    for (size_t r = 0; r < list->count; r++)
        free((void *)(uintptr_t)list->items[r].stage);
    free(list->items);
    *list = (struct reject_list){ 0 };
}

/* A line a reject, fields behind each other with their zeros; the record as text. */
static char *write_lines(size_t *bytes, const struct reject_list *list)
{
    char *text = NULL;
    *bytes = 0;
    FILE *stream = open_memstream(&text, bytes);
    if (stream == NULL)
        return NULL;
    for (size_t r = 0; r < list->count; r++) {
        const struct reject *item = &list->items[r];
        fprintf(stream, "%zu%c%s%c%s%c%s%c", item->record, 0, item->stage, 0, item->id, 0,
                item->reason, 0);
    }
    fclose(stream);
    return text;
}

static bool read_lines(struct reject_list *list, const char *text, size_t bytes)
{
    const char *end = text + bytes;
    bool is_added = true;
    while (text < end && is_added) {
        const char *fields[4];
        for (size_t f = 0; f < 4; f++) {
            fields[f] = text;
            text += strlen(text) + 1;
        }
        is_added =
            reject_list_add(list, fields[1], strtoull(fields[0], NULL, 10), fields[2], fields[3]);
    }
    return is_added;
}

static int compare(const void *left, const void *right)
{
    const struct reject *a = left, *b = right;
    const int by_stage = strcmp(a->stage, b->stage);
    return by_stage != 0 ? by_stage : (a->record > b->record) - (a->record < b->record);
}

enum status reject_list_gather(struct reject_list *list, const struct team *team)
{
    size_t bytes = 0, all_bytes = 0;
    void *all = NULL;
    char *lines = write_lines(&bytes, list);
    enum status outcome = STATUS_OK;
    if (lines == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "rejects");
    outcome = team_agree(team, "write rejects", outcome);
    if (outcome == STATUS_OK)
        outcome = team_gather(&all, &all_bytes, team, lines, bytes);
    reject_list_end(list);
    if (outcome == STATUS_OK && !read_lines(list, all, all_bytes))
        outcome = status_fail(STATUS_NO_MEMORY, "rejects");
    if (list->count > 0)
        qsort(list->items, list->count, sizeof *list->items, compare);
    free(all);
    free(lines);
    return team_agree(team, "gather rejects", outcome);
}
