/* Batches out of a store: any records in any order, whole and equal to what was written, whatever
 * the packing and however small the cache; damage and nonsense in the file told by name. */
#include "core/file.h"
#include "core/random.h"
#include "storage/hdf5_prepare.h"
#include "storage/store_batch.h"
#include "storage/store_reader.h"
#include "storage/store_writer.h"
#include "tests/support/check.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

enum {
    CAPTIONS = 700,
    PICTURES = 70,
    TOKENS = 12,
    WIDTH = 5,
    CLUSTERS = 100,
    CODES = 8192,
    ALL_PARTS =
        STORE_BATCH_SPEECH | STORE_BATCH_PICTURES | STORE_BATCH_EMBEDDINGS | STORE_BATCH_FEATURES
};

enum { IMAGE, OFFSETS, UNITS, DURATIONS, TOKENS_OF, EMBEDDING, FRAMES, FEATURES, DATASETS };

static struct team team;
static void *rows_of[DATASETS]; /* what the store holds */
static uint64_t unit_count, frame_count;

static uint64_t unit_begin(size_t caption)
{
    return ((uint64_t *)rows_of[OFFSETS])[caption];
}

/* Captions of 0 to 60 units; frames likewise, with another count. */
static void make_rows(void)
{
    struct random_stream stream = random_stream_numbered(3, 1, "batch");
    const size_t bytes[DATASETS] = { CAPTIONS * 4,          (CAPTIONS + 1) * 8,
                                     CAPTIONS * 60 * 2,     CAPTIONS * 60 * 2,
                                     PICTURES * TOKENS * 2, PICTURES * WIDTH * 4,
                                     (CAPTIONS + 1) * 8,    CAPTIONS * 9 * WIDTH * 2 };
    for (size_t d = 0; d < DATASETS; d++)
        rows_of[d] = calloc(1, bytes[d]);
    uint64_t *offsets = rows_of[OFFSETS], *frames = rows_of[FRAMES];
    for (size_t c = 0; c < CAPTIONS; c++) {
        ((uint32_t *)rows_of[IMAGE])[c] = (uint32_t)(c * 37 % PICTURES);
        offsets[c + 1] = offsets[c] + random_below(&stream, 61);
        frames[c + 1] = frames[c] + random_below(&stream, 10);
    }
    unit_count = offsets[CAPTIONS];
    frame_count = frames[CAPTIONS];
    for (size_t u = 0; u < unit_count; u++) {
        ((uint16_t *)rows_of[UNITS])[u] = (uint16_t)random_below(&stream, CLUSTERS);
        ((uint16_t *)rows_of[DURATIONS])[u] = (uint16_t)(1 + u % 31 / 30 * 2);
    }
    for (size_t t = 0; t < (size_t)PICTURES * TOKENS; t++)
        ((uint16_t *)rows_of[TOKENS_OF])[t] = (uint16_t)random_below(&stream, CODES);
    for (size_t v = 0; v < (size_t)PICTURES * WIDTH; v++)
        ((float *)rows_of[EMBEDDING])[v] = (float)random_normal(&stream);
    for (size_t v = 0; v < frame_count * WIDTH; v++)
        ((uint16_t *)rows_of[FEATURES])[v] = (uint16_t)random_bits(&stream);
}

/* How the store is packed: by N-bit alone, deflated after it, deflated after shuffle. */
enum packing { NARROW, DEFLATED, SHUFFLED, PACKINGS };

static enum status put_datasets(struct store_writer *writer, enum packing packing)
{
    const bool has_deflate = packing != NARROW, has_shuffle = packing == SHUFFLED;
    struct store_dataset datasets[DATASETS] = {
        [IMAGE] = { "/captions/image", COLUMN_U32, .rows = CAPTIONS, .width = 1 },
        [OFFSETS] = { "/speech/offsets", COLUMN_U64, .rows = CAPTIONS + 1, .width = 1 },
        [UNITS] = { "/speech/units", COLUMN_U16, .bits = 7, .rows = unit_count, .width = 1 },
        [DURATIONS] = { "/speech/durations", COLUMN_U16, .bits = 2, .rows = unit_count,
                        .width = 1 },
        [TOKENS_OF] = { "/images/units", COLUMN_U16, .bits = 13, .rows = PICTURES, .width = TOKENS,
                        .chunk_bytes = 256 },
        [EMBEDDING] = { "/images/embedding", COLUMN_F32, .rows = PICTURES, .width = WIDTH },
        [FRAMES] = { "/speech/feature_offsets", COLUMN_U64, .rows = CAPTIONS + 1, .width = 1 },
        [FEATURES] = { "/speech/features", COLUMN_F16, .rows = frame_count, .width = WIDTH },
    };
    enum status outcome = STATUS_OK;
    for (size_t d = 0; d < DATASETS && outcome == STATUS_OK; d++) {
        size_t index = 0;
        datasets[d].meaning = "test";
        datasets[d].is_deflated = has_deflate;
        datasets[d].is_shuffled = has_shuffle;
        outcome = store_writer_add(&index, writer, &datasets[d]);
        if (outcome == STATUS_OK)
            outcome = store_writer_put(writer, index, 0, datasets[d].rows, rows_of[d]);
    }
    return outcome;
}

static void write_store(const char *path, enum packing packing)
{
    struct store_writer *writer = NULL;
    const struct store_options options = { path, 1024, 6 };
    check_status(store_writer_create(&writer, &team, &options), STATUS_OK, NULL);
    store_writer_add_group(writer, "/captions");
    store_writer_add_group(writer, "/speech");
    store_writer_add_group(writer, "/images");
    check_status(put_datasets(writer, packing), STATUS_OK, NULL);
    store_writer_note_text(writer, "/", "format", store_format_name);
    store_writer_note_number(writer, "/", "format_version", STORE_FORMAT_VERSION);
    store_writer_note_number(writer, "/speech/units", "codebook", CLUSTERS);
    store_writer_note_number(writer, "/images/units", "codebook", CODES);
    store_writer_note_number(writer, "/images/units", "grid_rows", 3);
    store_writer_note_number(writer, "/images/units", "grid_columns", 4);
    check_status(store_writer_commit(writer), STATUS_OK, NULL);
    store_writer_destroy(writer);
}

static const char *fresh_store(enum packing packing)
{
    const char *path = check_scratch("store.h5");
    write_store(path, packing);
    return path;
}

static struct store_batch_reader *open_store(const char *path, unsigned parts, size_t cache_bytes)
{
    struct store_batch_reader *reader = NULL;
    const struct store_batch_options options = { parts, cache_bytes, STORE_BATCH_BYTES_MAX };
    check_status(store_batch_open(&reader, path, &options), STATUS_OK, NULL);
    return reader;
}

static size_t count_wrong_rows(const struct store_batch *batch, size_t n, size_t caption)
{
    const size_t first = batch->unit_offsets[n], length = batch->unit_offsets[n + 1] - first;
    const size_t picture = ((uint32_t *)rows_of[IMAGE])[caption];
    const uint64_t *frames = rows_of[FRAMES];
    const size_t frame = batch->feature_offsets[n];
    size_t wrong = batch->pictures[n] != picture;
    if (length != unit_begin(caption + 1) - unit_begin(caption) ||
        batch->feature_offsets[n + 1] - frame != frames[caption + 1] - frames[caption])
        return wrong + 1;
    wrong += memcmp(batch->units + first, (uint16_t *)rows_of[UNITS] + unit_begin(caption),
                    2 * length) != 0;
    wrong += memcmp(batch->durations + first, (uint16_t *)rows_of[DURATIONS] + unit_begin(caption),
                    2 * length) != 0;
    wrong += memcmp(batch->image_units + n * TOKENS,
                    (uint16_t *)rows_of[TOKENS_OF] + picture * TOKENS, 2 * TOKENS) != 0;
    wrong += memcmp(batch->embeddings + n * WIDTH, (float *)rows_of[EMBEDDING] + picture * WIDTH,
                    sizeof(float) * WIDTH) != 0;
    wrong += memcmp(batch->features + frame * WIDTH,
                    (uint16_t *)rows_of[FEATURES] + frames[caption] * WIDTH,
                    2 * WIDTH * (frames[caption + 1] - frames[caption])) != 0;
    return wrong;
}

/* Batches of random records, some of them several times in one. */
static void check_batches(struct store_batch_reader *reader)
{
    enum { BATCH = 64 };
    struct random_stream stream = random_stream_numbered(5, 1, "records");
    uint64_t records[BATCH];
    size_t wrong = 0;
    for (size_t b = 0; b < 30; b++) {
        struct store_batch batch;
        const size_t count = b % 5 == 0 ? b : BATCH;
        for (size_t r = 0; r < count; r++)
            records[r] = random_below(&stream, b % 2 == 0 ? CAPTIONS : 20);
        check_status(store_batch_read(&batch, reader, records, count), STATUS_OK, NULL);
        wrong += batch.count != count;
        for (size_t r = 0; r < batch.count; r++)
            wrong += count_wrong_rows(&batch, r, records[r]);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void records_come_in_any_order(void)
{
    const size_t cache_bytes[] = { 0, 3000, 1 << 20 };
    for (size_t p = 0; p < PACKINGS; p++) {
        const char *path = fresh_store((enum packing)p);
        for (size_t c = 0; c < sizeof cache_bytes / sizeof cache_bytes[0]; c++) {
            struct store_batch_reader *reader = open_store(path, ALL_PARTS, cache_bytes[c]);
            check_batches(reader);
            store_batch_close(reader);
        }
    }
}

static void only_what_was_asked_for_is_read(void)
{
    const char *path = fresh_store(NARROW);
    const uint64_t record = CAPTIONS - 1;
    struct store_batch batch;
    struct store_batch_reader *reader = open_store(path, STORE_BATCH_PICTURES, 0);
    const struct store_batch_shape *shape = store_batch_shape(reader);
    CU_ASSERT(shape->captions == CAPTIONS && shape->pictures == PICTURES);
    CU_ASSERT(shape->tokens == TOKENS && shape->grid_rows == 3 && shape->grid_columns == 4);
    CU_ASSERT(shape->image_codebook == CODES && shape->speech_codebook == 0);
    CU_ASSERT(shape->embedding_width == 0 && shape->feature_width == 0);
    check_status(store_batch_read(&batch, reader, &record, 1), STATUS_OK, NULL);
    CU_ASSERT(batch.count == 1 && batch.image_units != NULL && batch.pictures != NULL);
    CU_ASSERT(batch.units == NULL && batch.unit_offsets == NULL && batch.embeddings == NULL);
    store_batch_close(reader);
    reader = open_store(path, STORE_BATCH_SPEECH | STORE_BATCH_FEATURES, 0);
    CU_ASSERT(store_batch_shape(reader)->feature_width == WIDTH);
    check_status(store_batch_read(&batch, reader, &record, 1), STATUS_OK, NULL);
    CU_ASSERT(batch.units != NULL && batch.features != NULL && batch.image_units == NULL);
    store_batch_close(reader);
}

static void what_cannot_be_is_refused(void)
{
    const char *path = fresh_store(NARROW);
    const uint64_t records[] = { 0, CAPTIONS };
    struct store_batch batch;
    struct store_batch_reader *reader = open_store(path, ALL_PARTS, 0);
    check_status(store_batch_read(&batch, reader, records, 2), STATUS_INVALID, "record 700 of 700");
    CU_ASSERT(batch.count == 0 && batch.units == NULL);
    check_status(store_batch_read(&batch, reader, records, 1), STATUS_OK, NULL);
    store_batch_close(reader);

    struct store_batch_options options = { ALL_PARTS, 0, 2000 };
    uint64_t many[50] = { 0 };
    check_status(store_batch_open(&reader, path, &options), STATUS_OK, NULL);
    check_status(store_batch_read(&batch, reader, many, 50), STATUS_INVALID,
                 "more than 2000 bytes");
    check_status(store_batch_read(&batch, reader, many, 1), STATUS_OK, NULL);
    store_batch_close(reader);
    check_status(store_batch_open(&reader, check_scratch("none.h5"), &options), STATUS_NOT_FOUND,
                 "none.h5");
    CU_ASSERT_PTR_NULL(reader);
}

static void memory_is_the_cache_and_a_batch(void)
{
    enum { CACHE_BYTES = 8000, BATCH = 16, BATCH_BYTES = BATCH * (61 * 4 + 9 * 10 + 200) };
    struct store_batch_reader *reader = open_store(fresh_store(DEFLATED), ALL_PARTS, CACHE_BYTES);
    for (uint64_t first = 0; first + BATCH <= CAPTIONS; first += BATCH) {
        uint64_t records[BATCH];
        struct store_batch batch;
        for (size_t r = 0; r < BATCH; r++)
            records[r] = (first + r) * 97 % CAPTIONS;
        check_status(store_batch_read(&batch, reader, records, BATCH), STATUS_OK, NULL);
        CU_ASSERT(store_batch_memory_bytes(reader) <= CACHE_BYTES + BATCH_BYTES);
    }
    store_batch_close(reader);
}

/* Overwrites values of a dataset through HDF5, which makes new checksums. */
static void overwrite(const char *path, const char *name, hid_t type, hsize_t row,
                      const void *value)
{
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(dataset);
    const hsize_t one[2] = { 1, 1 }, start[2] = { row, 0 };
    const hid_t memory = H5Screate_simple(1, one, NULL);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, one, NULL);
    CU_ASSERT(H5Dwrite(dataset, type, memory, space, H5P_DEFAULT, value) >= 0);
    H5Sclose(memory);
    H5Sclose(space);
    H5Dclose(dataset);
    CU_ASSERT(H5Fclose(file) >= 0);
}

static void check_damaged(const char *path, enum status expected, const char *fragment)
{
    uint64_t records[CAPTIONS];
    struct store_batch batch;
    struct store_batch_reader *reader = open_store(path, ALL_PARTS, 0);
    for (size_t r = 0; r < CAPTIONS; r++)
        records[r] = r;
    check_status(store_batch_read(&batch, reader, records, CAPTIONS), expected, fragment);
    CU_ASSERT_EQUAL(batch.count, 0);
    store_batch_close(reader);
}

static void nonsense_in_the_file_is_told(void)
{
    const uint16_t unit = CLUSTERS;
    const uint32_t picture = PICTURES;
    const uint64_t offset = 3, beyond = unit_count + 1;
    const char *path = fresh_store(NARROW);
    overwrite(path, "/speech/units", H5T_NATIVE_UINT16, 500, &unit);
    check_damaged(path, STATUS_CORRUPT, "an id of 100");
    path = fresh_store(NARROW);
    overwrite(path, "/captions/image", H5T_NATIVE_UINT32, 600, &picture);
    check_damaged(path, STATUS_CORRUPT, "/images/units has 70 rows");
    path = fresh_store(SHUFFLED);
    overwrite(path, "/speech/offsets", H5T_NATIVE_UINT64, 100, &offset);
    check_damaged(path, STATUS_CORRUPT, "/speech/offsets: value 99 is out of order");
    path = fresh_store(DEFLATED);
    overwrite(path, "/speech/offsets", H5T_NATIVE_UINT64, CAPTIONS, &beyond);
    check_damaged(path, STATUS_CORRUPT, "/speech/offsets");
}

/* Every chunk of units and durations lies somewhere in the file: flipped bytes there are found. */
static void flipped_bytes_are_found(void)
{
    for (size_t p = 0; p < PACKINGS; p++) {
        const char *path = fresh_store((enum packing)p);
        const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
        const hid_t dataset = H5Dopen2(file, "/speech/durations", H5P_DEFAULT);
        haddr_t address = 0;
        hsize_t stored = 0, origin = 0;
        unsigned skipped = 0;
        CU_ASSERT(H5Dget_chunk_info_by_coord(dataset, &origin, &skipped, &address, &stored) >= 0);
        H5Dclose(dataset);
        H5Fclose(file);
        uint8_t *bytes = NULL;
        size_t byte_count = 0;
        CU_ASSERT_EQUAL(file_read(&bytes, &byte_count, path, 1 << 24), STATUS_OK);
        bytes[address + stored / 2] ^= 0x10;
        CU_ASSERT_EQUAL(file_write(path, bytes, byte_count), STATUS_OK);
        free(bytes);
        check_damaged(path, STATUS_CORRUPT,
                      "/speech/durations has a chunk whose checksum is wrong");
    }
}

/* A store of which `name` is replaced by a dataset of another kind. */
static void check_replaced(const char *name, hid_t type, hsize_t rows, hsize_t chunk_rows,
                           const char *fragment)
{
    const char *path = fresh_store(NARROW);
    const struct store_batch_options options = { ALL_PARTS, 0, STORE_BATCH_BYTES_MAX };
    struct store_batch_reader *reader = NULL;
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    CU_ASSERT(H5Ldelete(file, name, H5P_DEFAULT) >= 0);
    const hid_t space = H5Screate_simple(1, &rows, NULL), layout = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk_rows > 0)
        H5Pset_chunk(layout, 1, &chunk_rows);
    H5Dclose(H5Dcreate2(file, name, type, space, H5P_DEFAULT, layout, H5P_DEFAULT));
    H5Pclose(layout);
    H5Sclose(space);
    CU_ASSERT(H5Fclose(file) >= 0);
    check_status(store_batch_open(&reader, path, &options), STATUS_CORRUPT, fragment);
    store_batch_close(reader);
}

static void foreign_shapes_are_refused(void)
{
    check_replaced("/speech/units", H5T_NATIVE_FLOAT, 10, 5, "/speech/units is of another type");
    check_replaced("/speech/units", H5T_NATIVE_INT16, 10, 5, "/speech/units is of another type");
    check_replaced("/speech/units", H5T_STD_U16BE, 10, 5, "/speech/units is of another type");
    check_replaced("/speech/units", H5T_STD_U16LE, 10, 0, "/speech/units is not in chunks");
    check_replaced("/speech/units", H5T_STD_U16LE, 10, 5, "do not fit together");
    check_replaced("/speech/units", H5T_STD_U16LE, (hsize_t)1 << 40, (hsize_t)1 << 30,
                   "chunks that are too large");
}

/* A dataset of the right extent whose chunks were never written. */
static void missing_chunks_are_told(void)
{
    const char *path = fresh_store(NARROW);
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    const hsize_t rows = unit_count, chunk = 100;
    CU_ASSERT(H5Ldelete(file, "/speech/durations", H5P_DEFAULT) >= 0);
    const hid_t space = H5Screate_simple(1, &rows, NULL), layout = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(layout, 1, &chunk);
    H5Dclose(H5Dcreate2(file, "/speech/durations", H5T_STD_U16LE, space, H5P_DEFAULT, layout,
                        H5P_DEFAULT));
    H5Pclose(layout);
    H5Sclose(space);
    H5Fclose(file);
    check_damaged(path, STATUS_CORRUPT, "/speech/durations misses a chunk");
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
    make_rows();
}

static void end(void)
{
    for (size_t d = 0; d < DATASETS; d++)
        free(rows_of[d]);
    team_end(&team);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "records come in any order", records_come_in_any_order },
        { "only what was asked for is read", only_what_was_asked_for_is_read },
        { "what cannot be is refused", what_cannot_be_is_refused },
        { "memory is the cache and a batch", memory_is_the_cache_and_a_batch },
        { "nonsense in the file is told", nonsense_in_the_file_is_told },
        { "flipped bytes are found", flipped_bytes_are_found },
        { "foreign shapes are refused", foreign_shapes_are_refused },
        { "missing chunks are told", missing_chunks_are_told },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    hdf5_prepare();
    return check_suite(argc, argv, "store batch", cases);
}
