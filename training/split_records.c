#include "training/split_records.h"

#include "storage/store_reader.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 4096, TEXT_BYTES_MAX = 256 };

/* A block of rows, and where they come from. */
struct block {
    const struct store_reader *reader;
    const struct split_choice *choice;
    size_t split_bytes, language_bytes;
    char *splits, *languages; /* [BLOCK_ROWS][...] */
    uint64_t offsets[BLOCK_ROWS + 1];
};

static bool is_chosen(const struct block *block, size_t row)
{
    const char *split = block->choice->split, *language = block->choice->language;
    return block->offsets[row + 1] > block->offsets[row] &&
           block->offsets[row + 1] - block->offsets[row] <= UINT32_MAX &&
           (split == NULL || strcmp(block->splits + row * block->split_bytes, split) == 0) &&
           (language == NULL ||
            strcmp(block->languages + row * block->language_bytes, language) == 0);
}

static enum status read_block(struct block *block, uint64_t first, uint64_t count)
{
    const char *offsets =
        block->choice->by_features ? "/speech/feature_offsets" : "/speech/offsets";
    enum status outcome =
        store_reader_numbers(block->offsets, block->reader, offsets, first, count + 1, 1);
    if (outcome == STATUS_OK)
        outcome = store_reader_texts(block->splits, block->split_bytes, block->reader,
                                     "/captions/split", first, count);
    if (outcome == STATUS_OK)
        outcome = store_reader_texts(block->languages, block->language_bytes, block->reader,
                                     "/captions/language", first, count);
    return outcome;
}

static void take_chosen(struct split_records *out, const struct block *block, uint64_t first,
                        uint64_t count)
{
    for (size_t row = 0; row < count; row++)
        if (is_chosen(block, row)) {
            out->records[out->count] = first + row;
            out->lengths[out->count++] = (uint32_t)(block->offsets[row + 1] - block->offsets[row]);
        }
}

static enum status read_all(struct split_records *out, struct block *block, uint64_t rows)
{
    out->records = malloc((rows + 1) * sizeof *out->records);
    out->lengths = malloc((rows + 1) * sizeof *out->lengths);
    block->splits = malloc(BLOCK_ROWS * block->split_bytes);
    block->languages = malloc(BLOCK_ROWS * block->language_bytes);
    if (out->records == NULL || out->lengths == NULL || block->splits == NULL ||
        block->languages == NULL)
        return status_fail(STATUS_NO_MEMORY, "a split of %llu captions", (unsigned long long)rows);
    enum status outcome = STATUS_OK;
    for (uint64_t first = 0; first < rows && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const uint64_t left = rows - first, count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        outcome = read_block(block, first, count);
        if (outcome == STATUS_OK)
            take_chosen(out, block, first, count);
    }
    return outcome;
}

static enum status find_widths(struct block *block, uint64_t *rows)
{
    size_t width;
    enum status outcome = store_reader_extent(rows, &width, block->reader, "/captions/split");
    if (outcome == STATUS_OK)
        outcome = store_reader_text_bytes(&block->split_bytes, block->reader, "/captions/split");
    if (outcome == STATUS_OK)
        outcome =
            store_reader_text_bytes(&block->language_bytes, block->reader, "/captions/language");
    if (outcome == STATUS_OK &&
        (block->split_bytes > TEXT_BYTES_MAX || block->language_bytes > TEXT_BYTES_MAX))
        outcome = status_fail(STATUS_CORRUPT, "names of splits or languages above %d bytes",
                              TEXT_BYTES_MAX);
    return outcome;
}

enum status split_records_read(struct split_records *out, const char *path,
                               const struct split_choice *choice)
{
    struct store_reader *reader;
    uint64_t rows = 0;
    *out = (struct split_records){ 0 };
    enum status outcome = store_reader_open(&reader, path);
    if (outcome != STATUS_OK)
        return outcome;
    struct block *block = calloc(1, sizeof *block);
    if (block == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    else {
        block->reader = reader;
        block->choice = choice;
        outcome = find_widths(block, &rows);
        if (outcome == STATUS_OK)
            outcome = read_all(out, block, rows);
        free(block->splits);
        free(block->languages);
    }
    free(block);
    store_reader_close(reader);
    return outcome;
}

void split_records_end(struct split_records *records)
{
    free(records->records);
    free(records->lengths);
    *records = (struct split_records){ 0 };
}
