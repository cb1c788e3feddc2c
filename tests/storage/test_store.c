/* The packed store on several ranks: what they write together can be read back, the same for any
 * number of ranks; a failure on one rank fails all of them alike, without a hang and without
 * leaving half a file behind. Run on 1 rank and on 3. */
#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "storage/store_reader.h"
#include "storage/store_writer.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct team team;

enum { ROWS = 1000, TOKENS = 6, TEXT_BYTES = 12 };
enum { IDS, SMALL, NAMES, LARGE, HALVES, SINGLES, NOTHING, DATASET_COUNT };

static const struct store_dataset datasets[DATASET_COUNT] = {
    [IDS] = { "/data/ids", COLUMN_U16, .bits = 13, .rows = ROWS, .width = TOKENS,
              .has_row_vector = true, .meaning = "ids of 13 bits" },
    [SMALL] = { "/data/small", COLUMN_U16, .bits = 8, .rows = ROWS, .width = 1, .is_deflated = true,
                .meaning = "ids of 8 bits" },
    [NAMES] = { "/data/names", COLUMN_TEXT, .rows = ROWS, .width = TEXT_BYTES, .is_deflated = true,
                .meaning = "texts" },
    [LARGE] = { "/data/large", COLUMN_U64, .rows = ROWS + 1, .width = 1, .is_deflated = true,
                .meaning = "offsets" },
    [HALVES] = { "/data/halves", COLUMN_F16, .rows = ROWS, .width = 2, .has_row_vector = true,
                 .meaning = "half rows" },
    [SINGLES] = { "/data/singles", COLUMN_F32, .rows = ROWS, .width = 1, .has_row_vector = true,
                  .meaning = "floats, a column" },
    [NOTHING] = { "/data/nothing", COLUMN_U16, .bits = 13, .rows = 0, .width = TOKENS,
                  .has_row_vector = true, .meaning = "no rows" },
};

static uint16_t id_at(size_t row, size_t token)
{
    return (uint16_t)((row * 37 + token * 8191) % 8192);
}

static void name_at(char name[TEXT_BYTES], size_t row)
{
    static const char *const starts[] = { "", "n", "\xD9\x86", "full" };
    char text[64] = "";
    if (row % 4 > 0)
        snprintf(text, sizeof text, "%s%zu", starts[row % 4], row);
    if (row == 7)
        strcpy(text, "exactly 12 !");
    memset(name, 0, TEXT_BYTES);
    memcpy(name, text, strnlen(text, TEXT_BYTES));
}

/* Rows first .. first + count - 1 of a dataset, for the caller to free. */
static void *values_of(size_t dataset, size_t first, size_t count)
{
    uint8_t *values = calloc(count + 1, 64);
    for (size_t r = 0; r < count; r++) {
        const size_t row = first + r;
        for (size_t t = 0; dataset == IDS && t < TOKENS; t++)
            ((uint16_t *)(void *)values)[r * TOKENS + t] = id_at(row, t);
        if (dataset == SMALL)
            ((uint16_t *)(void *)values)[r] = (uint16_t)(row % 256);
        else if (dataset == NAMES)
            name_at((char *)values + r * TEXT_BYTES, row);
        else if (dataset == LARGE)
            ((uint64_t *)(void *)values)[r] = row == ROWS ? UINT64_MAX : row * row;
        else if (dataset == HALVES) {
            ((uint16_t *)(void *)values)[2 * r] = 0x3C00;
            ((uint16_t *)(void *)values)[2 * r + 1] = (uint16_t)row;
        } else if (dataset == SINGLES)
            ((float *)(void *)values)[r] = (float)row / 4.0f;
    }
    return values;
}

/* The rows of this rank. They meet inside chunks; a rank between the first and the last has none.
 */
static void own_rows(size_t *first, size_t *count, size_t rows)
{
    const size_t cut = team.size == 1 ? rows : rows * 377 / 1000;
    *first = team.rank == 0 ? 0 : cut;
    *count = team.rank == 0 ? cut : team.rank == team.size - 1 ? rows - cut : 0;
}

static enum status put_rows(struct store_writer *writer, size_t index, size_t dataset)
{
    size_t first, count;
    own_rows(&first, &count, datasets[dataset].rows);
    void *values = values_of(dataset, first, count);
    const enum status outcome =
        store_writer_put(writer, index, first, count, count > 0 ? values : NULL);
    free(values);
    return outcome;
}

static enum status fill(struct store_writer *writer)
{
    size_t indices[DATASET_COUNT];
    enum status outcome = store_writer_add_group(writer, "/data");
    for (size_t d = 0; d < DATASET_COUNT && outcome == STATUS_OK; d++)
        outcome = store_writer_add(&indices[d], writer, &datasets[d]);
    for (size_t d = 0; d < DATASET_COUNT && outcome == STATUS_OK; d++)
        outcome = put_rows(writer, indices[d], d);
    if (outcome == STATUS_OK)
        outcome = store_writer_note_text(writer, "/", "format", store_format_name);
    if (outcome == STATUS_OK)
        outcome = store_writer_note_number(writer, "/", "format_version", STORE_FORMAT_VERSION);
    if (outcome == STATUS_OK)
        outcome = store_writer_note_text(writer, "/", "recipe_digest", "0123");
    if (outcome == STATUS_OK)
        outcome = store_writer_note_number(writer, "/data/ids", "codebook", 8192);
    return outcome;
}

static enum status write_store(const struct team *on, const char *path)
{
    const struct store_options options = { .path = path, .chunk_bytes = 4096, .deflate_level = 6 };
    struct store_writer *writer = NULL;
    enum status outcome = store_writer_create(&writer, on, &options);
    CU_ASSERT_EQUAL(writer == NULL, outcome != STATUS_OK);
    if (outcome == STATUS_OK)
        outcome = fill(writer);
    if (outcome == STATUS_OK)
        outcome = store_writer_commit(writer);
    store_writer_destroy(writer);
    return outcome;
}

static bool has_partial(const char *path)
{
    char partial[600];
    snprintf(partial, sizeof partial, "%s.partial", path);
    return file_exists(partial);
}

/* Reads whole integer datasets, in pieces that do not fit the chunks. */
static void check_numbers(const struct store_reader *reader)
{
    uint64_t rows = 0, ids[7 * TOKENS], number = 0;
    size_t width = 0, wrong = 0;
    check_status(store_reader_extent(&rows, &width, reader, "/data/ids"), STATUS_OK, NULL);
    CU_ASSERT(rows == ROWS && width == TOKENS);
    for (size_t first = 0; first < ROWS; first += 7) {
        const size_t count = first + 7 > ROWS ? ROWS - first : 7;
        check_status(store_reader_numbers(ids, reader, "/data/ids", first, count, TOKENS),
                     STATUS_OK, NULL);
        for (size_t i = 0; i < count * TOKENS; i++)
            wrong += ids[i] != id_at(first + i / TOKENS, i % TOKENS);
    }
    for (size_t row = 0; row <= ROWS; row += 11) {
        if (row < ROWS) {
            store_reader_numbers(&number, reader, "/data/small", row, 1, 1);
            wrong += number != row % 256;
        }
        store_reader_numbers(&number, reader, "/data/large", row, 1, 1);
        wrong += number != row * row;
    }
    store_reader_numbers(&number, reader, "/data/large", ROWS, 1, 1);
    wrong += number != UINT64_MAX;
    CU_ASSERT_EQUAL(wrong, 0);
}

static void check_texts_and_floats(const struct store_reader *reader)
{
    char texts[ROWS][TEXT_BYTES + 1], expected[TEXT_BYTES + 1] = "";
    uint16_t halves[ROWS][2];
    float singles[ROWS];
    size_t text_bytes = 0, wrong = 0;
    check_status(store_reader_text_bytes(&text_bytes, reader, "/data/names"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(text_bytes, TEXT_BYTES + 1);
    check_status(store_reader_texts(texts[0], TEXT_BYTES + 1, reader, "/data/names", 0, ROWS),
                 STATUS_OK, NULL);
    check_status(store_reader_halves(halves[0], reader, "/data/halves", 0, ROWS, 2), STATUS_OK,
                 NULL);
    check_status(store_reader_floats(singles, reader, "/data/singles", 0, ROWS, 1), STATUS_OK,
                 NULL);
    for (size_t row = 0; row < ROWS; row++) {
        name_at(expected, row);
        wrong += strcmp(texts[row], expected) != 0;
        wrong += halves[row][0] != 0x3C00 || halves[row][1] != row;
        wrong += singles[row] != (float)row / 4.0f;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void check_notes(const struct store_reader *reader, const char *path)
{
    char text[32];
    uint64_t number = 0, rows = 9;
    size_t width = 0;
    check_status(store_reader_note_text(text, sizeof text, reader, "/data/ids", "meaning"),
                 STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(text, "ids of 13 bits");
    check_status(store_reader_note_number(&number, reader, "/data/ids", "codebook"), STATUS_OK,
                 NULL);
    CU_ASSERT_EQUAL(number, 8192);
    check_status(store_reader_extent(&rows, &width, reader, "/data/nothing"), STATUS_OK, NULL);
    CU_ASSERT(rows == 0 && width == TOKENS);
    CU_ASSERT_TRUE(store_is_made_by(path, "0123"));
    CU_ASSERT_FALSE(store_is_made_by(path, "0124"));
}

static void what_ranks_write_together_is_read_back(void)
{
    const char *path = check_scratch("store.h5");
    check_status(write_store(&team, path), STATUS_OK, NULL);
    check_status(write_store(&team, path), STATUS_OK, NULL); /* in place of the older one */
    if (team.rank == 0) {
        struct store_reader *reader = NULL;
        check_status(store_reader_open(&reader, path), STATUS_OK, NULL);
        if (reader != NULL) {
            check_numbers(reader);
            check_texts_and_floats(reader);
            check_notes(reader, path);
        }
        store_reader_close(reader);
        CU_ASSERT_FALSE(has_partial(path));
    }
    team_wait(&team);
}

static void what_is_asked_wrongly_is_refused(void)
{
    if (team.rank == 0) {
        struct store_reader *reader = NULL;
        const char *path = check_scratch("store.h5");
        uint64_t numbers[TOKENS], rows;
        uint16_t halves[TOKENS];
        size_t width;
        char text[8];
        check_status(store_reader_open(&reader, path), STATUS_OK, NULL);
        check_status(store_reader_numbers(numbers, reader, "/data/ids", ROWS, 1, TOKENS),
                     STATUS_CORRUPT, "1000 rows");
        check_status(store_reader_numbers(numbers, reader, "/data/ids", UINT64_MAX, 2, TOKENS),
                     STATUS_CORRUPT, "1000 rows");
        check_status(store_reader_numbers(numbers, reader, "/data/ids", 0, 1, 1), STATUS_CORRUPT,
                     "rows of 6 values");
        check_status(store_reader_numbers(numbers, reader, "/data/names", 0, 1, 1), STATUS_CORRUPT,
                     "another type");
        check_status(store_reader_halves(halves, reader, "/data/ids", 0, 1, TOKENS), STATUS_CORRUPT,
                     "another type");
        check_status(store_reader_texts(text, sizeof text, reader, "/data/names", 0, 1),
                     STATUS_CORRUPT, "texts of 13 bytes");
        check_status(store_reader_extent(&rows, &width, reader, "/data/absent"), STATUS_CORRUPT,
                     "/data/absent is missing");
        check_status(store_reader_extent(&rows, &width, reader, "/absent/ids"), STATUS_CORRUPT,
                     "/absent/ids is missing");
        check_status(store_reader_extent(&rows, &width, reader, "/data"), STATUS_CORRUPT, "/data");
        CU_ASSERT_FALSE(store_reader_has(reader, "/absent/ids"));
        CU_ASSERT_TRUE(store_reader_has(reader, "/data/ids"));
        check_status(store_reader_note_number(&rows, reader, "/", "format"), STATUS_CORRUPT,
                     "format");
        check_status(store_reader_note_number(&rows, reader, "/", "absent"), STATUS_CORRUPT,
                     "absent");
        store_reader_close(reader);
    }
    team_wait(&team);
}

static void what_is_no_store_is_told_apart(void)
{
    if (team.rank == 0) {
        struct store_reader *reader = NULL;
        const char *path = check_scratch("cut.h5");
        uint8_t *bytes = NULL;
        size_t byte_count = 0;
        check_status(store_reader_open(&reader, check_scratch("absent.h5")), STATUS_NOT_FOUND,
                     "absent.h5");
        file_write(check_scratch("text.h5"), "hello", 5);
        check_status(store_reader_open(&reader, check_scratch("text.h5")), STATUS_CORRUPT,
                     "text.h5");
        file_read(&bytes, &byte_count, check_scratch("store.h5"), 1 << 24);
        for (size_t kept = byte_count - 1; kept > 4096; kept -= 4096) {
            file_write(path, bytes, kept);
            check_status(store_reader_open(&reader, path), STATUS_CORRUPT, "cut.h5");
            CU_ASSERT_PTR_NULL(reader);
            CU_ASSERT_FALSE(store_is_made_by(path, "0123"));
        }
        free(bytes);
        store_reader_close(NULL);
    }
    team_wait(&team);
}

static void h5py_reads_it_without_a_plugin(void)
{
    if (team.rank == 0) {
        const char *path = check_scratch("store.h5"), *script = check_scratch("check.py");
        static const char code[] =
            "import sys, h5py, numpy as np\n"
            "f = h5py.File(sys.argv[1], 'r')['data']\n"
            "r = np.arange(1000)[:, None]\n"
            "assert f['ids'].dtype == np.uint16 and f['ids'].shape == (1000, 6)\n"
            "assert (f['ids'][:] == (r * 37 + np.arange(6) * 8191) % 8192).all()\n"
            "assert (f['small'][:] == r[:, 0] % 256).all()\n"
            "assert f['names'][5].decode() == 'n5' and f['names'][7].decode() == 'exactly 12 !'\n"
            "assert f['names'][6].decode() == '\\u06466'\n"
            "assert f['large'][1000] == 2**64 - 1 and f['large'][30] == 900\n"
            "assert f['halves'].dtype == np.float16 and (f['halves'][:, 0] == 1).all()\n"
            "assert (f['singles'][:] == r / 4).all() and f['nothing'].shape == (0, 6)\n";
        char command[2048];
        file_write(script, code, sizeof code - 1);
        snprintf(command, sizeof command,
                 "for p in /usr/bin/python3 python3; do env -i PATH=\"$PATH\" $p -c 'import h5py' "
                 "2>/dev/null && exec env -i PATH=\"$PATH\" timeout 60 $p '%s' '%s'; done; exit 77",
                 script, path);
        const int state = system(command);
        const int code_of_end = WIFEXITED(state) ? WEXITSTATUS(state) : -1;
        if (code_of_end == 77)
            fprintf(stderr, "no python3 with h5py here: its reading of the store is left out\n");
        CU_ASSERT(code_of_end == 0 || code_of_end == 77);
    }
    team_wait(&team);
}

static void bad_options_on_one_rank_fail_all(void)
{
    static const struct store_options bad[] = { { NULL, 0, 6 },
                                                { NULL, 4096, 10 },
                                                { NULL, 4096, -1 } };
    for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
        struct store_writer *writer = NULL;
        struct store_options options = { check_scratch("bad.h5"), 4096, 6 };
        if (team.rank == team.size - 1) {
            options.chunk_bytes = bad[b].chunk_bytes;
            options.deflate_level = bad[b].deflate_level;
        }
        check_status(store_writer_create(&writer, &team, &options), STATUS_INVALID, "bad.h5");
        CU_ASSERT_PTR_NULL(writer);
    }
    team_wait(&team);
    CU_ASSERT_FALSE(has_partial(check_scratch("bad.h5")));
}

static void a_place_that_cannot_be_written_fails_all(void)
{
    check_status(write_store(&team, check_scratch("no/such/store.h5")), STATUS_NOT_FOUND,
                 "no/such/store.h5.partial");
    if (team.rank == 0)
        mkdir(check_scratch("taken.h5.partial"), 0700);
    team_wait(&team);
    check_status(write_store(&team, check_scratch("taken.h5")), STATUS_IO, "taken.h5.partial");
}

static void what_is_not_committed_leaves_no_file(void)
{
    struct store_writer *writer = NULL;
    const struct store_options options = { check_scratch("dropped.h5"), 4096, 6 };
    check_status(store_writer_create(&writer, &team, &options), STATUS_OK, NULL);
    if (writer != NULL)
        check_status(fill(writer), STATUS_OK, NULL);
    store_writer_destroy(writer);
    store_writer_destroy(NULL);
    team_wait(&team);
    CU_ASSERT_FALSE(file_exists(options.path));
    CU_ASSERT_FALSE(has_partial(options.path));
}

static void a_failure_at_any_step_on_any_rank_fails_all_alike(void)
{
    static const char *const steps[] = {
        "prepare store",      "try store folder",     "create store file",
        "create store group", "create store dataset", "write store rows",
        "note in store",      "close store",          "publish store",
    };
    const char *path = check_scratch("faulty.h5");
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_IO };
            struct team faulty = team;
            faulty.fault = &fault;
            check_status(write_store(&faulty, path), STATUS_IO, steps[s]);
            team_wait(&team);
            CU_ASSERT_FALSE(has_partial(path));
            /* After the last step the file is whole, whoever failed then. */
            const bool is_published = strcmp(steps[s], "publish store") == 0;
            CU_ASSERT(is_published ? store_is_made_by(path, "0123") : !file_exists(path));
            team_wait(&team);
            if (team.rank == 0)
                unlink(path);
            team_wait(&team);
        }
}

static void too_many_datasets_are_an_error_on_all(void)
{
    struct store_writer *writer = NULL;
    const struct store_options options = { check_scratch("many.h5"), 4096, 6 };
    enum status outcome = store_writer_create(&writer, &team, &options);
    for (size_t d = 0; d < 100 && outcome == STATUS_OK; d++) {
        char name[32];
        size_t index;
        struct store_dataset dataset = datasets[SMALL];
        snprintf(name, sizeof name, "/d%zu", d);
        dataset.name = name;
        outcome = store_writer_add(&index, writer, &dataset);
    }
    check_status(outcome, STATUS_INVALID, "more than");
    store_writer_destroy(writer);
}

static void deflate_pays_where_values_repeat(void)
{
    enum { COUNT = 20000 };
    uint16_t *values = calloc(COUNT, sizeof *values);
    struct store_dataset dataset = { "/x", COLUMN_U16, .bits = 13, .rows = COUNT, .width = 1 };
    bool pays = false;
    check_status(store_packing_pays(&pays, &dataset, COUNT, values, 6), STATUS_OK, NULL);
    CU_ASSERT_TRUE(pays);
    check_status(store_packing_pays(&pays, &dataset, COUNT, values, 0), STATUS_OK, NULL);
    CU_ASSERT_FALSE(pays);
    check_status(store_packing_pays(&pays, &dataset, 0, values, 6), STATUS_OK, NULL);
    CU_ASSERT_FALSE(pays);
    uint32_t state = 1;
    for (size_t i = 0; i < COUNT; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (uint16_t)(state >> 19);
    }
    check_status(store_packing_pays(&pays, &dataset, COUNT, values, 6), STATUS_OK, NULL);
    CU_ASSERT_FALSE(pays);
    free(values);
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
        { "what ranks write together", what_ranks_write_together_is_read_back },
        { "what is asked wrongly", what_is_asked_wrongly_is_refused },
        { "what is no store", what_is_no_store_is_told_apart },
        { "h5py reads it", h5py_reads_it_without_a_plugin },
        { "bad options on one rank", bad_options_on_one_rank_fail_all },
        { "a place that cannot be written", a_place_that_cannot_be_written_fails_all },
        { "not committed, no file", what_is_not_committed_leaves_no_file },
        { "a failure at any step", a_failure_at_any_step_on_any_rank_fails_all_alike },
        { "too many datasets", too_many_datasets_are_an_error_on_all },
        { "where deflate pays", deflate_pays_where_values_repeat },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "store", cases);
}
