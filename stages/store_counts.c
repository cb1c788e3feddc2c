#include "stages/store_counts.h"

#include <stdlib.h>

enum { BLOCK_ROWS = 65536 };

/* Rows of a dataset that has one value in each. */
static enum status count_rows(uint64_t *rows, const struct store_reader *reader,
                              const char *dataset)
{
    size_t width = 0;
    const enum status outcome = store_reader_extent(rows, &width, reader, dataset);
    return outcome == STATUS_OK && width != 1
               ? status_fail(STATUS_CORRUPT, "%s: not one value a row", dataset)
               : outcome;
}

static enum status sum_rows(uint64_t *sum, const struct store_reader *reader, const char *dataset)
{
    uint64_t rows = 0;
    uint64_t *values = malloc(BLOCK_ROWS * sizeof *values);
    *sum = 0;
    if (values == NULL)
        return status_fail(STATUS_NO_MEMORY, "sum of %s", dataset);
    enum status outcome = count_rows(&rows, reader, dataset);
    for (uint64_t first = 0; first < rows && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const uint64_t count = rows - first < BLOCK_ROWS ? rows - first : BLOCK_ROWS;
        outcome = store_reader_numbers(values, reader, dataset, first, count, 1);
        for (uint64_t v = 0; v < count && outcome == STATUS_OK; v++)
            *sum += values[v];
    }
    free(values);
    return outcome;
}

/* Pixels of the source pictures: width and height go together, so they are read side by side. */
static enum status sum_pixels(uint64_t *pixels, const struct store_reader *reader,
                              uint64_t pictures)
{
    uint64_t *widths = malloc(2 * BLOCK_ROWS * sizeof *widths);
    if (widths == NULL)
        return status_fail(STATUS_NO_MEMORY, "sizes of pictures");
    uint64_t *heights = widths + BLOCK_ROWS, width_rows = 0, height_rows = 0;
    enum status outcome = count_rows(&width_rows, reader, "/images/width");
    if (outcome == STATUS_OK)
        outcome = count_rows(&height_rows, reader, "/images/height");
    if (outcome == STATUS_OK && (width_rows != pictures || height_rows != pictures))
        outcome = status_fail(STATUS_CORRUPT, "/images: not a width and a height for each picture");
    for (uint64_t first = 0; first < pictures && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const uint64_t count = pictures - first < BLOCK_ROWS ? pictures - first : BLOCK_ROWS;
        outcome = store_reader_numbers(widths, reader, "/images/width", first, count, 1);
        if (outcome == STATUS_OK)
            outcome = store_reader_numbers(heights, reader, "/images/height", first, count, 1);
        for (uint64_t v = 0; v < count && outcome == STATUS_OK; v++)
            *pixels += widths[v] * heights[v];
    }
    free(widths);
    return outcome;
}

static enum status count_speech(struct store_counts *counts, const struct store_reader *reader)
{
    enum status outcome = count_rows(&counts->captions, reader, "/captions/id");
    if (outcome == STATUS_OK)
        outcome = count_rows(&counts->units, reader, "/speech/units");
    if (outcome == STATUS_OK)
        outcome = sum_rows(&counts->samples, reader, "/speech/sample_count");
    if (outcome == STATUS_OK)
        outcome = sum_rows(&counts->frames, reader, "/speech/durations");
    if (outcome == STATUS_OK)
        outcome =
            store_reader_note_number(&counts->speech_codebook, reader, "/speech/units", "codebook");
    return outcome;
}

static enum status count_pictures(struct store_counts *counts, const struct store_reader *reader)
{
    static const char *const notes[] = { "codebook", "grid_rows", "grid_columns" };
    uint64_t *const numbers[] = { &counts->image_codebook, &counts->grid_rows,
                                  &counts->grid_columns };
    enum status outcome = count_rows(&counts->pictures, reader, "/images/id");
    if (outcome == STATUS_OK && store_reader_has(reader, "/images/duplicates/id"))
        outcome = count_rows(&counts->duplicates, reader, "/images/duplicates/id");
    if (outcome == STATUS_OK)
        outcome = sum_pixels(&counts->source_pixels, reader, counts->pictures);
    if (outcome == STATUS_OK)
        outcome = sum_rows(&counts->source_bytes, reader, "/images/source_bytes");
    for (size_t n = 0; n < sizeof notes / sizeof notes[0] && outcome == STATUS_OK; n++)
        outcome = store_reader_note_number(numbers[n], reader, "/images/units", notes[n]);
    return outcome;
}

enum status store_counts_read(struct store_counts *out, const struct store_reader *reader)
{
    *out = (struct store_counts){ 0 };
    const enum status outcome = count_speech(out, reader);
    return outcome == STATUS_OK ? count_pictures(out, reader) : outcome;
}
