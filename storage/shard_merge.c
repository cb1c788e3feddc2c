/* Two shards of one range into one. */
#include "storage/shard_memory.h"

#include <assert.h>

static enum status copy_row(struct shard *out, const struct shard *from, size_t row)
{
    enum status outcome = STATUS_OK;
    for (size_t c = 0; c < from->column_count && outcome == STATUS_OK; c++) {
        if (from->columns[c].type == COLUMN_TEXT) {
            outcome = shard_add_text(out, c, shard_text(from, c, row));
            continue;
        }
        size_t rows = 0;
        const void *values = shard_values(from, c, row, &rows);
        outcome = shard_add(out, c, values, rows);
    }
    return outcome == STATUS_OK
               ? shard_keep(out, shard_kept_record(from, row), shard_kept_id(from, row))
               : outcome;
}

static enum status copy_rejects(struct shard *out, const struct shard *from)
{
    enum status outcome = STATUS_OK;
    for (size_t r = 0; r < from->reject_count && outcome == STATUS_OK; r++) {
        const struct shard_reject reject = shard_reject_at(from, r);
        outcome = shard_reject(out, reject.record, reject.id, reject.reason);
    }
    return outcome;
}

static bool is_first(const struct shard *shard, size_t row, const struct shard *other,
                     size_t other_row)
{
    return other_row == other->kept_count ||
           shard_kept_record(shard, row) < shard_kept_record(other, other_row);
}

enum status shard_merge(struct shard *out, const struct shard *before, const struct shard *again)
{
    enum status outcome = STATUS_OK;
    size_t b = 0, a = 0;
    assert(out->kept_count == 0 && before->column_count == again->column_count);
    while (outcome == STATUS_OK && (b < before->kept_count || a < again->kept_count))
        outcome = b < before->kept_count && is_first(before, b, again, a)
                      ? copy_row(out, before, b++)
                      : copy_row(out, again, a++);
    return outcome == STATUS_OK ? copy_rejects(out, again) : outcome;
}
