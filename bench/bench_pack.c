#include "bench/bench_works.h"
#include "bench/pack_sample.h"
#include "bench/scratch_folder.h"
#include "storage/plain_store.h"

#include <stdlib.h>
#include <unistd.h>

/* Chunks and deflate are the plan's defaults; blocks of all ranks alternate, as pack writes them.
 */
enum { BLOCKS = 2, CHUNK_BYTES = 1 << 20, DEFLATE_LEVEL = 6 };

struct work {
    const struct team *team; /* borrowed */
    struct pack_sample sample;
    char folder[PATH_BYTES], store[PATH_BYTES], plain[PATH_BYTES];
    bool has_folder;
};

void bench_pack_close(void *self)
{
    struct work *work = self;
    if (work == NULL)
        return;
    if (work->has_folder && work->team->rank == 0) {
        unlink(work->store);
        unlink(work->plain);
    }
    if (work->has_folder)
        scratch_folder_remove(work->folder, work->team);
    pack_sample_end(&work->sample);
    free(work);
}

static enum status prepare(struct work *work, const char *parent)
{
    const struct store_options options = { .path = NULL,
                                           .chunk_bytes = CHUNK_BYTES,
                                           .deflate_level = DEFLATE_LEVEL };
    enum status outcome = scratch_folder_make(work->folder, work->team, parent);
    if (outcome != STATUS_OK)
        return outcome;
    work->has_folder = true;
    outcome = path_join(work->store, work->folder, "store.h5");
    if (outcome == STATUS_OK)
        outcome = path_join(work->plain, work->folder, "plain.h5");
    outcome = team_agree(work->team, "name files", outcome);
    if (outcome == STATUS_OK)
        outcome = pack_sample_make(&work->sample, work->team, BLOCKS, &options);
    return outcome;
}

enum status bench_pack_open(void **self, double *gflop_per_item,
                            const struct bench_setting *setting)
{
    struct work *work = calloc(1, sizeof *work);
    *self = NULL;
    enum status outcome = STATUS_OK;
    if (work == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "pack: no memory");
    outcome = team_agree(setting->team, "begin pack", outcome);
    if (outcome == STATUS_OK) {
        work->team = setting->team;
        outcome = prepare(work, setting->folder);
    }
    if (outcome != STATUS_OK) {
        bench_pack_close(work);
        return outcome;
    }
    *gflop_per_item = 0.0;
    *self = work;
    return STATUS_OK;
}

static double own_bytes(const struct pack_sample *sample)
{
    double bytes = 0.0;
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS; d++)
        bytes += (double)sample->own_rows[d] * (double)sample->row_bytes[d];
    return bytes;
}

static enum status put_blocks(struct store_writer *writer, const struct work *work)
{
    const struct pack_sample *sample = &work->sample;
    const uint64_t size = (uint64_t)work->team->size, rank = (uint64_t)work->team->rank;
    enum status outcome = STATUS_OK;
    for (size_t b = 0; b < BLOCKS; b++)
        for (size_t d = 0; d < PACK_SAMPLE_DATASETS && outcome == STATUS_OK; d++) {
            const uint64_t rows = sample->own_rows[d] / BLOCKS;
            outcome =
                store_writer_put(writer, d, (b * size + rank) * rows, rows,
                                 (const char *)sample->values[d] + b * rows * sample->row_bytes[d]);
        }
    return outcome;
}

enum status bench_pack_run(double *items, void *self)
{
    struct work *work = self;
    const struct store_options options = { .path = work->store,
                                           .chunk_bytes = CHUNK_BYTES,
                                           .deflate_level = DEFLATE_LEVEL };
    const char *const groups[] = { "/captions", "/speech", "/images" };
    struct store_writer *writer = NULL;
    size_t index = 0;
    enum status outcome = store_writer_create(&writer, work->team, &options);
    for (size_t g = 0; g < sizeof groups / sizeof groups[0] && outcome == STATUS_OK; g++)
        outcome = store_writer_add_group(writer, groups[g]);
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS && outcome == STATUS_OK; d++)
        outcome = store_writer_add(&index, writer, &work->sample.datasets[d]);
    if (outcome == STATUS_OK)
        outcome = put_blocks(writer, work);
    if (outcome == STATUS_OK)
        outcome = store_writer_commit(writer);
    store_writer_destroy(writer);
    *items = own_bytes(&work->sample);
    return outcome;
}

static void write_plain(const struct work *work, bool is_packed)
{
    const struct pack_sample *sample = &work->sample;
    const struct store_options options = { .path = work->plain,
                                           .chunk_bytes = CHUNK_BYTES,
                                           .deflate_level = DEFLATE_LEVEL };
    struct plain_store_rows rows[PACK_SAMPLE_DATASETS];
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS; d++)
        rows[d] =
            (struct plain_store_rows){ .dataset = &sample->datasets[d],
                                       .first = sample->own_rows[d] * (uint64_t)work->team->rank,
                                       .count = sample->own_rows[d],
                                       .values = sample->values[d] };
    plain_store_write(&options, work->team, rows, PACK_SAMPLE_DATASETS, is_packed);
}

enum status bench_pack_plain(double *items, void *self)
{
    struct work *work = self;
    write_plain(work, true);
    *items = own_bytes(&work->sample);
    return STATUS_OK;
}

enum status bench_pack_unpacked(double *items, void *self)
{
    struct work *work = self;
    write_plain(work, false);
    *items = own_bytes(&work->sample);
    return STATUS_OK;
}
