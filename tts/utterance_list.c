#include "tts/utterance_list.h"

#include <stdlib.h>
#include <string.h>

struct utterance_entry {
    size_t text_start;
    unsigned rate_wpm, pitch;
};

/* At least twice the room, so that adding costs little however long the list is. */
static void *grown(void *items, size_t *room, size_t needed, size_t item_bytes)
{
    const size_t wanted = needed > 2 * *room ? needed : 2 * *room;
    void *larger = realloc(items, wanted * item_bytes);
    if (larger != NULL)
        *room = wanted;
    return larger;
}

static enum status make_room(struct utterance_list *list, size_t text_bytes)
{
    if (list->count == list->room) {
        void *larger = grown(list->entries, &list->room, list->count + 1, sizeof *list->entries);
        if (larger == NULL)
            return status_fail(STATUS_NO_MEMORY, "%zu utterances", list->count);
        list->entries = larger;
    }
    if (list->text_room - list->text_bytes < text_bytes) {
        void *larger = grown(list->texts, &list->text_room, list->text_bytes + text_bytes, 1);
        if (larger == NULL)
            return status_fail(STATUS_NO_MEMORY, "%zu utterances", list->count);
        list->texts = larger;
    }
    return STATUS_OK;
}

enum status utterance_list_add(struct utterance_list *list, const char *text, unsigned rate_wpm,
                               unsigned pitch)
{
    const size_t bytes = strlen(text) + 1;
    const enum status outcome = make_room(list, bytes);
    if (outcome != STATUS_OK)
        return outcome;
    list->entries[list->count++] = (struct utterance_entry){ list->text_bytes, rate_wpm, pitch };
    memcpy(list->texts + list->text_bytes, text, bytes);
    list->text_bytes += bytes;
    return STATUS_OK;
}

struct utterance_request utterance_list_at(const struct utterance_list *list, size_t index)
{
    const struct utterance_entry *entry = &list->entries[index];
    return (struct utterance_request){ list->texts + entry->text_start, entry->rate_wpm,
                                       entry->pitch };
}

void utterance_list_clear(struct utterance_list *list)
{
    list->count = list->text_bytes = 0;
}

void utterance_list_end(struct utterance_list *list)
{
    free(list->entries);
    free(list->texts);
    *list = (struct utterance_list){ 0 };
}
