#include "storage/import/import.h"

#include "storage/import/column_map.h"
#include "storage/import/import_readers.h"
#include "storage/import/import_state.h"
#include "storage/text_lines.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Options that only some formats take. */
enum { TAKES_RESTVAL = 1, TAKES_LISTS = 2, TAKES_COLUMNS = 4, TAKES_HEADER = 8, EXTRACTS = 16 };

static const struct format {
    const char *name;
    enum status (*read)(struct import_sink *sink);
    unsigned takes;
} formats[] = {
    { "karpathy", import_karpathy, TAKES_RESTVAL },
    { "coco", import_coco, 0 },
    { "spokencoco", import_spoken, 0 },
    { "places", import_spoken, 0 },
    { "flickr8k", import_flickr8k, TAKES_LISTS },
    { "cub", import_cub, TAKES_LISTS },
    { "csv", import_csv, TAKES_LISTS | TAKES_COLUMNS | TAKES_HEADER },
    { "tsv", import_tsv, TAKES_LISTS | TAKES_COLUMNS | TAKES_HEADER },
    { "jsonl", import_jsonl, TAKES_LISTS | TAKES_COLUMNS },
    { "fairseq", import_fairseq, 0 },
    { "webdataset", import_webdataset, EXTRACTS },
};

static const struct format *find_format(const char *name)
{
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++)
        if (strcmp(formats[f].name, name) == 0)
            return &formats[f];
    return NULL;
}

/* Options that the format does not take, and the one that it needs. */
static enum status check_options(const struct import_options *options, const struct format *format)
{
    const unsigned takes = format->takes;
    const struct {
        bool is_given;
        unsigned needs;
        const char *name;
    } given[] = {
        { options->restval != IMPORT_RESTVAL_KEEP, TAKES_RESTVAL, "--restval" },
        { options->split_lists.count > 0, TAKES_LISTS, "--split-list" },
        { options->columns.count > 0, TAKES_COLUMNS, "--map" },
        { options->has_no_header, TAKES_HEADER, "--no-header" },
        { options->extract != NULL, EXTRACTS, "--extract" },
    };
    for (size_t g = 0; g < sizeof given / sizeof given[0]; g++)
        if (given[g].is_given && (takes & given[g].needs) == 0)
            return status_fail(STATUS_INVALID, "%s does not go with the format %s", given[g].name,
                               format->name);
    if ((takes & EXTRACTS) != 0 && options->extract == NULL)
        return status_fail(STATUS_INVALID,
                           "%s needs --extract DIR, where pictures and audio are put",
                           format->name);
    if ((takes & EXTRACTS) != 0 && (options->images != NULL || options->audio != NULL))
        return status_fail(STATUS_INVALID, "--images and --audio do not go with --extract");
    return STATUS_OK;
}

/* "SPLIT=FILE": the length of the split, 0 where it is of another form. */
static size_t measure_split(const char *list)
{
    const char *equals = strchr(list, '=');
    const size_t length = equals == NULL ? 0 : (size_t)(equals - list);
    return length < IMPORT_SPLIT_BYTES && length > 0 && equals[1] != '\0' ? length : 0;
}

enum status import_check(const char *name, const struct import_options *options)
{
    const struct format *format = find_format(name);
    struct column_map map;
    if (format == NULL)
        return status_fail(STATUS_INVALID, "%.60s: no such format", name);
    for (size_t l = 0; l < options->split_lists.count; l++)
        if (measure_split(options->split_lists.items[l]) == 0)
            return status_fail(STATUS_INVALID, "--split-list %.60s: expected SPLIT=FILE",
                               options->split_lists.items[l]);
    const enum status outcome = column_map_read(&map, &options->columns);
    return outcome == STATUS_OK ? check_options(options, format) : outcome;
}

/* The split that a word of the input's name tells: "captions_train2014.json". */
static void find_split(char split[IMPORT_SPLIT_BYTES], const struct import_options *options,
                       const char *input)
{
    static const char *const words[][2] = { { "train", "train" }, { "val", "val" },
                                            { "valid", "val" },   { "validation", "val" },
                                            { "dev", "val" },     { "test", "test" } };
    snprintf(split, IMPORT_SPLIT_BYTES, "train");
    if (options->split != NULL) {
        snprintf(split, IMPORT_SPLIT_BYTES, "%s", options->split);
        return;
    }
    for (const char *at = path_name(input); *at != '\0';) {
        size_t length = 0;
        while (isalpha((unsigned char)at[length]))
            length++;
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
            if (strlen(words[w][0]) == length && strncasecmp(words[w][0], at, length) == 0)
                snprintf(split, IMPORT_SPLIT_BYTES, "%s", words[w][1]);
        at += length > 0 ? length : 1;
    }
}

/* A list has a picture a line; those of CUB leave the ending out. */
static enum status read_list(struct import_sink *sink, const char *list, bool has_endings)
{
    char split[IMPORT_SPLIT_BYTES], key[IMPORT_PATH_BYTES];
    struct text_lines lines = { 0 };
    const size_t length = measure_split(list);
    snprintf(split, sizeof split, "%.*s", (int)length, list);
    bool is_there = false;
    enum status outcome = text_lines_open(&lines, list + length + 1, IMPORT_PATH_BYTES - 8);
    if (outcome == STATUS_OK)
        outcome = text_lines_next(&is_there, &lines);
    while (outcome == STATUS_OK && is_there) {
        const size_t bytes = strlen(lines.text);
        const bool is_whole =
            has_endings || (bytes > 4 && strcmp(lines.text + bytes - 4, ".jpg") == 0);
        snprintf(key, sizeof key, "%s%s", lines.text, is_whole ? "" : ".jpg");
        if (bytes > 0)
            outcome = import_sink_add_listed(sink, key, split);
        if (outcome == STATUS_OK)
            outcome = text_lines_next(&is_there, &lines);
    }
    text_lines_close(&lines);
    return outcome;
}

static enum status read_lists(struct import_sink *sink, bool has_endings)
{
    const struct option_texts *lists = &sink->options->split_lists;
    enum status outcome = STATUS_OK;
    for (size_t l = 0; l < lists->count && outcome == STATUS_OK; l++)
        outcome = read_list(sink, lists->items[l], has_endings);
    return outcome;
}

static enum status read_inputs(struct import_sink *sink, const struct format *format)
{
    enum status outcome = read_lists(sink, format->read != import_cub);
    for (size_t i = 0; i < sink->options->input_count && outcome == STATUS_OK; i++) {
        sink->input = sink->options->inputs[i];
        sink->last_key[0] = '\0';
        find_split(sink->input_split, sink->options, sink->input);
        outcome = format->read(sink);
    }
    return outcome;
}

/* From the rows to the manifest. */
static enum status finish(struct import_summary *summary, struct import_sink *sink)
{
    struct import_roots roots;
    struct record_sort *records = NULL;
    enum status outcome = import_roots_find(&roots, sink);
    if (outcome == STATUS_OK)
        outcome = record_sort_create(&records, sink->out_folder, sink->options->memory_bytes);
    if (outcome == STATUS_OK)
        outcome = import_group(records, sink, &roots);
    record_sort_destroy(sink->rows);
    sink->rows = NULL;
    if (outcome == STATUS_OK)
        outcome = import_write(summary, records, sink, &roots);
    record_sort_destroy(records);
    return outcome;
}

static enum status begin(struct import_sink *sink, const struct import_options *options)
{
    *sink = (struct import_sink){ .options = options };
    path_folder(sink->out_folder, options->out);
    sink->text = malloc(IMPORT_TEXT_BYTES_MAX + 1);
    if (sink->text == NULL)
        return status_fail(STATUS_NO_MEMORY, "an import's texts: no memory");
    return record_sort_create(&sink->rows, sink->out_folder, options->memory_bytes);
}

enum status import_run(struct import_summary *summary, const char *format,
                       const struct import_options *options)
{
    struct import_sink *sink = malloc(sizeof *sink);
    *summary = (struct import_summary){ 0 };
    if (sink == NULL)
        return status_fail(STATUS_NO_MEMORY, "an import: no memory");
    *sink = (struct import_sink){ 0 };
    enum status outcome = import_check(format, options);
    if (outcome == STATUS_OK)
        outcome = begin(sink, options);
    if (outcome == STATUS_OK)
        outcome = read_inputs(sink, find_format(format));
    if (outcome == STATUS_OK)
        outcome = finish(summary, sink);
    summary->skipped = sink->skipped;
    record_sort_destroy(sink->rows);
    text_pack_end(&sink->pack);
    free(sink->image_root);
    free(sink->audio_root);
    free(sink->text);
    free(sink);
    return outcome;
}
