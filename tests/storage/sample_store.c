#include "tests/storage/sample_store.h"

#include "storage/store_reader.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

uint16_t sample_store_id(size_t row, size_t token)
{
    return (uint16_t)((row * 37 + token * 8191) % 8192);
}

void sample_store_name(char name[TEXT_BYTES], size_t row)
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
            ((uint16_t *)(void *)values)[r * TOKENS + t] = sample_store_id(row, t);
        if (dataset == SMALL)
            ((uint16_t *)(void *)values)[r] = (uint16_t)(row % 256);
        else if (dataset == NAMES)
            sample_store_name((char *)values + r * TEXT_BYTES, row);
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
static void own_rows(const struct team *on, size_t *first, size_t *count, size_t rows)
{
    const size_t cut = on->size == 1 ? rows : rows * 377 / 1000;
    *first = on->rank == 0 ? 0 : cut;
    *count = on->rank == 0 ? cut : on->rank == on->size - 1 ? rows - cut : 0;
}

static enum status put_rows(const struct team *on, struct store_writer *writer, size_t index,
                            size_t dataset)
{
    size_t first, count;
    own_rows(on, &first, &count, datasets[dataset].rows);
    void *values = values_of(dataset, first, count);
    const enum status outcome =
        store_writer_put(writer, index, first, count, count > 0 ? values : NULL);
    free(values);
    return outcome;
}

enum status sample_store_fill(struct store_writer *writer, const struct team *on)
{
    size_t indices[DATASET_COUNT];
    enum status outcome = store_writer_add_group(writer, "/data");
    for (size_t d = 0; d < DATASET_COUNT && outcome == STATUS_OK; d++)
        outcome = store_writer_add(&indices[d], writer, &datasets[d]);
    for (size_t d = 0; d < DATASET_COUNT && outcome == STATUS_OK; d++)
        outcome = put_rows(on, writer, indices[d], d);
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

enum status sample_store_write(const struct team *on, const char *path)
{
    const struct store_options options = { .path = path, .chunk_bytes = 4096, .deflate_level = 6 };
    struct store_writer *writer = NULL;
    enum status outcome = store_writer_create(&writer, on, &options);
    CU_ASSERT_EQUAL(writer == NULL, outcome != STATUS_OK);
    if (outcome == STATUS_OK)
        outcome = sample_store_fill(writer, on);
    if (outcome == STATUS_OK)
        outcome = store_writer_commit(writer);
    store_writer_destroy(writer);
    return outcome;
}
