#include "storage/shard.h"

#include "storage/shard_memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

size_t column_type_bytes(enum column_type type)
{
    switch (type) {
    case COLUMN_TEXT:
    case COLUMN_U8:
        return 1;
    case COLUMN_U16:
    case COLUMN_F16:
        return 2;
    case COLUMN_U32:
    case COLUMN_F32:
        return 4;
    case COLUMN_U64:
        return 8;
    }
    return 0;
}

bool shard_buffer_add(struct shard_buffer *buffer, const void *bytes, size_t byte_count)
{
    if (byte_count > buffer->capacity - buffer->used) {
        size_t capacity = buffer->capacity * 2 + 256;
        if (capacity < buffer->used + byte_count)
            capacity = buffer->used + byte_count;
        uint8_t *grown = realloc(buffer->bytes, capacity);
        if (grown == NULL)
            return false;
        buffer->bytes = grown;
        buffer->capacity = capacity;
    }
    if (byte_count > 0)
        memcpy(buffer->bytes + buffer->used, bytes, byte_count);
    buffer->used += byte_count;
    return true;
}

uint64_t shard_buffer_number(const struct shard_buffer *buffer, size_t index)
{
    uint64_t number;
    memcpy(&number, buffer->bytes + index * sizeof number, sizeof number);
    return number;
}

static size_t end_of(const struct shard_rows *rows, size_t index)
{
    return (size_t)shard_buffer_number(&rows->ends, index) * rows->row_bytes;
}

const uint8_t *shard_rows_at(const struct shard_rows *rows, size_t index, size_t *byte_count)
{
    const size_t begin = index == 0 ? 0 : end_of(rows, index - 1);
    *byte_count = end_of(rows, index) - begin;
    return rows->values.bytes + begin;
}

bool shard_rows_end(struct shard_rows *rows)
{
    const uint64_t end = rows->values.used / rows->row_bytes;
    return shard_buffer_add(&rows->ends, &end, sizeof end);
}

bool shard_rows_add_text(struct shard_rows *rows, const char *text)
{
    return shard_buffer_add(&rows->values, text, strlen(text) + 1) && shard_rows_end(rows);
}

static enum status fail_memory(const struct shard *shard)
{
    return status_fail(STATUS_NO_MEMORY, "%s shard %zu: no memory", shard->identity.stage,
                       shard->identity.number);
}

enum status shard_create(struct shard **out, const struct shard_identity *identity,
                         const struct shard_column *columns, size_t column_count)
{
    assert(column_count <= SHARD_COLUMNS_MAX);
    struct shard *shard = calloc(1, sizeof *shard);
    *out = shard;
    if (shard == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s shard: no memory", identity->stage);
    shard->identity = *identity;
    shard->column_count = column_count;
    shard->ids.row_bytes = shard->reject_ids.row_bytes = shard->reject_reasons.row_bytes = 1;
    for (size_t c = 0; c < column_count; c++) {
        shard->columns[c] = columns[c];
        shard->rows[c].row_bytes = columns[c].width * column_type_bytes(columns[c].type);
    }
    return STATUS_OK;
}

static void free_rows(struct shard_rows *rows)
{
    free(rows->values.bytes);
    free(rows->ends.bytes);
}

void shard_destroy(struct shard *shard)
{
    if (shard == NULL)
        return;
    for (size_t c = 0; c < SHARD_COLUMNS_MAX; c++)
        free_rows(&shard->rows[c]);
    free_rows(&shard->ids);
    free_rows(&shard->reject_ids);
    free_rows(&shard->reject_reasons);
    free(shard->records.bytes);
    free(shard->reject_records.bytes);
    free(shard->stage);
    free(shard->recipe);
    free(shard);
}

enum status shard_add(struct shard *shard, size_t column, const void *values, size_t rows)
{
    assert(column < shard->column_count && shard->columns[column].type != COLUMN_TEXT);
    struct shard_rows *held = &shard->rows[column];
    return shard_buffer_add(&held->values, values, rows * held->row_bytes) ? STATUS_OK
                                                                           : fail_memory(shard);
}

enum status shard_add_text(struct shard *shard, size_t column, const char *text)
{
    assert(column < shard->column_count && shard->columns[column].type == COLUMN_TEXT);
    return shard_buffer_add(&shard->rows[column].values, text, strlen(text) + 1)
               ? STATUS_OK
               : fail_memory(shard);
}

enum status shard_keep(struct shard *shard, size_t record, const char *id)
{
    const uint64_t number = record;
    bool is_kept = shard_rows_add_text(&shard->ids, id) &&
                   shard_buffer_add(&shard->records, &number, sizeof number);
    for (size_t c = 0; c < shard->column_count && is_kept; c++) {
        is_kept = shard_rows_end(&shard->rows[c]);
#ifndef NDEBUG
        if (is_kept && !shard->columns[c].is_ragged && shard->columns[c].type != COLUMN_TEXT) {
            size_t bytes = 0;
            shard_rows_at(&shard->rows[c], shard->kept_count, &bytes);
            assert(bytes == shard->rows[c].row_bytes);
        }
#endif
    }
    if (!is_kept)
        return fail_memory(shard);
    shard->kept_count++;
    return STATUS_OK;
}

enum status shard_reject(struct shard *shard, size_t record, const char *id, const char *reason)
{
    const uint64_t number = record;
    for (size_t c = 0; c < shard->column_count; c++) {
        struct shard_rows *rows = &shard->rows[c];
        rows->values.used = shard->kept_count == 0 ? 0 : end_of(rows, shard->kept_count - 1);
    }
    if (!shard_rows_add_text(&shard->reject_ids, id) ||
        !shard_rows_add_text(&shard->reject_reasons, reason) ||
        !shard_buffer_add(&shard->reject_records, &number, sizeof number))
        return fail_memory(shard);
    shard->reject_count++;
    return STATUS_OK;
}

size_t shard_column_count(const struct shard *shard)
{
    return shard->column_count;
}

size_t shard_column_width(const struct shard *shard, size_t column)
{
    return shard->columns[column].width;
}

const struct shard_identity *shard_identity(const struct shard *shard)
{
    return &shard->identity;
}

size_t shard_kept_count(const struct shard *shard)
{
    return shard->kept_count;
}

size_t shard_reject_count(const struct shard *shard)
{
    return shard->reject_count;
}

size_t shard_kept_record(const struct shard *shard, size_t row)
{
    return (size_t)shard_buffer_number(&shard->records, row);
}

static const char *text_at(const struct shard_rows *rows, size_t index)
{
    size_t byte_count = 0;
    return (const char *)shard_rows_at(rows, index, &byte_count);
}

const char *shard_kept_id(const struct shard *shard, size_t row)
{
    return text_at(&shard->ids, row);
}

struct shard_reject shard_reject_at(const struct shard *shard, size_t index)
{
    return (struct shard_reject){
        .record = (size_t)shard_buffer_number(&shard->reject_records, index),
        .id = text_at(&shard->reject_ids, index),
        .reason = text_at(&shard->reject_reasons, index),
    };
}

const void *shard_values(const struct shard *shard, size_t column, size_t row, size_t *rows)
{
    size_t byte_count = 0;
    const uint8_t *bytes = shard_rows_at(&shard->rows[column], row, &byte_count);
    *rows = byte_count / shard->rows[column].row_bytes;
    return bytes;
}

const char *shard_text(const struct shard *shard, size_t column, size_t row)
{
    return text_at(&shard->rows[column], row);
}

size_t shard_find(const struct shard *shard, size_t record)
{
    size_t low = 0, high = shard->kept_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (shard_kept_record(shard, middle) < record)
            low = middle + 1;
        else
            high = middle;
    }
    return low < shard->kept_count && shard_kept_record(shard, low) == record ? low : SIZE_MAX;
}

static void digest_buffer(struct digest *digest, const struct shard_buffer *buffer)
{
    digest_add_number(digest, buffer->used);
    digest_add(digest, buffer->bytes, buffer->used);
}

static void digest_rows(struct digest *digest, const struct shard_rows *rows)
{
    digest_buffer(digest, &rows->values);
    digest_buffer(digest, &rows->ends);
}

enum status shard_content_digest(char text[DIGEST_TEXT_BYTES], const struct shard *shard)
{
    struct digest *digest = digest_begin();
    if (digest == NULL)
        return fail_memory(shard);
    digest_add_text(digest, shard->identity.stage);
    digest_add_number(digest, shard->identity.first_record);
    digest_add_number(digest, shard->identity.record_count);
    digest_add_number(digest, shard->identity.codebook);
    for (size_t c = 0; c < shard->column_count; c++) {
        digest_add_text(digest, shard->columns[c].name);
        digest_add_number(digest, shard->rows[c].row_bytes);
        digest_rows(digest, &shard->rows[c]);
    }
    digest_rows(digest, &shard->ids);
    digest_buffer(digest, &shard->records);
    digest_rows(digest, &shard->reject_ids);
    digest_rows(digest, &shard->reject_reasons);
    digest_buffer(digest, &shard->reject_records);
    digest_end(text, digest);
    return STATUS_OK;
}
