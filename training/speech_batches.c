#include "training/speech_batches.h"

#include <stdlib.h>
#include <string.h>

/* A batch: sound and units of all captions back to back. */
struct slot {
    struct spoken_batch batch;
    struct spoken *captions; /* [capacity] */
    float *audio;
    uint16_t *units;
    size_t caption_capacity, sample_capacity, frame_capacity, samples, frames;
};

struct speech_batches {
    struct speech_reader reader;
    struct record_source source;
    struct slot slots[RECORD_SOURCE_SLOTS];
};

/* Room for `count` items, growing by halves. */
static enum status reserve(void **items, size_t *capacity, size_t count, size_t item_bytes)
{
    if (count <= *capacity)
        return STATUS_OK;
    if (count > SPEECH_BATCH_BYTES_MAX / item_bytes)
        return status_fail(STATUS_INVALID, "a batch of speech of more than %d MiB",
                           SPEECH_BATCH_BYTES_MAX >> 20);
    const size_t grown = count + count / 2;
    void *moved = realloc(*items, grown * item_bytes);
    if (moved == NULL)
        return status_fail(STATUS_NO_MEMORY, "a batch of speech");
    *items = moved;
    *capacity = grown;
    return STATUS_OK;
}

static enum status add(struct slot *slot, const struct spoken *spoken)
{
    void *audio = slot->audio, *units = slot->units;
    enum status outcome = reserve(&audio, &slot->sample_capacity, slot->samples + spoken->samples,
                                  sizeof *slot->audio);
    slot->audio = audio;
    if (outcome == STATUS_OK)
        outcome = reserve(&units, &slot->frame_capacity, slot->frames + spoken->frames,
                          sizeof *slot->units);
    slot->units = units;
    if (outcome != STATUS_OK)
        return outcome;
    memcpy(slot->audio + slot->samples, spoken->audio, spoken->samples * sizeof *slot->audio);
    memcpy(slot->units + slot->frames, spoken->units, spoken->frames * sizeof *slot->units);
    slot->captions[slot->batch.count++] = *spoken;
    slot->samples += spoken->samples;
    slot->frames += spoken->frames;
    return STATUS_OK;
}

/* Once nothing moves any more. */
static void point(struct slot *slot)
{
    const float *audio = slot->audio;
    const uint16_t *units = slot->units;
    for (size_t c = 0; c < slot->batch.count; c++) {
        slot->captions[c].audio = audio;
        slot->captions[c].units = units;
        audio += slot->captions[c].samples;
        units += slot->captions[c].frames;
    }
    slot->batch.captions = slot->captions;
}

static enum status read_batch(const void **data, void *self, size_t number, const uint64_t *records,
                              size_t count)
{
    struct speech_batches *batches = self;
    struct slot *slot = &batches->slots[number];
    void *captions = slot->captions;
    slot->batch = (struct spoken_batch){ 0 };
    slot->samples = slot->frames = 0;
    enum status outcome =
        reserve(&captions, &slot->caption_capacity, count + 1, sizeof *slot->captions);
    slot->captions = captions;
    for (size_t r = 0; r < count && outcome == STATUS_OK; r++) {
        struct spoken spoken;
        outcome = batches->reader.read(&spoken, batches->reader.self, records[r]);
        if (outcome == STATUS_OK)
            outcome = add(slot, &spoken);
    }
    if (outcome == STATUS_OK)
        point(slot);
    *data = &slot->batch;
    return outcome;
}

static enum status list_split(struct split_records *out, void *self, const char *split)
{
    struct speech_batches *batches = self;
    return batches->reader.list(out, batches->reader.self, split);
}

enum status speech_batches_create(struct speech_batches **out, const struct speech_reader *reader)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL) {
        if (reader->close != NULL)
            reader->close(reader->self);
        return status_fail(STATUS_NO_MEMORY, "batches of speech");
    }
    (*out)->reader = *reader;
    (*out)->source = (struct record_source){
        .item = "captions", .self = *out, .list = list_split, .read = read_batch
    };
    return STATUS_OK;
}

void speech_batches_destroy(struct speech_batches *batches)
{
    if (batches == NULL)
        return;
    for (size_t s = 0; s < RECORD_SOURCE_SLOTS; s++) {
        free(batches->slots[s].captions);
        free(batches->slots[s].audio);
        free(batches->slots[s].units);
    }
    if (batches->reader.close != NULL)
        batches->reader.close(batches->reader.self);
    free(batches);
}

const struct record_source *speech_batches_source(const struct speech_batches *batches)
{
    return &batches->source;
}
