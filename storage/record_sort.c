#include "storage/record_sort.h"

#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* RUNS_MAX files are open at once; when there are as many, they become one. */
enum { RUNS_MAX = 64, RUN_BUFFER_BYTES = 1 << 16, MEMORY_BYTES_MIN = 1 << 16 };

/* Before each record, in memory and in the files. */
struct lengths {
    uint32_t key_bytes, payload_bytes;
};

struct run {
    FILE *file;
    struct lengths lengths; /* of the record in hand */
    uint8_t *record;        /* [capacity]: key, then payload */
    size_t capacity;
    size_t number; /* runs are numbered in the order of what is in them */
};

struct record_sort {
    char *folder;
    size_t memory_bytes;
    uint8_t *bytes; /* [capacity], records back to back */
    size_t used, capacity;
    size_t *starts; /* [start_capacity], of the records in `bytes` */
    size_t count, start_capacity;
    struct run runs[RUNS_MAX];
    size_t run_count;
    bool is_reading;
    size_t next;           /* of `starts`, where nothing went to a file */
    size_t heap[RUNS_MAX]; /* of runs, least record first */
    size_t heap_count;
    bool has_handed_out; /* the record of heap[0] was handed out */
};

enum status record_sort_create(struct record_sort **out, const char *folder, size_t memory_bytes)
{
    struct record_sort *sort = calloc(1, sizeof *sort);
    *out = NULL;
    if (sort == NULL || (sort->folder = strdup(folder)) == NULL) {
        free(sort);
        return status_fail(STATUS_NO_MEMORY, "sorting: no memory");
    }
    sort->memory_bytes = memory_bytes > MEMORY_BYTES_MIN ? memory_bytes : MEMORY_BYTES_MIN;
    *out = sort;
    return STATUS_OK;
}

static void end_runs(struct record_sort *sort)
{
    for (size_t r = 0; r < sort->run_count; r++) {
        if (sort->runs[r].file != NULL)
            fclose(sort->runs[r].file);
        free(sort->runs[r].record);
        sort->runs[r] = (struct run){ 0 };
    }
    sort->run_count = 0;
}

void record_sort_destroy(struct record_sort *sort)
{
    if (sort == NULL)
        return;
    end_runs(sort);
    free(sort->folder);
    free(sort->bytes);
    free(sort->starts);
    free(sort);
}

void record_sort_number_key(uint8_t key[8], uint64_t number)
{
    for (size_t b = 0; b < 8; b++)
        key[b] = (uint8_t)(number >> (56 - 8 * b));
}

static int compare_keys(const uint8_t *left, size_t left_bytes, const uint8_t *right,
                        size_t right_bytes)
{
    const size_t shorter = left_bytes < right_bytes ? left_bytes : right_bytes;
    const int order = memcmp(left, right, shorter);
    return order != 0 ? order : (left_bytes > right_bytes) - (left_bytes < right_bytes);
}

/* Records lie in the order of adding, so the place decides between equal keys. */
static int compare_starts(const void *left, const void *right, void *bytes)
{
    const size_t a = *(const size_t *)left, b = *(const size_t *)right;
    struct lengths a_lengths, b_lengths;
    const uint8_t *a_record = (const uint8_t *)bytes + a, *b_record = (const uint8_t *)bytes + b;
    memcpy(&a_lengths, a_record, sizeof a_lengths);
    memcpy(&b_lengths, b_record, sizeof b_lengths);
    const int order = compare_keys(a_record + sizeof a_lengths, a_lengths.key_bytes,
                                   b_record + sizeof b_lengths, b_lengths.key_bytes);
    return order != 0 ? order : (a > b) - (a < b);
}

static void sort_memory(struct record_sort *sort)
{
    if (sort->count > 1)
        qsort_r(sort->starts, sort->count, sizeof *sort->starts, compare_starts, sort->bytes);
}

static enum status open_temporary(FILE **file, const char *folder)
{
    char path[PATH_BYTES];
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        const enum status outcome = path_join(path, folder, ".unitmill-sort-XXXXXX");
        if (outcome != STATUS_OK)
            return outcome;
        descriptor = mkostemp(path, O_CLOEXEC);
        if (descriptor >= 0)
            unlink(path);
    }
    *file = descriptor < 0 ? NULL : fdopen(descriptor, "w+b");
    if (*file == NULL) {
        const enum status outcome = file_fail(folder, "cannot make a temporary file");
        if (descriptor >= 0)
            close(descriptor);
        return outcome;
    }
    setvbuf(*file, NULL, _IOFBF, RUN_BUFFER_BYTES);
    return STATUS_OK;
}

static enum status fail_file(const struct record_sort *sort, const char *what)
{
    return file_fail(sort->folder, what);
}

static enum status end_writing(const struct record_sort *sort, FILE *file)
{
    if (fflush(file) != 0)
        return fail_file(sort, "cannot write a temporary file");
    rewind(file);
    return STATUS_OK;
}

/* The records in memory become the next run. */
static enum status write_run(struct record_sort *sort)
{
    struct run *run = &sort->runs[sort->run_count];
    enum status outcome = open_temporary(&run->file, sort->folder);
    if (outcome != STATUS_OK)
        return outcome;
    run->number = sort->run_count++;
    sort_memory(sort);
    for (size_t r = 0; r < sort->count; r++) {
        const uint8_t *record = sort->bytes + sort->starts[r];
        struct lengths lengths;
        memcpy(&lengths, record, sizeof lengths);
        const size_t bytes = sizeof lengths + lengths.key_bytes + lengths.payload_bytes;
        if (fwrite(record, 1, bytes, run->file) != bytes)
            return fail_file(sort, "cannot write a temporary file");
    }
    sort->count = sort->used = 0;
    return end_writing(sort, run->file);
}

/* Reads the next record of a run; it has none left where `*is_there` is false. */
static enum status advance(bool *is_there, const struct record_sort *sort, struct run *run)
{
    *is_there = fread(&run->lengths, sizeof run->lengths, 1, run->file) == 1;
    if (!*is_there)
        return ferror(run->file) ? fail_file(sort, "cannot read a temporary file") : STATUS_OK;
    const size_t bytes = (size_t)run->lengths.key_bytes + run->lengths.payload_bytes;
    if (bytes > run->capacity || run->record == NULL) {
        uint8_t *grown = realloc(run->record, bytes + 256);
        if (grown == NULL)
            return status_fail(STATUS_NO_MEMORY, "sorting: no memory");
        run->record = grown;
        run->capacity = bytes + 256;
    }
    if (fread(run->record, 1, bytes, run->file) != bytes)
        return fail_file(sort, "cannot read a temporary file");
    return STATUS_OK;
}

static bool comes_before(const struct record_sort *sort, size_t left, size_t right)
{
    const struct run *a = &sort->runs[left], *b = &sort->runs[right];
    const int order =
        compare_keys(a->record, a->lengths.key_bytes, b->record, b->lengths.key_bytes);
    return order != 0 ? order < 0 : a->number < b->number;
}

static void sift_down(struct record_sort *sort, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < sort->heap_count; child++)
            if (comes_before(sort, sort->heap[child], sort->heap[least]))
                least = child;
        if (least == at)
            return;
        const size_t moved = sort->heap[at];
        sort->heap[at] = sort->heap[least];
        sort->heap[least] = moved;
        at = least;
    }
}

static enum status begin_merge(struct record_sort *sort)
{
    enum status outcome = STATUS_OK;
    sort->heap_count = 0;
    for (size_t r = 0; r < sort->run_count && outcome == STATUS_OK; r++) {
        bool is_there = false;
        outcome = advance(&is_there, sort, &sort->runs[r]);
        if (outcome == STATUS_OK && is_there)
            sort->heap[sort->heap_count++] = r;
    }
    for (size_t at = sort->heap_count / 2; outcome == STATUS_OK && at-- > 0;)
        sift_down(sort, at);
    return outcome;
}

/* Drops the least record. */
static enum status pop(struct record_sort *sort)
{
    bool is_there = false;
    const enum status outcome = advance(&is_there, sort, &sort->runs[sort->heap[0]]);
    if (outcome == STATUS_OK && !is_there)
        sort->heap[0] = sort->heap[--sort->heap_count];
    sift_down(sort, 0);
    return outcome;
}

static enum status write_merged(struct record_sort *sort, FILE *file)
{
    enum status outcome = begin_merge(sort);
    while (outcome == STATUS_OK && sort->heap_count > 0) {
        const struct run *run = &sort->runs[sort->heap[0]];
        const size_t bytes = (size_t)run->lengths.key_bytes + run->lengths.payload_bytes;
        if (fwrite(&run->lengths, sizeof run->lengths, 1, file) != 1 ||
            fwrite(run->record, 1, bytes, file) != bytes)
            return fail_file(sort, "cannot write a temporary file");
        outcome = pop(sort);
    }
    return outcome == STATUS_OK ? end_writing(sort, file) : outcome;
}

/* All runs become the first one. */
static enum status join_runs(struct record_sort *sort)
{
    FILE *file = NULL;
    enum status outcome = open_temporary(&file, sort->folder);
    if (outcome == STATUS_OK)
        outcome = write_merged(sort, file);
    if (outcome != STATUS_OK) {
        if (file != NULL)
            fclose(file);
        return outcome;
    }
    end_runs(sort);
    sort->runs[0] = (struct run){ .file = file };
    sort->run_count = 1;
    return STATUS_OK;
}

static enum status spill(struct record_sort *sort)
{
    const enum status outcome = sort->run_count == RUNS_MAX ? join_runs(sort) : STATUS_OK;
    return outcome == STATUS_OK ? write_run(sort) : outcome;
}

/* Room for one more record. */
static bool reserve(struct record_sort *sort, size_t bytes)
{
    if (sort->used + bytes > sort->capacity) {
        size_t capacity = sort->capacity == 0 ? MEMORY_BYTES_MIN : 2 * sort->capacity;
        if (capacity > sort->memory_bytes)
            capacity = sort->memory_bytes;
        if (capacity < sort->used + bytes)
            capacity = sort->used + bytes;
        uint8_t *grown = realloc(sort->bytes, capacity);
        if (grown == NULL)
            return false;
        sort->bytes = grown;
        sort->capacity = capacity;
    }
    if (sort->count == sort->start_capacity) {
        const size_t capacity = 2 * sort->start_capacity + 1024;
        size_t *grown = realloc(sort->starts, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        sort->starts = grown;
        sort->start_capacity = capacity;
    }
    return true;
}

enum status record_sort_add(struct record_sort *sort, const struct sorted_record *record)
{
    const struct lengths lengths = { (uint32_t)record->key_bytes, (uint32_t)record->payload_bytes };
    if (record->key_bytes > RECORD_SORT_BYTES_MAX ||
        record->payload_bytes > RECORD_SORT_BYTES_MAX - record->key_bytes)
        return status_fail(STATUS_INVALID,
                           "a record of %zu bytes, more than the %d that are sorted",
                           record->key_bytes + record->payload_bytes, RECORD_SORT_BYTES_MAX);
    const size_t bytes = sizeof lengths + record->key_bytes + record->payload_bytes;
    const size_t held = sort->used + sort->count * sizeof *sort->starts;
    if (sort->count > 0 && held + bytes > sort->memory_bytes) {
        const enum status outcome = spill(sort);
        if (outcome != STATUS_OK)
            return outcome;
    }
    if (!reserve(sort, bytes))
        return status_fail(STATUS_NO_MEMORY, "sorting: no memory");
    uint8_t *at = sort->bytes + sort->used;
    memcpy(at, &lengths, sizeof lengths);
    memcpy(at + sizeof lengths, record->key, record->key_bytes);
    if (record->payload_bytes > 0)
        memcpy(at + sizeof lengths + record->key_bytes, record->payload, record->payload_bytes);
    sort->starts[sort->count++] = sort->used;
    sort->used += bytes;
    return STATUS_OK;
}

static enum status begin_reading(struct record_sort *sort)
{
    sort->is_reading = true;
    if (sort->run_count == 0) {
        sort_memory(sort);
        return STATUS_OK;
    }
    enum status outcome = sort->count > 0 ? spill(sort) : STATUS_OK;
    free(sort->bytes);
    free(sort->starts);
    sort->bytes = NULL;
    sort->starts = NULL;
    return outcome == STATUS_OK ? begin_merge(sort) : outcome;
}

static struct sorted_record record_at(const uint8_t *record, struct lengths lengths)
{
    return (struct sorted_record){ .key = record,
                                   .payload = record + lengths.key_bytes,
                                   .key_bytes = lengths.key_bytes,
                                   .payload_bytes = lengths.payload_bytes };
}

enum status record_sort_next(bool *is_there, struct sorted_record *record, struct record_sort *sort)
{
    enum status outcome = sort->is_reading ? STATUS_OK : begin_reading(sort);
    *is_there = false;
    if (outcome == STATUS_OK && sort->run_count > 0) {
        if (sort->has_handed_out)
            outcome = pop(sort);
        sort->has_handed_out = *is_there = outcome == STATUS_OK && sort->heap_count > 0;
        if (*is_there) {
            const struct run *least = &sort->runs[sort->heap[0]];
            *record = record_at(least->record, least->lengths);
        }
    } else if (outcome == STATUS_OK && sort->next < sort->count) {
        const uint8_t *at = sort->bytes + sort->starts[sort->next++];
        struct lengths lengths;
        memcpy(&lengths, at, sizeof lengths);
        *record = record_at(at + sizeof lengths, lengths);
        *is_there = true;
    }
    return outcome;
}
