#include "training/speech_memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct speech_memory {
    struct speech_record *records; /* [count]; samples, units, durations owned */
    size_t count, room, bytes, bytes_max;
    struct record_source source;
};

static enum status list_records(struct split_records *out, void *self, const char *split)
{
    const struct speech_memory *memory = self;
    *out = (struct split_records){ .records = malloc((memory->count + 1) * sizeof *out->records),
                                   .lengths = malloc((memory->count + 1) * sizeof *out->lengths) };
    if (out->records == NULL || out->lengths == NULL)
        return status_fail(STATUS_NO_MEMORY, "a split of %zu captions", memory->count);
    for (size_t r = 0; r < memory->count; r++)
        if (strcmp(memory->records[r].split, split) == 0) {
            out->records[out->count] = memory->records[r].name;
            out->lengths[out->count++] = (uint32_t)memory->records[r].code_count;
        }
    return STATUS_OK;
}

static enum status read_records(const void **data, void *self, size_t slot, const uint64_t *records,
                                size_t count)
{
    (void)slot;
    (void)records;
    (void)count;
    *data = self;
    return STATUS_OK;
}

enum status speech_memory_create(struct speech_memory **out, size_t bytes_max)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return status_fail(STATUS_NO_MEMORY, "speech: no memory");
    (*out)->bytes_max = bytes_max;
    (*out)->source = (struct record_source){
        .item = "captions", .self = *out, .list = list_records, .read = read_records
    };
    return STATUS_OK;
}

static void end_record(struct speech_record *record)
{
    free((void *)record->samples);
    free((void *)record->units);
    free((void *)record->durations);
}

void speech_memory_destroy(struct speech_memory *memory)
{
    if (memory == NULL)
        return;
    for (size_t r = 0; r < memory->count; r++)
        end_record(&memory->records[r]);
    free(memory->records);
    free(memory);
}

static size_t codes_of(const struct speech_record *record)
{
    size_t codes = 0;
    const size_t most = record->sample_count / SPEECH_MEMORY_HOP;
    for (size_t u = 0; u < record->unit_count; u++)
        codes += record->durations[u];
    codes = codes < most ? codes : most;
    return codes < UINT32_MAX ? codes : UINT32_MAX;
}

static enum status make_room(struct speech_memory *memory, size_t bytes)
{
    if (bytes > memory->bytes_max - memory->bytes)
        return status_fail(STATUS_NO_MEMORY,
                           "the speech of %zu captions takes more than %zu MiB; "
                           "pretrain.speech_mib allows more, pretrain.voices takes fewer captions",
                           memory->count + 1, memory->bytes_max >> 20);
    if (memory->count < memory->room)
        return STATUS_OK;
    const size_t room = 2 * memory->room + 64;
    struct speech_record *records = realloc(memory->records, room * sizeof *records);
    if (records == NULL)
        return status_fail(STATUS_NO_MEMORY, "the speech of %zu captions", room);
    memory->records = records;
    memory->room = room;
    return STATUS_OK;
}

static void *copy_of(const void *values, size_t bytes)
{
    void *copy = malloc(bytes);
    return copy != NULL ? memcpy(copy, values, bytes) : NULL;
}

enum status speech_memory_add(struct speech_memory *memory, const struct speech_record *record)
{
    const size_t sample_bytes = record->sample_count * sizeof *record->samples;
    const size_t unit_bytes = record->unit_count * sizeof *record->units;
    struct speech_record made = *record;
    assert(memory->count == 0 || memory->records[memory->count - 1].name < record->name);
    made.code_count = codes_of(record);
    if (made.code_count == 0)
        return STATUS_OK;
    const enum status outcome = make_room(memory, sample_bytes + 2 * unit_bytes);
    if (outcome != STATUS_OK)
        return outcome;
    made.samples = copy_of(record->samples, sample_bytes);
    made.units = copy_of(record->units, unit_bytes);
    made.durations = copy_of(record->durations, unit_bytes);
    if (made.samples == NULL || made.units == NULL || made.durations == NULL) {
        end_record(&made);
        return status_fail(STATUS_NO_MEMORY, "the speech of %zu captions", memory->count + 1);
    }
    memory->records[memory->count++] = made;
    memory->bytes += sample_bytes + 2 * unit_bytes;
    return STATUS_OK;
}

static int by_name(const void *name, const void *record)
{
    const uint64_t a = *(const uint64_t *)name, b = ((const struct speech_record *)record)->name;
    return a < b ? -1 : a > b;
}

const struct speech_record *speech_memory_find(const struct speech_memory *memory, uint64_t name)
{
    return memory->count == 0
               ? NULL
               : bsearch(&name, memory->records, memory->count, sizeof *memory->records, by_name);
}

size_t speech_memory_count(const struct speech_memory *memory)
{
    return memory->count;
}

const struct record_source *speech_memory_source(struct speech_memory *memory)
{
    return &memory->source;
}
