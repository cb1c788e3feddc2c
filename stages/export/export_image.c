/* A picture: fields, grid of units, source file and captions. */
#include "core/file.h"
#include "stages/export/export_pictures.h"
#include "storage/picture_file.h"
#include "storage/png_image.h"

#include <stdlib.h>
#include <string.h>

enum { SQUARE_PIXELS = 16, TOKENS_MAX = 1 << 16, BLOCK_ROWS = 65536 };

struct grid {
    uint64_t *units; /* [rows * columns], owned */
    uint64_t rows, columns, codebook;
};

static enum status read_grid(struct grid *grid, const struct export_job *job, uint64_t row)
{
    static const char place[] = "/images/units";
    uint64_t pictures = 0;
    size_t width = 0;
    enum status outcome = store_reader_note_number(&grid->rows, job->reader, place, "grid_rows");
    if (outcome == STATUS_OK)
        outcome = store_reader_note_number(&grid->columns, job->reader, place, "grid_columns");
    if (outcome == STATUS_OK)
        outcome = store_reader_note_number(&grid->codebook, job->reader, place, "codebook");
    if (outcome == STATUS_OK)
        outcome = store_reader_extent(&pictures, &width, job->reader, place);
    if (outcome != STATUS_OK)
        return outcome;
    if (width == 0 || width > TOKENS_MAX || grid->rows == 0 || grid->rows > TOKENS_MAX ||
        grid->columns != width / grid->rows || grid->rows * grid->columns != width)
        return status_fail(STATUS_CORRUPT, "%s: %zu units are no grid of %llu x %llu",
                           job->options->store, width, (unsigned long long)grid->rows,
                           (unsigned long long)grid->columns);
    grid->units = malloc(width * sizeof *grid->units);
    if (grid->units == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu units", width);
    return store_reader_numbers(grid->units, job->reader, place, row, 1, width);
}

static void add_grid(struct json_writer *writer, const struct grid *grid)
{
    json_writer_integer(writer, "codebook", (int64_t)grid->codebook);
    json_writer_integer(writer, "grid_rows", (int64_t)grid->rows);
    json_writer_integer(writer, "grid_columns", (int64_t)grid->columns);
    json_writer_open_array(writer, "units");
    for (uint64_t y = 0; y < grid->rows; y++) {
        json_writer_open_array(writer, NULL);
        for (uint64_t x = 0; x < grid->columns; x++)
            json_writer_integer(writer, NULL, (int64_t)grid->units[y * grid->columns + x]);
        json_writer_close(writer);
    }
    json_writer_close(writer);
}

/* Neighbouring ids are strangers, so their colours are far apart: a multiplicative hash. */
static void color_of(uint8_t rgb[3], uint64_t unit)
{
    const uint32_t hash = (uint32_t)(unit + 1) * UINT32_C(2654435769);
    for (int channel = 0; channel < 3; channel++)
        rgb[channel] = (uint8_t)(48 + (hash >> (8 * channel + 8)) % 208);
}

static enum status write_grid(struct export_job *job, const struct grid *grid)
{
    struct rgb_image image = { 0 };
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    enum status outcome =
        rgb_image_begin(&image, (size_t)grid->columns * SQUARE_PIXELS,
                        (size_t)grid->rows * SQUARE_PIXELS, 0, "the grid of units");
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t y = 0; y < image.height; y++)
        for (size_t x = 0; x < image.width; x++)
            color_of(image.pixels + 3 * (y * image.width + x),
                     grid->units[y / SQUARE_PIXELS * (size_t)grid->columns + x / SQUARE_PIXELS]);
    outcome = png_image_encode(&bytes, &byte_count, &image);
    if (outcome == STATUS_OK)
        outcome = export_write(job, ".units.png", bytes, byte_count);
    free(bytes);
    rgb_image_end(&image);
    return outcome;
}

static enum status copy_source(struct export_job *job, uint64_t source_bytes)
{
    char path[PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    enum status outcome = export_source_path(path, job, job->options->image);
    if (outcome == STATUS_OK)
        outcome = file_read(&bytes, &byte_count, path, PICTURE_FILE_BYTES_MAX);
    if (outcome == STATUS_NO_MEMORY)
        return outcome;
    if (outcome != STATUS_OK) {
        export_note(job, "no source picture: %s", status_text());
        return STATUS_OK;
    }
    if (byte_count != source_bytes)
        export_note(job, "%s has %zu bytes, it had %llu when it became units", path, byte_count,
                    (unsigned long long)source_bytes);
    outcome =
        export_write(job, png_image_is(bytes, byte_count) ? ".png" : ".jpg", bytes, byte_count);
    free(bytes);
    return outcome;
}

static enum status add_caption_ids(struct json_writer *writer, const struct export_job *job,
                                   uint64_t row)
{
    static const char dataset[] = "/captions/image";
    uint64_t captions = 0;
    size_t width = 0;
    uint64_t *images = malloc(BLOCK_ROWS * sizeof *images);
    if (images == NULL)
        return status_fail(STATUS_NO_MEMORY, "captions of the picture");
    enum status outcome = store_reader_extent(&captions, &width, job->reader, dataset);
    if (outcome == STATUS_OK && width != 1)
        outcome = status_fail(STATUS_CORRUPT, "%s: not one value a row", dataset);
    json_writer_open_array(writer, "captions");
    for (uint64_t first = 0; first < captions && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const uint64_t count = captions - first < BLOCK_ROWS ? captions - first : BLOCK_ROWS;
        outcome = store_reader_numbers(images, job->reader, dataset, first, count, 1);
        for (uint64_t c = 0; c < count && outcome == STATUS_OK; c++) {
            char *id = NULL;
            if (images[c] == row)
                outcome = export_read_text(&id, job, "/captions/id", first + c);
            if (id != NULL)
                json_writer_text(writer, NULL, id);
            free(id);
        }
    }
    json_writer_close(writer);
    free(images);
    return outcome;
}

static enum status reconstruct(struct export_job *job, const struct grid *grid)
{
    const size_t count = (size_t)(grid->rows * grid->columns);
    uint16_t *units = malloc(count * sizeof *units);
    if (units == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu units", count);
    for (size_t u = 0; u < count; u++) /* what is no id is in no codebook either */
        units[u] = grid->units[u] < UINT16_MAX ? (uint16_t)grid->units[u] : UINT16_MAX;
    const struct unit_grid small = { units, (size_t)grid->rows, (size_t)grid->columns };
    const enum status outcome = export_reconstruction(job, &small);
    free(units);
    return outcome;
}

/* Where the row is that of an earlier picture with the same bytes. */
static enum status add_twin(struct json_writer *writer, const struct export_job *job, uint64_t row)
{
    char *id = NULL;
    const enum status outcome = export_read_text(&id, job, "/images/id", row);
    if (outcome == STATUS_OK && strcmp(id, job->options->image) != 0)
        json_writer_text(writer, "same_bytes_as", id);
    free(id);
    return outcome;
}

static enum status write_picture(struct export_job *job, struct json_writer *writer, uint64_t row)
{
    static const char *const keys[] = { "width", "height", "source_bytes" };
    struct grid grid = { 0 };
    uint64_t number = 0;
    enum status outcome = add_twin(writer, job, row);
    for (size_t k = 0; k < sizeof keys / sizeof keys[0] && outcome == STATUS_OK; k++) {
        char dataset[32];
        snprintf(dataset, sizeof dataset, "/images/%s", keys[k]);
        outcome = export_read_number(&number, job, dataset, row);
        json_writer_integer(writer, keys[k], (int64_t)number);
    }
    if (outcome == STATUS_OK)
        outcome = copy_source(job, number);
    if (outcome == STATUS_OK)
        outcome = add_caption_ids(writer, job, row);
    if (outcome == STATUS_OK)
        outcome = read_grid(&grid, job, row);
    if (outcome == STATUS_OK) {
        add_grid(writer, &grid);
        outcome = write_grid(job, &grid);
    }
    if (outcome == STATUS_OK)
        outcome = reconstruct(job, &grid);
    free(grid.units);
    return outcome;
}

enum status export_image(struct export_job *job)
{
    uint64_t row = 0;
    enum status outcome = export_find_picture(&row, job, job->options->image);
    if (outcome != STATUS_OK)
        return outcome;
    struct json_writer *writer = json_writer_create();
    if (writer == NULL)
        return status_fail(STATUS_NO_MEMORY, "picture %s", job->options->image);
    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "kind", "picture");
    json_writer_text(writer, "id", job->options->image);
    outcome = write_picture(job, writer, row);
    if (outcome == STATUS_OK)
        outcome = export_write_json(job, writer);
    json_writer_destroy(writer);
    return outcome;
}
