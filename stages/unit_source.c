#include "stages/unit_source.h"

#include "storage/array_reader.h"
#include "storage/store_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 1 << 20 };

static const char units_place[] = "/images/units", ids_place[] = "/images/id";

struct unit_source {
    char *path;                 /* owned */
    struct store_reader *store; /* one of these, the other one NULL */
    struct array_reader *arrays;
    uint64_t count;

    size_t rows, columns, text_bytes; /* of a store */
    uint64_t *wide;                   /* [rows][columns] of a store, owned */
    char *id;                         /* [text_bytes] of a store, owned */
    uint16_t *units;                  /* of the newest picture, owned */
};

static enum status measure_store(struct unit_source *source)
{
    uint64_t rows = 0, columns = 0, ids = 0;
    size_t width = 0, id_width = 0;
    enum status outcome = store_reader_note_number(&rows, source->store, units_place, "grid_rows");
    if (outcome == STATUS_OK)
        outcome = store_reader_note_number(&columns, source->store, units_place, "grid_columns");
    if (outcome == STATUS_OK)
        outcome = store_reader_extent(&source->count, &width, source->store, units_place);
    if (outcome == STATUS_OK)
        outcome = store_reader_extent(&ids, &id_width, source->store, ids_place);
    if (outcome == STATUS_OK)
        outcome = store_reader_text_bytes(&source->text_bytes, source->store, ids_place);
    if (outcome != STATUS_OK)
        return outcome;
    if (rows < 1 || rows > ARRAY_SIDE_MAX || columns < 1 || columns > ARRAY_SIDE_MAX ||
        rows * columns != width)
        return status_fail(STATUS_CORRUPT, "%s: %zu units are no grid of %llu x %llu", source->path,
                           width, (unsigned long long)rows, (unsigned long long)columns);
    if (ids != source->count || id_width != 1 || source->text_bytes > TEXT_BYTES_MAX)
        return status_fail(STATUS_CORRUPT, "%s: not one id for each picture", source->path);
    source->rows = (size_t)rows;
    source->columns = (size_t)columns;
    source->wide = malloc(width * sizeof *source->wide);
    source->units = malloc(width * sizeof *source->units);
    source->id = malloc(source->text_bytes);
    if (source->wide == NULL || source->units == NULL || source->id == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: a picture", source->path);
    return STATUS_OK;
}

static enum status open_arrays(struct unit_source *source)
{
    char why[STATUS_TEXT_BYTES];
    snprintf(why, sizeof why, "%s", status_text());
    const enum status outcome = array_reader_open(&source->arrays, source->path, "units");
    if (outcome != STATUS_OK)
        return outcome;
    source->count = array_reader_count(source->arrays);
    if (source->count > 0)
        return STATUS_OK;
    return status_fail(STATUS_CORRUPT, "%s; and no file of encode-image: no group has units", why);
}

enum status unit_source_open(struct unit_source **out, const char *path)
{
    struct unit_source *source = calloc(1, sizeof *source);
    *out = NULL;
    if (source == NULL || (source->path = strdup(path)) == NULL) {
        free(source);
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    }
    enum status outcome = store_reader_open(&source->store, path);
    if (outcome == STATUS_OK)
        outcome = measure_store(source);
    else if (outcome == STATUS_CORRUPT)
        outcome = open_arrays(source);
    if (outcome != STATUS_OK) {
        unit_source_close(source);
        return outcome;
    }
    *out = source;
    return STATUS_OK;
}

void unit_source_close(struct unit_source *source)
{
    if (source == NULL)
        return;
    store_reader_close(source->store);
    array_reader_close(source->arrays);
    free(source->path);
    free(source->wide);
    free(source->id);
    free(source->units);
    free(source);
}

uint64_t unit_source_count(const struct unit_source *source)
{
    return source->count;
}

enum status unit_source_id(const char **id, struct unit_source *source, uint64_t index)
{
    if (source->arrays != NULL) {
        *id = array_reader_name(source->arrays, (size_t)index);
        return STATUS_OK;
    }
    *id = source->id;
    return store_reader_texts(source->id, source->text_bytes, source->store, ids_place, index, 1);
}

enum status unit_source_read(struct unit_grid *grid, struct unit_source *source, uint64_t index)
{
    *grid = (struct unit_grid){ .rows = source->rows, .columns = source->columns };
    enum status outcome;
    if (source->arrays != NULL) {
        free(source->units);
        outcome = array_reader_ids(&source->units, &grid->rows, &grid->columns, source->arrays,
                                   (size_t)index);
    } else {
        const size_t width = source->rows * source->columns;
        outcome = store_reader_numbers(source->wide, source->store, units_place, index, 1, width);
        for (size_t u = 0; u < width && outcome == STATUS_OK; u++) {
            if (source->wide[u] > UINT16_MAX)
                outcome = status_fail(STATUS_CORRUPT, "%s: %llu is no unit", source->path,
                                      (unsigned long long)source->wide[u]);
            source->units[u] = (uint16_t)source->wide[u];
        }
    }
    grid->units = source->units;
    return outcome;
}

/* A picture of a store that has the bytes of an earlier one. */
static enum status find_duplicate(uint64_t *index, struct unit_source *source, const char *id)
{
    static const char ids[] = "/images/duplicates/id", rows[] = "/images/duplicates/row";
    uint64_t count = 0;
    size_t width = 0, text_bytes = 0;
    char *text = NULL;
    bool is_found = false;
    enum status outcome = store_reader_extent(&count, &width, source->store, ids);
    if (outcome == STATUS_OK)
        outcome = store_reader_text_bytes(&text_bytes, source->store, ids);
    if (outcome == STATUS_OK && (width != 1 || text_bytes > TEXT_BYTES_MAX))
        outcome = status_fail(STATUS_CORRUPT, "%s: %s holds no ids", source->path, ids);
    if (outcome == STATUS_OK && (text = malloc(text_bytes)) == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: an id", source->path);
    for (uint64_t d = 0; d < count && outcome == STATUS_OK && !is_found; d++) {
        outcome = store_reader_texts(text, text_bytes, source->store, ids, d, 1);
        is_found = outcome == STATUS_OK && strcmp(text, id) == 0;
        if (is_found)
            outcome = store_reader_numbers(index, source->store, rows, d, 1, 1);
    }
    free(text);
    if (outcome == STATUS_OK && !is_found)
        return status_fail(STATUS_NOT_FOUND, "%s: no picture %.100s in it", source->path, id);
    if (outcome == STATUS_OK && *index >= source->count)
        return status_fail(STATUS_CORRUPT, "%s: %s: %llu is no row", source->path, rows,
                           (unsigned long long)*index);
    return outcome;
}

enum status unit_source_find(uint64_t *index, struct unit_source *source, const char *id)
{
    for (*index = 0; *index < source->count; ++*index) {
        const char *found = NULL;
        const enum status outcome = unit_source_id(&found, source, *index);
        if (outcome != STATUS_OK)
            return outcome;
        if (strcmp(found, id) == 0)
            return STATUS_OK;
    }
    if (source->store != NULL && store_reader_has(source->store, "/images/duplicates/id"))
        return find_duplicate(index, source, id);
    return status_fail(STATUS_NOT_FOUND, "%s: no picture %.100s in it", source->path, id);
}
