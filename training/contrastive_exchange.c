#include "training/contrastive_exchange.h"

#include "cluster/slices.h"
#include "models/contrastive_loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What one side of the batch needs. */
struct room {
    float *others;      /* [count][width]: the other side of all records */
    float *scores;      /* [own][count] */
    float *row_logs;    /* [count], own ones in their place until they are shared */
    float *column_logs; /* [count] */
    float *maxima;      /* [count] */
    uint64_t *pictures; /* [count] */
};

static void room_end(struct room *room)
{
    free(room->others);
    free(room->scores);
    free(room->row_logs);
    free(room->column_logs);
    free(room->maxima);
    free(room->pictures);
}

static enum status room_begin(struct room *room, const struct contrastive_batch *batch, size_t own)
{
    const size_t count = batch->count > 0 ? batch->count : 1;
    *room = (struct room){ .others = malloc(count * batch->width * sizeof(float)),
                           .scores = malloc((own * count + 1) * sizeof(float)),
                           .row_logs = malloc(count * sizeof(float)),
                           .column_logs = malloc(count * sizeof(float)),
                           .maxima = malloc(count * sizeof(float)),
                           .pictures = malloc(count * sizeof(uint64_t)) };
    if (room->others == NULL || room->scores == NULL || room->row_logs == NULL ||
        room->column_logs == NULL || room->maxima == NULL || room->pictures == NULL)
        return status_fail(STATUS_NO_MEMORY, "contrastive loss: %zu scores of %zu records", count,
                           own);
    return STATUS_OK;
}

static void share_rows(const struct team *team, void *all, const void *own, size_t count,
                       size_t row_bytes)
{
    const struct slice slice = slice_of(count, team->rank, team->size);
    memcpy((char *)all + slice.first * row_bytes, own, slice.count * row_bytes);
    slices_share(team, all, count, row_bytes);
}

/* Log sums of whole columns, from every rank's rows. */
static void sum_columns(const struct team *team, const struct room *room,
                        const struct contrastive_block *block)
{
    contrastive_column_maxima(room->maxima, block);
    slices_maximum(team, room->maxima, block->all);
    contrastive_column_sums(room->column_logs, block, room->maxima);
    slices_sum(team, room->column_logs, block->all);
    for (size_t j = 0; j < block->all; j++)
        room->column_logs[j] = room->maxima[j] + logf(room->column_logs[j]);
}

/* The other way round: own images as rows, all speech as columns. Row sums there are column sums
 * here, which are known already; what was summed over own rows has to be shared. */
static void differentiate_images(float *gradient, const struct team *team, struct room *room,
                                 const struct contrastive_block *speech_block,
                                 const struct contrastive_batch *batch)
{
    struct contrastive_block block = *speech_block;
    slices_share(team, room->row_logs, batch->count, sizeof *room->row_logs);
    share_rows(team, room->others, batch->speech, batch->count, batch->width * sizeof(float));
    block.own_rows = batch->images;
    contrastive_scores(&block);
    (void)contrastive_gradient(gradient, &block, room->column_logs + block.first, room->row_logs);
}

static void compute(struct contrastive_result *result, const struct team *team, struct room *room,
                    const struct contrastive_batch *batch)
{
    const struct slice own = slice_of(batch->count, team->rank, team->size);
    const struct contrastive_block block = {
        .own = own.count,
        .all = batch->count,
        .first = own.first,
        .width = batch->width,
        .own_rows = batch->speech,
        .all_columns = room->others,
        .pictures = batch->pictures != NULL ? room->pictures : NULL,
        .scale = expf(batch->log_scale),
        .scores = room->scores,
    };
    float *row_logs = room->row_logs + own.first;
    share_rows(team, room->others, batch->images, batch->count, batch->width * sizeof(float));
    if (batch->pictures != NULL)
        share_rows(team, room->pictures, batch->pictures, batch->count, sizeof(uint64_t));
    contrastive_scores(&block);
    contrastive_row_sums(row_logs, &block);
    sum_columns(team, room, &block);
    result->loss = contrastive_loss(&block, row_logs, room->column_logs);
    slices_sum_doubles(team, &result->loss, 1);
    result->log_scale_gradient =
        contrastive_gradient(result->speech_gradient, &block, row_logs, room->column_logs);
    if (result->image_gradient != NULL)
        differentiate_images(result->image_gradient, team, room, &block, batch);
}

enum status contrastive_exchange(struct contrastive_result *result, const struct team *team,
                                 const struct contrastive_batch *batch)
{
    const struct slice own = slice_of(batch->count, team->rank, team->size);
    struct room room;
    enum status outcome = room_begin(&room, batch, own.count);
    outcome = team_agree(team, "prepare contrastive loss", outcome);
    if (outcome == STATUS_OK)
        compute(result, team, &room, batch);
    room_end(&room);
    return outcome;
}
