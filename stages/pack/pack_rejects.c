#include "stages/pack/pack_rejects.h"

#include "stages/image_shards.h"
#include "stages/pack/pack_table.h"

#include <stdlib.h>
#include <string.h>

enum { STAGE, RECORD, ID, REASON, DATASET_COUNT };

static enum status collect(struct reject_list *list, const struct run *run, const char *folder,
                           size_t shard_count)
{
    enum status outcome = STATUS_OK;
    for (size_t s = (size_t)run->team->rank; s < shard_count && outcome == STATUS_OK;
         s += (size_t)run->team->size) {
        char path[PATH_BYTES];
        outcome = run_shard_path(path, run, folder, s);
        if (outcome == STATUS_OK)
            outcome = reject_list_add_shard(list, path);
    }
    return outcome;
}

/* Row count and text widths, for all ranks to create the same datasets. */
static void measure(int64_t sizes[DATASET_COUNT], const struct reject_list *list,
                    const struct team *team)
{
    sizes[STAGE] = sizes[ID] = sizes[REASON] = 1;
    sizes[RECORD] = (int64_t)list->count;
    for (size_t r = 0; r < list->count; r++) {
        const struct reject *item = &list->items[r];
        const size_t bytes[] = { [STAGE] = strlen(item->stage),
                                 [RECORD] = 0,
                                 [ID] = strlen(item->id),
                                 [REASON] = strlen(item->reason) };
        for (size_t d = 0; d < DATASET_COUNT; d++)
            if (sizes[d] < (int64_t)bytes[d])
                sizes[d] = (int64_t)bytes[d];
    }
    team_maximum(team, sizes, DATASET_COUNT);
}

static enum status fill_rows(struct pack_rows *rows, const struct store_dataset *datasets,
                             const struct reject_list *list)
{
    for (size_t d = 0; d < DATASET_COUNT; d++)
        if (!pack_rows_allocate(&rows[d], &datasets[d], 0, list->count))
            return status_fail(STATUS_NO_MEMORY, "pack: rejects");
    for (size_t r = 0; r < list->count; r++) {
        pack_rows_set_text(&rows[STAGE], &datasets[STAGE], r, list->items[r].stage);
        pack_rows_set_text(&rows[ID], &datasets[ID], r, list->items[r].id);
        pack_rows_set_text(&rows[REASON], &datasets[REASON], r, list->items[r].reason);
        ((uint64_t *)rows[RECORD].values)[r] = list->items[r].record;
    }
    return STATUS_OK;
}

static enum status write_table(struct store_writer *writer, const struct reject_list *list,
                               const struct team *team)
{
    int64_t sizes[DATASET_COUNT];
    measure(sizes, list, team);
    const uint64_t count = (uint64_t)sizes[RECORD];
    const struct store_dataset datasets[DATASET_COUNT] = {
        [STAGE] = { "/rejects/stage", COLUMN_TEXT, .rows = count, .width = (size_t)sizes[STAGE],
                    .is_deflated = true, .meaning = "stage that rejected the record" },
        [RECORD] = { "/rejects/record", COLUMN_U64, .rows = count, .width = 1, .is_deflated = true,
                     .meaning = "its number in the manifest: a picture for image-units and "
                                "embed-images, else a caption" },
        [ID] = { "/rejects/id", COLUMN_TEXT, .rows = count, .width = (size_t)sizes[ID],
                 .is_deflated = true, .meaning = "its id" },
        [REASON] = { "/rejects/reason", COLUMN_TEXT, .rows = count, .width = (size_t)sizes[REASON],
                     .is_deflated = true, .meaning = "why" },
    };
    struct pack_rows rows[PACK_DATASETS_MAX] = { { 0 } };
    const enum status outcome = team_agree(team, "fill rejects", fill_rows(rows, datasets, list));
    return pack_rows_write(rows, datasets, DATASET_COUNT, writer, outcome);
}

enum status pack_rejects_write(struct store_writer *writer, struct pack_scan *scan,
                               const struct run *run)
{
    struct reject_list list = scan->rejects;
    scan->rejects = (struct reject_list){ 0 };
    enum status outcome = collect(&list, run, "speech", scan->caption_shards);
    if (outcome == STATUS_OK)
        outcome = collect(&list, run, "units", scan->caption_shards);
    if (outcome == STATUS_OK)
        outcome = collect(&list, run, "images", scan->image_shards);
    if (outcome == STATUS_OK && run_has_embeddings(run))
        outcome = collect(&list, run, "embeddings", scan->image_shards);
    outcome = team_agree(run->team, "collect rejects", outcome);
    if (outcome == STATUS_OK)
        outcome = reject_list_gather(&list, run->team);
    if (outcome == STATUS_OK)
        outcome = write_table(writer, &list, run->team);
    reject_list_end(&list);
    return outcome;
}
