/* Batches that are read beside the work: in the order of the requests, still there while the next
 * is read, failures told where they are taken, and an end at any moment. */
#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "tests/support/check.h"
#include "tests/training/training_store.h"
#include "training/batch_loader.h"

#include <string.h>

static struct team team;

static struct batch_loader *open_loader(void)
{
    struct batch_loader *loader = NULL;
    const char *path = check_scratch("store.h5");
    const struct store_batch_options options = { .parts = STORE_BATCH_SPEECH,
                                                 .batch_bytes_max = STORE_BATCH_BYTES_MAX };
    if (!file_exists(path))
        training_store_write(&team, path, NOTHING_SPOILT);
    check_status(batch_loader_open(&loader, path, &options), STATUS_OK, NULL);
    return loader;
}

static void ask(struct batch_loader *loader, size_t first, size_t count)
{
    uint64_t records[STORE_CAPTIONS];
    for (size_t r = 0; r < count; r++)
        records[r] = first + r;
    check_status(batch_loader_request(loader, records, count), STATUS_OK, NULL);
    memset(records, 0xFF, sizeof records); /* they were copied */
}

static bool holds(const struct store_batch *batch, size_t first, size_t count)
{
    bool is_right = batch->count == count;
    for (size_t r = 0; r < count && is_right; r++)
        is_right =
            batch->pictures[r] == (first + r) / 4 &&
            batch->unit_offsets[r + 1] - batch->unit_offsets[r] == training_store_units(first + r);
    return is_right;
}

static void a_batch_lasts_while_the_next_is_read(void)
{
    struct batch_loader *loader = open_loader();
    struct store_batch batch;
    CU_ASSERT_EQUAL(batch_loader_shape(loader)->captions, STORE_CAPTIONS);
    ask(loader, 0, 10);
    for (size_t b = 0; b < 8; b++) {
        check_status(batch_loader_take(&batch, loader), STATUS_OK, NULL);
        ask(loader, 10 * (b + 1), b == 5 ? 0 : 10);
        batch_loader_wait(loader);
        CU_ASSERT(holds(&batch, 10 * b, b == 6 ? 0 : 10));
    }
    batch_loader_close(loader);
}

static void a_failing_read_is_told_once_and_the_next_goes_well(void)
{
    struct batch_loader *loader = open_loader();
    struct store_batch batch;
    ask(loader, STORE_CAPTIONS - 2, 5);
    check_status(batch_loader_take(&batch, loader), STATUS_INVALID, "100");
    ask(loader, 20, 5);
    check_status(batch_loader_take(&batch, loader), STATUS_OK, NULL);
    CU_ASSERT(holds(&batch, 20, 5));
    batch_loader_close(loader);
}

static void it_may_be_closed_at_any_moment(void)
{
    for (size_t t = 0; t < 20; t++) {
        struct batch_loader *loader = open_loader();
        if (t > 0)
            ask(loader, 0, STORE_CAPTIONS - t);
        if (t % 3 == 2)
            batch_loader_wait(loader);
        batch_loader_close(loader);
    }
    batch_loader_close(NULL);
}

static void a_store_that_is_not_there_or_lacks_a_part_is_told(void)
{
    struct batch_loader *loader = NULL;
    const struct store_batch_options options = { .parts = STORE_BATCH_SPEECH };
    check_status(batch_loader_open(&loader, check_scratch("nowhere.h5"), &options),
                 STATUS_NOT_FOUND, "nowhere.h5");
    CU_ASSERT_PTR_NULL(loader);
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
}

static void end(void)
{
    team_end(&team);
}

int main(int argc, char **argv)
{
    hdf5_prepare();
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "a batch lasts while the next is read", a_batch_lasts_while_the_next_is_read },
        { "a failing read is told once", a_failing_read_is_told_once_and_the_next_goes_well },
        { "it may be closed at any moment", it_may_be_closed_at_any_moment },
        { "a store that is not there", a_store_that_is_not_there_or_lacks_a_part_is_told },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "batch loader", cases);
}
