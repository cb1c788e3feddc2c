#include "bench/bench_works.h"
#include "bench/pack_sample.h"
#include "bench/scratch_folder.h"
#include "core/random.h"
#include "storage/plain_reader.h"
#include "storage/store_batch.h"
#include "storage/store_reader.h"

#include <stdlib.h>
#include <unistd.h>

/* The cache holds a fifth of what one rank's share of the store takes, so that most chunks are read
 * again and again; the other one holds all of it. */
enum {
    CHUNK_BYTES = 1 << 20,
    DEFLATE_LEVEL = 6,
    BATCH_RECORDS = 256,
    BATCHES = 64,        /* of a round */
    PLAIN_RECORDS = 512, /* H5Dread is slow */
    CACHE_BYTES = 4 << 20,
    UNITS_MAX = 4096
};

struct work {
    const struct team *team; /* borrowed */
    struct pack_sample sample;
    char folder[PATH_BYTES], store[PATH_BYTES];
    bool has_folder;
    struct store_batch_reader *reader, *cached;
    struct plain_reader *plain;
    uint64_t *records; /* of the whole store, shuffled; another order on each rank */
    size_t record_count, next, next_cached;
};

void bench_read_close(void *self)
{
    struct work *work = self;
    if (work == NULL)
        return;
    store_batch_close(work->reader);
    store_batch_close(work->cached);
    plain_reader_close(work->plain);
    if (work->has_folder) {
        team_wait(work->team);
        if (work->team->rank == 0)
            unlink(work->store);
        scratch_folder_remove(work->folder, work->team);
    }
    pack_sample_end(&work->sample);
    free(work->records);
    free(work);
}

static enum status note(struct store_writer *writer)
{
    enum status outcome = store_writer_note_text(writer, "/", "format", store_format_name);
    const struct {
        const char *place, *name;
        uint64_t number;
    } numbers[] = { { "/", "format_version", STORE_FORMAT_VERSION },
                    { "/speech/units", "codebook", PACK_SAMPLE_CLUSTERS },
                    { "/images/units", "codebook", PACK_SAMPLE_CODES },
                    { "/images/units", "grid_rows", PACK_SAMPLE_GRID },
                    { "/images/units", "grid_columns", PACK_SAMPLE_GRID } };
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0] && outcome == STATUS_OK; n++)
        outcome =
            store_writer_note_number(writer, numbers[n].place, numbers[n].name, numbers[n].number);
    return outcome;
}

/* The sample of each rank behind that of the rank before; the last one ends the offsets. */
static enum status put_rows(struct store_writer *writer, const struct work *work)
{
    const struct pack_sample *sample = &work->sample;
    enum status outcome = STATUS_OK;
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS && outcome == STATUS_OK; d++) {
        const bool ends = d == PACK_SAMPLE_OFFSETS && work->team->rank == work->team->size - 1;
        outcome = store_writer_put(writer, d, sample->own_rows[d] * (uint64_t)work->team->rank,
                                   sample->own_rows[d] + (ends ? 1 : 0), sample->values[d]);
    }
    return outcome;
}

static enum status write_store(struct work *work)
{
    static const char *const groups[] = { "/captions", "/speech", "/images" };
    const struct store_options options = { .path = work->store,
                                           .chunk_bytes = CHUNK_BYTES,
                                           .deflate_level = DEFLATE_LEVEL };
    struct store_writer *writer = NULL;
    size_t index = 0;
    enum status outcome = pack_sample_make(&work->sample, work->team, 1, &options);
    if (outcome == STATUS_OK) {
        work->sample.datasets[PACK_SAMPLE_OFFSETS].rows++;
        outcome = store_writer_create(&writer, work->team, &options);
    }
    for (size_t g = 0; g < sizeof groups / sizeof groups[0] && outcome == STATUS_OK; g++)
        outcome = store_writer_add_group(writer, groups[g]);
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS && outcome == STATUS_OK; d++)
        outcome = store_writer_add(&index, writer, &work->sample.datasets[d]);
    if (outcome == STATUS_OK)
        outcome = put_rows(writer, work);
    if (outcome == STATUS_OK)
        outcome = note(writer);
    if (outcome == STATUS_OK)
        outcome = store_writer_commit(writer);
    store_writer_destroy(writer);
    pack_sample_end(&work->sample);
    return outcome;
}

static enum status shuffle_records(struct work *work)
{
    struct random_stream stream = random_stream_numbered(1, (uint64_t)work->team->rank, "read");
    const size_t count = (size_t)store_batch_shape(work->reader)->captions;
    work->records = calloc(count, sizeof *work->records);
    if (work->records == NULL)
        return status_fail(STATUS_NO_MEMORY, "read: %zu records", count);
    work->record_count = count;
    for (size_t r = 0; r < count; r++) {
        const size_t other = random_below(&stream, (uint32_t)r + 1);
        work->records[r] = work->records[other];
        work->records[other] = r;
    }
    return STATUS_OK;
}

static enum status open_readers(struct work *work)
{
    struct store_batch_options options = { STORE_BATCH_SPEECH | STORE_BATCH_PICTURES, CACHE_BYTES,
                                           STORE_BATCH_BYTES_MAX };
    enum status outcome = store_batch_open(&work->reader, work->store, &options);
    options.cache_bytes = SIZE_MAX;
    if (outcome == STATUS_OK)
        outcome = store_batch_open(&work->cached, work->store, &options);
    if (outcome == STATUS_OK)
        outcome = plain_reader_open(&work->plain, work->store);
    return outcome == STATUS_OK ? shuffle_records(work) : outcome;
}

static enum status prepare(struct work *work, const char *parent)
{
    enum status outcome = scratch_folder_make(work->folder, work->team, parent);
    if (outcome != STATUS_OK)
        return outcome;
    work->has_folder = true;
    outcome = team_agree(work->team, "name store", path_join(work->store, work->folder, "read.h5"));
    if (outcome == STATUS_OK)
        outcome = write_store(work);
    if (outcome == STATUS_OK)
        outcome = team_agree(work->team, "open readers", open_readers(work));
    return outcome;
}

enum status bench_read_open(void **self, double *gflop_per_item,
                            const struct bench_setting *setting)
{
    struct work *work = calloc(1, sizeof *work);
    *self = NULL;
    enum status outcome = STATUS_OK;
    if (work == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "read: no memory");
    outcome = team_agree(setting->team, "begin read", outcome);
    if (outcome == STATUS_OK) {
        work->team = setting->team;
        outcome = prepare(work, setting->folder);
        if (outcome == STATUS_OK)
            *self = work;
        else
            bench_read_close(work);
    } else
        free(work);
    *gflop_per_item = 0.0;
    return outcome;
}

/* `*next` goes on through the shuffled records from round to round. */
static enum status read_batches(double *items, struct store_batch_reader *reader, size_t *next,
                                const struct work *work)
{
    enum status outcome = STATUS_OK;
    for (size_t b = 0; b < BATCHES && outcome == STATUS_OK; b++) {
        struct store_batch batch;
        if (*next + BATCH_RECORDS > work->record_count)
            *next = 0;
        outcome = store_batch_read(&batch, reader, work->records + *next, BATCH_RECORDS);
        *next += BATCH_RECORDS;
    }
    *items = BATCHES * BATCH_RECORDS;
    return outcome;
}

enum status bench_read_run(double *items, void *self)
{
    struct work *work = self;
    return read_batches(items, work->reader, &work->next, work);
}

enum status bench_read_cached(double *items, void *self)
{
    struct work *work = self;
    return read_batches(items, work->cached, &work->next_cached, work);
}

enum status bench_read_plain(double *items, void *self)
{
    struct work *work = self;
    uint16_t units[UNITS_MAX], durations[UNITS_MAX];
    uint16_t image_units[PACK_SAMPLE_GRID * PACK_SAMPLE_GRID];
    enum status outcome = STATUS_OK;
    for (size_t r = 0; r < PLAIN_RECORDS && outcome == STATUS_OK; r++) {
        size_t unit_count = 0;
        outcome = plain_reader_record(&unit_count, units, durations, image_units, work->plain,
                                      work->records[r % work->record_count], UNITS_MAX);
    }
    *items = PLAIN_RECORDS;
    return outcome;
}
