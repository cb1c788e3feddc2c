#include "storage/import/import_readers.h"

#include "storage/csv_rows.h"
#include "storage/import/column_map.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 10000, FIELD_NONE = FIELDS_MAX };

struct table {
    struct import_sink *sink;
    struct csv_rows *rows;
    size_t places[COLUMN_COUNT]; /* of the columns; FIELD_NONE where there is none */
    size_t field_count;          /* of each row */
};

/* Where a name stands among the fields of the header. */
static size_t find_name(const struct csv_rows *rows, const char *name)
{
    for (size_t f = 0; f < csv_rows_count(rows); f++)
        if (strcmp(csv_rows_field(rows, f), name) == 0)
            return f;
    return FIELD_NONE;
}

/* Without a header a column is its number, from 1. */
static size_t find_number(size_t field_count, const char *name)
{
    const size_t length = strlen(name);
    const unsigned long number = length > 0 && length < 6 && strspn(name, "0123456789") == length
                                     ? strtoul(name, NULL, 10)
                                     : 0;
    return number >= 1 && number <= field_count ? number - 1 : FIELD_NONE;
}

/* Finds the columns; the first row is in hand. */
static enum status find_columns(struct table *table, const struct column_map *map)
{
    const bool has_header = !import_sink_options(table->sink)->has_no_header;
    char place[IMPORT_PLACE_BYTES];
    snprintf(place, sizeof place, ":%zu", csv_rows_line(table->rows));
    table->field_count = csv_rows_count(table->rows);
    for (enum import_column c = 0; c < COLUMN_COUNT; c++) {
        table->places[c] = FIELD_NONE;
        for (size_t n = 0; map->names[c][n] != NULL && table->places[c] == FIELD_NONE; n++)
            table->places[c] = has_header ? find_name(table->rows, map->names[c][n])
                                          : find_number(table->field_count, map->names[c][n]);
        if (map->is_asked[c] && table->places[c] == FIELD_NONE)
            return import_sink_fail(table->sink, place, "no column \"%.60s\", which --map %s names",
                                    map->names[c][0], column_map_key(c));
    }
    if (table->places[COLUMN_IMAGE] == FIELD_NONE && table->places[COLUMN_AUDIO] == FIELD_NONE)
        return import_sink_fail(table->sink, place,
                                "no column of pictures and none of audio; name one with --map "
                                "image=COLUMN");
    if (table->places[COLUMN_TEXT] == FIELD_NONE && table->places[COLUMN_AUDIO] == FIELD_NONE)
        return import_sink_fail(table->sink, place,
                                "no column of texts; name one with --map text=COLUMN");
    return STATUS_OK;
}

/* NULL where there is no such column, or nothing in it. */
static const char *field(const struct table *table, enum import_column column)
{
    if (table->places[column] == FIELD_NONE)
        return NULL;
    const char *text = csv_rows_field(table->rows, table->places[column]);
    return text[0] != '\0' ? text : NULL;
}

static enum status add_row(const struct table *table)
{
    char place[IMPORT_PLACE_BYTES];
    snprintf(place, sizeof place, ":%zu", csv_rows_line(table->rows));
    if (csv_rows_count(table->rows) != table->field_count)
        return import_sink_fail(table->sink, place, "%zu fields, the first row has %zu",
                                csv_rows_count(table->rows), table->field_count);
    const struct import_picture picture = { .id = field(table, COLUMN_ID),
                                            .path = field(table, COLUMN_IMAGE),
                                            .split = field(table, COLUMN_SPLIT) };
    const struct import_caption caption = { .number = IMPORT_NO_NUMBER,
                                            .text = field(table, COLUMN_TEXT),
                                            .language = field(table, COLUMN_LANGUAGE),
                                            .speaker = field(table, COLUMN_SPEAKER),
                                            .audio = field(table, COLUMN_AUDIO) };
    const char *key = picture.path != NULL ? picture.path : caption.audio;
    if (key == NULL) {
        import_sink_skip(table->sink, "row without a picture", place);
        return STATUS_OK;
    }
    const enum status outcome = import_sink_add_picture(table->sink, key, place, &picture);
    return outcome == STATUS_OK ? import_sink_add_caption(table->sink, key, place, &caption)
                                : outcome;
}

static enum status read_rows(struct table *table, const struct column_map *map)
{
    bool is_there = false;
    enum status outcome = csv_rows_next(&is_there, table->rows);
    if (outcome == STATUS_OK && !is_there)
        return import_sink_fail(table->sink, "", "empty");
    if (outcome == STATUS_OK)
        outcome = find_columns(table, map);
    if (outcome == STATUS_OK && !import_sink_options(table->sink)->has_no_header)
        outcome = csv_rows_next(&is_there, table->rows);
    while (outcome == STATUS_OK && is_there) {
        outcome = add_row(table);
        if (outcome == STATUS_OK)
            outcome = csv_rows_next(&is_there, table->rows);
    }
    return outcome;
}

static enum status read_table(struct import_sink *sink, char separator, bool has_quotes)
{
    const struct csv_options options = { .separator = separator,
                                         .has_quotes = has_quotes,
                                         .row_bytes_max = IMPORT_LINE_BYTES_MAX,
                                         .field_max = FIELDS_MAX };
    struct table table = { .sink = sink };
    struct column_map map;
    enum status outcome = column_map_read(&map, &import_sink_options(sink)->columns);
    if (outcome == STATUS_OK)
        outcome = csv_rows_open(&table.rows, import_sink_input(sink), &options);
    if (outcome == STATUS_OK)
        outcome = read_rows(&table, &map);
    csv_rows_close(table.rows);
    return outcome;
}

enum status import_csv(struct import_sink *sink)
{
    return read_table(sink, ',', true);
}

enum status import_tsv(struct import_sink *sink)
{
    return read_table(sink, '\t', false);
}
