#include "stages/audit/audit_tokens.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_VALUES = 1 << 18, BLOCK_CAPTIONS = 8192, PAIRS_MAX = 1 << 21 };

const char *const audit_token_datasets[AUDIT_TOKEN_KINDS] = {
    [AUDIT_UNITS_OF_SPEECH] = "/speech/units",
    [AUDIT_DURATIONS] = "/speech/durations",
    [AUDIT_UNITS_OF_PICTURES] = "/images/units",
};

/* Reads through one dataset, in blocks of rows. */
struct walk {
    const struct store_reader *reader;
    const char *dataset;
    struct token_entropy *entropy;
    size_t width;
    uint64_t *values; /* [BLOCK_VALUES] */
    uint16_t *tokens; /* likewise */
};

static enum status read_tokens(const struct walk *walk, uint64_t first, uint64_t count)
{
    const enum status outcome =
        store_reader_numbers(walk->values, walk->reader, walk->dataset, first, count, walk->width);
    for (size_t v = 0; outcome == STATUS_OK && v < count * walk->width; v++)
        walk->tokens[v] = (uint16_t)walk->values[v];
    return outcome;
}

/* Pictures: a record a row. */
static enum status walk_rows(const struct walk *walk, uint64_t rows)
{
    const uint64_t block_rows = BLOCK_VALUES / walk->width;
    enum status outcome = STATUS_OK;
    for (uint64_t first = 0; first < rows && outcome == STATUS_OK; first += block_rows) {
        const uint64_t count = rows - first < block_rows ? rows - first : block_rows;
        outcome = read_tokens(walk, first, count);
        for (size_t r = 0; outcome == STATUS_OK && r < count; r++) {
            token_entropy_begin_record(walk->entropy);
            token_entropy_add(walk->entropy, walk->tokens + r * walk->width, walk->width);
        }
    }
    return outcome;
}

/* Rows first .. end - 1 of one caption. */
static enum status walk_caption(const struct walk *walk, uint64_t first, uint64_t end,
                                uint64_t *loaded_first, uint64_t *loaded_end, uint64_t rows)
{
    enum status outcome = STATUS_OK;
    token_entropy_begin_record(walk->entropy);
    while (first < end && outcome == STATUS_OK) {
        if (first >= *loaded_end) {
            *loaded_first = first;
            *loaded_end = rows - first < BLOCK_VALUES ? rows : first + BLOCK_VALUES;
            outcome = read_tokens(walk, first, *loaded_end - first);
        }
        if (outcome != STATUS_OK)
            break;
        const uint64_t until = end < *loaded_end ? end : *loaded_end;
        token_entropy_add(walk->entropy, walk->tokens + (first - *loaded_first),
                          (size_t)(until - first));
        first = until;
    }
    return outcome;
}

/* Speech: records back to back, between their offsets. */
static enum status walk_captions(const struct walk *walk, uint64_t rows)
{
    uint64_t offset_rows = 0, loaded_first = 0, loaded_end = 0, end = 0;
    size_t width = 0;
    uint64_t *offsets = malloc(BLOCK_CAPTIONS * sizeof *offsets);
    if (offsets == NULL)
        return status_fail(STATUS_NO_MEMORY, "audit: %s", walk->dataset);
    enum status outcome =
        store_reader_extent(&offset_rows, &width, walk->reader, "/speech/offsets");
    for (uint64_t at = 0; at < offset_rows && outcome == STATUS_OK; at += BLOCK_CAPTIONS) {
        const uint64_t left = offset_rows - at;
        const size_t count = (size_t)(left < BLOCK_CAPTIONS ? left : BLOCK_CAPTIONS);
        outcome = store_reader_numbers(offsets, walk->reader, "/speech/offsets", at, count, 1);
        for (size_t o = 0; o < count && outcome == STATUS_OK; o++) {
            if (offsets[o] < end || offsets[o] > rows)
                outcome = status_fail(STATUS_CORRUPT, "/speech/offsets: value %llu, out of order",
                                      (unsigned long long)(at + o));
            else
                outcome = walk_caption(walk, end, offsets[o], &loaded_first, &loaded_end, rows);
            end = offsets[o];
        }
    }
    free(offsets);
    return outcome;
}

static enum status measure_entropy(struct token_entropy_result *out,
                                   const struct store_reader *reader, const char *dataset,
                                   bool is_ragged)
{
    struct walk walk = { .reader = reader, .dataset = dataset };
    uint64_t rows = 0;
    enum status outcome = store_reader_extent(&rows, &walk.width, reader, dataset);
    if (outcome == STATUS_OK &&
        (walk.width == 0 || walk.width > BLOCK_VALUES || (is_ragged && walk.width != 1)))
        outcome = status_fail(STATUS_CORRUPT, "%s: rows of %zu values", dataset, walk.width);
    if (outcome == STATUS_OK)
        outcome = token_entropy_create(&walk.entropy, PAIRS_MAX);
    if (outcome != STATUS_OK)
        return outcome;
    walk.values = malloc(BLOCK_VALUES * sizeof *walk.values);
    walk.tokens = malloc(BLOCK_VALUES * sizeof *walk.tokens);
    if (walk.values == NULL || walk.tokens == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "audit: %s", dataset);
    else
        outcome = is_ragged ? walk_captions(&walk, rows) : walk_rows(&walk, rows);
    if (outcome == STATUS_OK)
        token_entropy_finish(out, walk.entropy);
    token_entropy_destroy(walk.entropy);
    free(walk.values);
    free(walk.tokens);
    return outcome;
}

/* The language's entry; a full list has a last one for all others. */
static struct audit_language *find_language(struct audit_tokens *out, const char *name)
{
    for (size_t l = 0; l < out->language_count; l++)
        if (strncmp(out->languages[l].name, name, AUDIT_LANGUAGE_BYTES - 1) == 0)
            return &out->languages[l];
    if (out->language_count == AUDIT_LANGUAGES_MAX)
        return &out->languages[AUDIT_LANGUAGES_MAX - 1];
    struct audit_language *language = &out->languages[out->language_count++];
    const bool is_last = out->language_count == AUDIT_LANGUAGES_MAX;
    strncpy(language->name, is_last ? "other" : name, AUDIT_LANGUAGE_BYTES - 1);
    return language;
}

/* A block of captions: languages, texts, and the numbers that are summed up. */
struct captions {
    char *languages, *texts;
    size_t language_bytes, text_bytes;
    uint64_t *samples, *offsets; /* [BLOCK_CAPTIONS], and one more */
};

static enum status read_captions(struct captions *block, const struct store_reader *reader,
                                 uint64_t first, size_t count)
{
    enum status outcome = store_reader_texts(block->languages, block->language_bytes, reader,
                                             "/captions/language", first, count);
    if (outcome == STATUS_OK)
        outcome = store_reader_texts(block->texts, block->text_bytes, reader, "/captions/text",
                                     first, count);
    if (outcome == STATUS_OK)
        outcome =
            store_reader_numbers(block->samples, reader, "/speech/sample_count", first, count, 1);
    return outcome == STATUS_OK ? store_reader_numbers(block->offsets, reader, "/speech/offsets",
                                                       first, count + 1, 1)
                                : outcome;
}

static enum status sum_up(struct audit_tokens *out, struct captions *block,
                          const struct store_reader *reader, uint64_t captions)
{
    enum status outcome = STATUS_OK;
    for (uint64_t first = 0; first < captions && outcome == STATUS_OK; first += BLOCK_CAPTIONS) {
        const uint64_t left = captions - first;
        const size_t count = (size_t)(left < BLOCK_CAPTIONS ? left : BLOCK_CAPTIONS);
        outcome = read_captions(block, reader, first, count);
        for (size_t c = 0; c < count && outcome == STATUS_OK; c++) {
            struct audit_language *language =
                find_language(out, block->languages + c * block->language_bytes);
            language->captions++;
            language->samples += block->samples[c];
            language->units += block->offsets[c + 1] - block->offsets[c];
            language->text_bytes += strlen(block->texts + c * block->text_bytes);
        }
    }
    return outcome;
}

static enum status sum_languages(struct audit_tokens *out, const struct store_reader *reader)
{
    struct captions block = { 0 };
    uint64_t captions = 0;
    size_t width = 0;
    enum status outcome = store_reader_extent(&captions, &width, reader, "/captions/language");
    if (outcome == STATUS_OK)
        outcome = store_reader_text_bytes(&block.language_bytes, reader, "/captions/language");
    if (outcome == STATUS_OK)
        outcome = store_reader_text_bytes(&block.text_bytes, reader, "/captions/text");
    if (outcome != STATUS_OK)
        return outcome;
    block.languages = calloc(BLOCK_CAPTIONS, block.language_bytes);
    block.texts = calloc(BLOCK_CAPTIONS, block.text_bytes);
    block.samples = calloc(BLOCK_CAPTIONS, sizeof *block.samples);
    block.offsets = calloc(BLOCK_CAPTIONS + 1, sizeof *block.offsets);
    if (block.languages == NULL || block.texts == NULL || block.samples == NULL ||
        block.offsets == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "audit: captions");
    else
        outcome = sum_up(out, &block, reader, captions);
    free(block.languages);
    free(block.texts);
    free(block.samples);
    free(block.offsets);
    return outcome;
}

enum status audit_tokens_read(struct audit_tokens *out, const struct store_reader *reader)
{
    enum status outcome = STATUS_OK;
    *out = (struct audit_tokens){ .is_known = true };
    for (size_t k = 0; k < AUDIT_TOKEN_KINDS && outcome == STATUS_OK; k++)
        outcome = measure_entropy(&out->entropies[k], reader, audit_token_datasets[k],
                                  k != AUDIT_UNITS_OF_PICTURES);
    return outcome == STATUS_OK ? sum_languages(out, reader) : outcome;
}
