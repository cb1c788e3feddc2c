/* What image units take in a store: their nominal bits and little more, whatever their number. Run
 * on 1 rank. */
#include "storage/footprint.h"
#include "storage/hdf5_prepare.h"
#include "storage/store_writer.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>

enum { TOKENS = 784, BITS = 13, CHUNK_BYTES = 1 << 20, NARROW_BYTES = 16 << 10 };

static struct team team;

static uint16_t *random_units(size_t pictures)
{
    uint32_t state = 1;
    uint16_t *units = malloc(pictures * TOKENS * sizeof *units);
    CU_ASSERT_PTR_NOT_NULL(units);
    for (size_t u = 0; units != NULL && u < pictures * TOKENS; u++) {
        state = state * 1664525u + 1013904223u;
        units[u] = (uint16_t)(state >> (32 - BITS));
    }
    return units;
}

static const char *write_store(size_t pictures, size_t chunk_bytes)
{
    const char *path = check_scratch("store.h5");
    struct store_writer *writer = NULL;
    size_t index = 0;
    const struct store_options options = { .path = path, .chunk_bytes = CHUNK_BYTES };
    const struct store_dataset dataset = { "/images/units",
                                           COLUMN_U16,
                                           .bits = BITS,
                                           .rows = pictures,
                                           .chunk_bytes = chunk_bytes,
                                           .width = TOKENS,
                                           .has_row_vector = true,
                                           .meaning = "units" };
    uint16_t *units = random_units(pictures);
    check_status(store_writer_create(&writer, &team, &options), STATUS_OK, NULL);
    check_status(store_writer_add_group(writer, "/images"), STATUS_OK, NULL);
    check_status(store_writer_add(&index, writer, &dataset), STATUS_OK, NULL);
    check_status(store_writer_put(writer, index, 0, pictures, units), STATUS_OK, NULL);
    check_status(store_writer_commit(writer), STATUS_OK, NULL);
    store_writer_destroy(writer);
    free(units);
    return path;
}

static void check_size(size_t pictures, size_t chunk_bytes)
{
    struct footprint footprint;
    check_status(footprint_read(&footprint, write_store(pictures, chunk_bytes)), STATUS_OK, NULL);
    const struct footprint_object *units = footprint_find(&footprint, "/images/units");
    const double nominal = (double)pictures * TOKENS * BITS / 8.0;
    CU_ASSERT_PTR_NOT_NULL(units);
    const double stored =
        units == NULL ? 0.0
                      : (double)(units->data_bytes + units->index_bytes + units->header_bytes);
    printf("%zu pictures, chunks of %zu: %.3f %% above nominal\n", pictures, chunk_bytes,
           100.0 * (stored / nominal - 1.0));
    CU_ASSERT(stored >= nominal);
    CU_ASSERT(stored < 1.01 * nominal);
    CU_ASSERT((double)footprint.file_bytes < 1.01 * nominal);
    footprint_end(&footprint);
}

/* 668 pictures fill a chunk of the store's: 10,021 begin a sixteenth with one. */
static void units_take_little_more_than_their_bits(void)
{
    static const size_t counts[] = { 10000, 10021, 10688 };
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        check_size(counts[c], CHUNK_BYTES);
        check_size(counts[c], NARROW_BYTES);
    }
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
        { "units take little more than their bits", units_take_little_more_than_their_bits },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "store size", cases);
}
