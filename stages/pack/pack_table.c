#include "stages/pack/pack_table.h"

#include "storage/shard_memory.h"

#include <stdlib.h>
#include <string.h>

static size_t row_bytes(const struct store_dataset *dataset)
{
    return dataset->width * column_type_bytes(dataset->type);
}

bool pack_rows_allocate(struct pack_rows *rows, const struct store_dataset *dataset, uint64_t first,
                        uint64_t count)
{
    rows->first = first;
    rows->count = count;
    rows->values = calloc(count > 0 ? (size_t)count : 1, row_bytes(dataset));
    return rows->values != NULL;
}

void pack_rows_set_text(struct pack_rows *rows, const struct store_dataset *dataset, size_t row,
                        const char *text)
{
    memcpy((char *)rows->values + row * dataset->width, text, strlen(text));
}

size_t pack_block_shards(uint64_t total_bytes, size_t shard_count)
{
    const uint64_t shard_bytes = shard_count > 0 ? total_bytes / shard_count + 1 : 1;
    const uint64_t shards = PACK_BLOCK_BYTES / shard_bytes;
    return shards > 0 ? (size_t)shards : 1;
}

static void free_rows(struct pack_rows *rows)
{
    for (size_t d = 0; d < PACK_DATASETS_MAX; d++)
        free(rows[d].values);
    memset(rows, 0, PACK_DATASETS_MAX * sizeof *rows);
}

enum status pack_rows_write(struct pack_rows *rows, const struct store_dataset *datasets,
                            size_t dataset_count, struct store_writer *writer, enum status outcome)
{
    for (size_t d = 0; d < dataset_count && outcome == STATUS_OK; d++) {
        size_t index = 0;
        outcome = store_writer_add(&index, writer, &datasets[d]);
        if (outcome == STATUS_OK)
            outcome = store_writer_put(writer, index, rows[d].first, rows[d].count, rows[d].values);
    }
    free_rows(rows);
    return outcome;
}

/* Rank 0 has the first block; what it finds holds for all. */
static enum status choose_packing(struct pack_table *table, const struct team *team,
                                  const struct pack_rows *rows, const struct store_options *options)
{
    bool chosen[PACK_DATASETS_MAX][2] = { { false } };
    enum status outcome = STATUS_OK;
    for (size_t d = 0; team->rank == 0 && d < table->dataset_count && outcome == STATUS_OK; d++) {
        outcome = store_packing_choose(&table->datasets[d], options, rows[d].count, rows[d].values);
        chosen[d][0] = table->datasets[d].is_deflated;
        chosen[d][1] = table->datasets[d].is_shuffled;
    }
    outcome = team_agree(team, "choose packing", outcome);
    if (outcome != STATUS_OK)
        return outcome;
    team_broadcast(team, chosen, sizeof chosen, 0);
    for (size_t d = 0; d < table->dataset_count; d++) {
        table->datasets[d].is_deflated = chosen[d][0];
        table->datasets[d].is_shuffled = chosen[d][1];
    }
    return STATUS_OK;
}

static enum status create_datasets(size_t *first, const struct pack_table *table,
                                   struct store_writer *writer)
{
    enum status outcome = STATUS_OK;
    for (size_t d = 0; d < table->dataset_count && outcome == STATUS_OK; d++) {
        size_t index = 0;
        outcome = store_writer_add(&index, writer, &table->datasets[d]);
        if (d == 0)
            *first = index;
    }
    return outcome;
}

enum status pack_table_write(struct pack_table *table, struct store_writer *writer,
                             const struct team *team, const struct store_options *options)
{
    struct pack_rows rows[PACK_DATASETS_MAX] = { { 0 } };
    const size_t size = (size_t)team->size;
    const size_t rounds = table->block_count / size + 1;
    size_t first_dataset = 0;
    enum status outcome = STATUS_OK;
    for (size_t round = 0; round < rounds && outcome == STATUS_OK; round++) {
        const size_t block = round * size + (size_t)team->rank;
        outcome = pack_stop_check();
        if (outcome == STATUS_OK && block < table->block_count)
            outcome = table->fill(table, rows, block);
        outcome = team_agree(team, "fill store block", outcome);
        if (outcome == STATUS_OK && round == 0)
            outcome = choose_packing(table, team, rows, options);
        if (outcome == STATUS_OK && round == 0)
            outcome = create_datasets(&first_dataset, table, writer);
        for (size_t d = 0; d < table->dataset_count && outcome == STATUS_OK; d++)
            outcome = store_writer_put(writer, first_dataset + d, rows[d].first, rows[d].count,
                                       rows[d].values);
        free_rows(rows);
    }
    return outcome;
}
