/* The packed store on several ranks: what they write together can be read back, the same for any
 * number of ranks, by h5py too; what is asked of it wrongly is refused. Run on 1 rank and on 3. */
#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "storage/seal.h"
#include "storage/store_reader.h"
#include "tests/storage/sample_store.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static struct team team;

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
            wrong += ids[i] != sample_store_id(first + i / TOKENS, i % TOKENS);
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
        sample_store_name(expected, row);
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
    check_status(sample_store_write(&team, path), STATUS_OK, NULL);
    check_status(sample_store_write(&team, path), STATUS_OK, NULL); /* in place of the older one */
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
        for (size_t kept = byte_count - SEAL_BYTES - 1; kept > 4096; kept -= 4096) {
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

static void choose(struct store_dataset *dataset, uint64_t rows, const void *values, int level)
{
    const struct store_options options = { .chunk_bytes = 4096, .deflate_level = level };
    check_status(store_packing_choose(dataset, &options, rows, values), STATUS_OK, NULL);
}

static void the_smallest_packing_is_chosen(void)
{
    enum { COUNT = 20000 };
    uint16_t *values = calloc(COUNT, sizeof *values);
    struct store_dataset dataset = { "/x", COLUMN_U16, .bits = 13, .rows = COUNT, .width = 1 };
    choose(&dataset, COUNT, values, 6);
    CU_ASSERT(dataset.is_deflated);
    choose(&dataset, COUNT, values, 0);
    CU_ASSERT(!dataset.is_deflated && !dataset.is_shuffled);
    choose(&dataset, 0, values, 6);
    CU_ASSERT(!dataset.is_deflated);
    uint32_t state = 1;
    for (size_t i = 0; i < COUNT; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (uint16_t)(state >> 19);
    }
    choose(&dataset, COUNT, values, 6);
    CU_ASSERT(!dataset.is_deflated && !dataset.is_shuffled);
    /* A skew in whole bytes: bits that run over the borders of bytes hide it from deflate. */
    for (size_t i = 0; i < COUNT; i++)
        values[i] = (uint16_t)(values[i] % 16 * (values[i] / 16 % 17));
    choose(&dataset, COUNT, values, 6);
    CU_ASSERT(dataset.is_deflated && dataset.is_shuffled);
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
        { "where deflate pays", the_smallest_packing_is_chosen },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "store", cases);
}
