/** What a voice was asked to say since it was fresh, so that it can be said again. Local. */
#ifndef TTS_UTTERANCE_LIST_H
#define TTS_UTTERANCE_LIST_H

#include "core/status.h"

#include <stddef.h>

/** `text` is borrowed from the list until something is added. */
struct utterance_request {
    const char *text;
    unsigned rate_wpm, pitch;
};

/** All zero is an empty list. */
struct utterance_list {
    struct utterance_entry *entries; /* [room], owned */
    size_t count, room;
    char *texts; /* [text_room], owned: one after the other, each with its zero */
    size_t text_bytes, text_room;
};

/** Errors: STATUS_NO_MEMORY; the list stays as it was. */
enum status utterance_list_add(struct utterance_list *list, const char *text, unsigned rate_wpm,
                               unsigned pitch);

/** The request at `index`, which is below the count. */
struct utterance_request utterance_list_at(const struct utterance_list *list, size_t index);

/** Makes it empty; its memory stays. */
void utterance_list_clear(struct utterance_list *list);

/** Frees the memory; the list is empty then. */
void utterance_list_end(struct utterance_list *list);

#endif
