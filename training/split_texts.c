#include "core/digest.h"
#include "storage/store_reader.h"
#include "training/split_records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 1024, TEXT_BYTES_MAX = 65536 };

/* Calls `visit` with the text of each row of a column, in order, until it fails. */
static enum status each_text(const char *path, const char *column,
                             enum status (*visit)(void *self, uint64_t row, const char *text),
                             void *self)
{
    struct store_reader *reader;
    uint64_t rows = 0;
    size_t width, bytes = 0;
    enum status outcome = store_reader_open(&reader, path);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = store_reader_extent(&rows, &width, reader, column);
    if (outcome == STATUS_OK)
        outcome = store_reader_text_bytes(&bytes, reader, column);
    if (outcome == STATUS_OK && bytes > TEXT_BYTES_MAX)
        outcome = status_fail(STATUS_CORRUPT, "%s: %s has texts of %zu bytes", path, column, bytes);
    char *texts = outcome == STATUS_OK ? malloc(BLOCK_ROWS * bytes) : NULL;
    if (outcome == STATUS_OK && texts == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    for (uint64_t first = 0; first < rows && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const uint64_t left = rows - first, count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        outcome = store_reader_texts(texts, bytes, reader, column, first, count);
        for (uint64_t r = 0; r < count && outcome == STATUS_OK; r++)
            outcome = visit(self, first + r, texts + r * bytes);
    }
    free(texts);
    store_reader_close(reader);
    return outcome;
}

struct language_list {
    char (*languages)[SPLIT_LANGUAGE_BYTES];
    size_t count, next;
    const struct split_records *records;
};

static enum status add_language(void *self, uint64_t row, const char *text)
{
    struct language_list *list = self;
    if (list->next >= list->records->count || list->records->records[list->next] != row)
        return STATUS_OK;
    list->next++;
    for (size_t l = 0; l < list->count; l++)
        if (strcmp(list->languages[l], text) == 0)
            return STATUS_OK;
    if (list->count < SPLIT_LANGUAGES_MAX && strlen(text) < SPLIT_LANGUAGE_BYTES)
        strcpy(list->languages[list->count++], text);
    return STATUS_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

enum status split_languages(char languages[SPLIT_LANGUAGES_MAX][SPLIT_LANGUAGE_BYTES],
                            size_t *count, const char *path, const char *split)
{
    struct split_records records;
    const struct split_choice choice = { .split = split };
    struct language_list list = { .languages = languages, .records = &records };
    enum status outcome = split_records_read(&records, path, &choice);
    if (outcome == STATUS_OK)
        outcome = each_text(path, "/captions/language", add_language, &list);
    qsort(languages, list.count, sizeof *languages, by_bytes);
    *count = list.count;
    split_records_end(&records);
    return outcome;
}

/* What a caption says, and of which picture. */
struct saying {
    int64_t text[2];
    uint64_t picture;
};

struct sayings {
    struct saying *items; /* [records->count] */
    size_t next;
    const struct split_records *records;
};

static enum status take_text(void *self, uint64_t row, const char *text)
{
    struct sayings *sayings = self;
    char digest[DIGEST_TEXT_BYTES];
    if (sayings->next >= sayings->records->count || sayings->records->records[sayings->next] != row)
        return STATUS_OK;
    digest_of(digest, text, strlen(text));
    digest_words(sayings->items[sayings->next++].text, digest);
    return STATUS_OK;
}

static int by_text(const void *a, const void *b)
{
    const struct saying *x = a, *y = b;
    const int by_words = memcmp(x->text, y->text, sizeof x->text);
    if (by_words != 0)
        return by_words;
    return x->picture < y->picture ? -1 : x->picture > y->picture;
}

/* Sums over sorted sayings: those of one text share its pictures. */
static void add_bounds(double bounds[3], const struct saying *items, size_t count)
{
    static const double chances[3] = { 1.0, 5.0, 10.0 };
    for (size_t first = 0, next; first < count; first = next) {
        double pictures = 0.0;
        for (next = first;
             next < count && memcmp(items[next].text, items[first].text, sizeof items->text) == 0;
             next++)
            pictures += next == first || items[next].picture != items[next - 1].picture;
        for (size_t k = 0; k < 3; k++)
            bounds[k] += (double)(next - first) *
                         (chances[k] < pictures ? chances[k] / pictures : 1.0) / (double)count;
    }
}

static enum status take_pictures(struct sayings *sayings, const char *path)
{
    struct store_reader *reader;
    enum status outcome = store_reader_open(&reader, path);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t r = 0; r < sayings->records->count && outcome == STATUS_OK; r++)
        outcome = store_reader_numbers(&sayings->items[r].picture, reader, "/captions/image",
                                       sayings->records->records[r], 1, 1);
    store_reader_close(reader);
    return outcome;
}

enum status split_recall_bounds(double bounds[3], const char *path,
                                const struct split_records *records)
{
    struct sayings sayings = { .items = calloc(records->count + 1, sizeof *sayings.items),
                               .records = records };
    bounds[0] = bounds[1] = bounds[2] = 0.0;
    if (sayings.items == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    enum status outcome = each_text(path, "/captions/text", take_text, &sayings);
    if (outcome == STATUS_OK)
        outcome = take_pictures(&sayings, path);
    if (outcome == STATUS_OK) {
        qsort(sayings.items, records->count, sizeof *sayings.items, by_text);
        add_bounds(bounds, sayings.items, records->count);
    }
    free(sayings.items);
    return outcome;
}
