#include "training/picture_batches.h"

#include <stdio.h>
#include <stdlib.h>

/* A slot and its memory. */
struct slot {
    struct picture_batch batch;
    uint8_t *pixels;
    bool *is_read;
    size_t room; /* pictures */
};

struct picture_batches {
    struct picture_reader reader;
    struct record_source source;
    struct slot slots[RECORD_SOURCE_SLOTS];
};

static enum status list(struct split_records *out, void *self, const char *split)
{
    const struct picture_batches *batches = self;
    return batches->reader.list(out, batches->reader.payload, split);
}

static enum status make_room(struct slot *slot, size_t count)
{
    const size_t bytes = slot->batch.height * slot->batch.width * 3;
    if (count <= slot->room)
        return STATUS_OK;
    if (count > SIZE_MAX / 2 / bytes)
        return status_fail(STATUS_NO_MEMORY, "a batch of %zu pictures", count);
    uint8_t *pixels = realloc(slot->pixels, count * bytes);
    if (pixels != NULL)
        slot->pixels = pixels;
    bool *is_read = realloc(slot->is_read, count * sizeof *is_read);
    if (is_read != NULL)
        slot->is_read = is_read;
    if (pixels == NULL || is_read == NULL)
        return status_fail(STATUS_NO_MEMORY, "a batch of %zu pictures", count);
    slot->room = count;
    return STATUS_OK;
}

static enum status read_batch(const void **data, void *self, size_t number, const uint64_t *records,
                              size_t count)
{
    struct picture_batches *batches = self;
    struct slot *slot = &batches->slots[number];
    struct picture_batch *batch = &slot->batch;
    const size_t bytes = batch->height * batch->width * 3;
    const enum status outcome = make_room(slot, count);
    if (outcome != STATUS_OK)
        return outcome;
    batch->lost = 0;
    for (size_t r = 0; r < count; r++) {
        const enum status one =
            batches->reader.read(slot->pixels + r * bytes, batches->reader.payload, records[r],
                                 batch->height, batch->width);
        if (one == STATUS_NO_MEMORY)
            return one;
        slot->is_read[r] = one == STATUS_OK;
        if (one != STATUS_OK && batch->lost++ == 0)
            snprintf(batch->reason, sizeof batch->reason, "%s", status_text());
    }
    batch->count = count;
    batch->pixels = slot->pixels;
    batch->is_read = slot->is_read;
    *data = batch;
    return STATUS_OK;
}

enum status picture_batches_create(struct picture_batches **out,
                                   const struct picture_reader *reader, size_t height, size_t width,
                                   size_t margin)
{
    struct picture_batches *made = calloc(1, sizeof *made);
    *out = made;
    if (made == NULL)
        return status_fail(STATUS_NO_MEMORY, "pictures: no memory");
    *made = (struct picture_batches){
        .reader = *reader,
        .source = { .item = "pictures", .self = made, .list = list, .read = read_batch },
    };
    for (size_t s = 0; s < RECORD_SOURCE_SLOTS; s++) {
        const size_t more = s == RECORD_SOURCE_VALIDATION_SLOT ? 0 : margin;
        made->slots[s].batch.height = height + more;
        made->slots[s].batch.width = width + more;
    }
    return STATUS_OK;
}

const struct record_source *picture_batches_source(const struct picture_batches *batches)
{
    return &batches->source;
}

void picture_batches_destroy(struct picture_batches *batches)
{
    if (batches == NULL)
        return;
    for (size_t s = 0; s < RECORD_SOURCE_SLOTS; s++) {
        free(batches->slots[s].pixels);
        free(batches->slots[s].is_read);
    }
    free(batches);
}
