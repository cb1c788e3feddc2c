/* Pictures that have no row of their own: /images/duplicates. */
#include "stages/pack/pack_table.h"

#include <string.h>

enum { ID, ROW, DATASET_COUNT };

static bool is_duplicate(const struct pack_scan *scan, size_t record)
{
    return !picture_firsts_is_first(&scan->firsts, record) && scan->image_row[record] >= 0;
}

static size_t longest_id(const struct pack_scan *scan, const struct run *run)
{
    size_t longest = 1;
    for (size_t i = 0; i < run->manifest.image_count; i++) {
        const size_t length = strlen(run->manifest.images[i].id);
        if (is_duplicate(scan, i) && length > longest)
            longest = length;
    }
    return longest;
}

/* Rank 0 fills all of them, the others none. */
static enum status fill_rows(struct pack_rows *rows, const struct store_dataset *datasets,
                             const struct pack_scan *scan, const struct run *run)
{
    const bool is_mine = run->team->rank == 0;
    for (size_t d = 0; d < DATASET_COUNT; d++)
        if (!pack_rows_allocate(&rows[d], &datasets[d], 0, is_mine ? scan->duplicates : 0))
            return status_fail(STATUS_NO_MEMORY, "pack: %zu duplicates", scan->duplicates);
    size_t at = 0;
    for (size_t i = 0; is_mine && i < run->manifest.image_count; i++)
        if (is_duplicate(scan, i)) {
            pack_rows_set_text(&rows[ID], &datasets[ID], at, run->manifest.images[i].id);
            ((uint32_t *)rows[ROW].values)[at++] = (uint32_t)scan->image_row[i];
        }
    return STATUS_OK;
}

enum status pack_duplicates_write(struct store_writer *writer, const struct pack_scan *scan,
                                  const struct run *run)
{
    if (scan->duplicates == 0)
        return STATUS_OK;
    const struct store_dataset datasets[DATASET_COUNT] = {
        [ID] = { "/images/duplicates/id", COLUMN_TEXT, .rows = scan->duplicates,
                 .width = longest_id(scan, run), .is_deflated = true,
                 .meaning = "picture id of the manifest, of a picture whose bytes are those of an "
                            "earlier one" },
        [ROW] = { "/images/duplicates/row", COLUMN_U32, .rows = scan->duplicates, .width = 1,
                  .is_deflated = true, .meaning = "row of the earlier one in /images" },
    };
    struct pack_rows rows[PACK_DATASETS_MAX] = { { 0 } };
    enum status outcome = store_writer_add_group(writer, "/images/duplicates");
    if (outcome != STATUS_OK)
        return outcome;
    outcome = team_agree(run->team, "fill duplicates", fill_rows(rows, datasets, scan, run));
    return pack_rows_write(rows, datasets, DATASET_COUNT, writer, outcome);
}
