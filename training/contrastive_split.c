#include "training/contrastive_split.h"

#include "cluster/slices.h"
#include "nn/norm.h"
#include "training/contrastive_inside.h"

#include <stdlib.h>
#include <string.h>

/* Records that are read at a time. */
enum { READ_RECORDS = 256 };

void contrastive_split_end(struct contrastive_split *split)
{
    free(split->speech);
    free(split->images);
    free(split->pictures);
    free(split->picture_records);
}

static enum status begin(struct contrastive_split *split, const struct contrastive *self,
                         const struct objective_validation *validation)
{
    const size_t count = validation->count, width = self->options.speech.embedding;
    *split =
        (struct contrastive_split){ .records = validation->records,
                                    .count = count,
                                    .width = width,
                                    .speech = malloc((count * width + 1) * sizeof(float)),
                                    .images = malloc((count * width + 1) * sizeof(float)),
                                    .pictures = malloc((count + 1) * sizeof(uint32_t)),
                                    .picture_records = malloc((count + 1) * sizeof(uint64_t)) };
    if (split->speech == NULL || split->images == NULL || split->pictures == NULL ||
        split->picture_records == NULL)
        return status_fail(STATUS_NO_MEMORY, "validation of %zu records", count);
    return STATUS_OK;
}

/* One record of each picture, in order of first occurrence; `pictures` become their numbers. */
struct occurrence {
    uint32_t picture, record;
};

static int by_picture(const void *a, const void *b)
{
    const struct occurrence *x = a, *y = b;
    if (x->picture != y->picture)
        return x->picture < y->picture ? -1 : 1;
    return x->record < y->record ? -1 : x->record > y->record;
}

static enum status number_pictures(struct contrastive_split *split)
{
    struct occurrence *sorted = malloc((split->count + 1) * sizeof *sorted);
    if (sorted == NULL)
        return status_fail(STATUS_NO_MEMORY, "pictures of %zu records", split->count);
    for (size_t r = 0; r < split->count; r++)
        sorted[r] = (struct occurrence){ split->pictures[r], (uint32_t)r };
    qsort(sorted, split->count, sizeof *sorted, by_picture);
    for (size_t i = 0; i < split->count; i++) {
        if (i == 0 || sorted[i].picture != sorted[i - 1].picture)
            split->picture_records[split->picture_count++] = split->records[sorted[i].record];
        split->pictures[sorted[i].record] = (uint32_t)(split->picture_count - 1);
    }
    free(sorted);
    return STATUS_OK;
}

/* Encodes what a batch holds of one side into rows from `row` on. */
static enum status encode_side(float *rows, struct contrastive *self, struct tape *tape,
                               const struct store_batch *batch, bool is_speech)
{
    const size_t width = self->options.speech.embedding;
    struct record_range range = contrastive_range(self, batch, 0);
    enum status outcome = STATUS_OK;
    for (; range.count > 0 && outcome == STATUS_OK;
         range = contrastive_range(self, batch, range.first + range.count)) {
        tape_reset(tape);
        tape_set_recording(tape, false);
        const struct array *array = is_speech
                                        ? contrastive_encode_speech(self, tape, batch, range, NULL)
                                        : contrastive_encode_images(self, tape, batch, range, NULL);
        outcome = tape_status(tape);
        if (outcome == STATUS_OK)
            memcpy(rows + range.first * width, array->value, range.count * width * sizeof *rows);
    }
    return outcome;
}

static enum status encode_own_speech(struct contrastive_split *split, struct contrastive *self,
                                     struct store_batch_reader *reader, struct tape *tape,
                                     struct slice own)
{
    enum status outcome = STATUS_OK;
    for (size_t done = 0; done < own.count && outcome == STATUS_OK; done += READ_RECORDS) {
        const size_t left = own.count - done, count = left < READ_RECORDS ? left : READ_RECORDS;
        const size_t first = own.first + done;
        struct store_batch batch;
        outcome = store_batch_read(&batch, reader, split->records + first, count);
        if (outcome != STATUS_OK)
            break;
        memcpy(split->pictures + first, batch.pictures, count * sizeof *batch.pictures);
        outcome = encode_side(split->speech + first * split->width, self, tape, &batch, true);
    }
    return outcome;
}

static enum status encode_own_images(struct contrastive_split *split, struct contrastive *self,
                                     struct store_batch_reader *reader, struct tape *tape,
                                     struct slice own)
{
    enum status outcome = STATUS_OK;
    for (size_t done = 0; done < own.count && outcome == STATUS_OK; done += READ_RECORDS) {
        const size_t left = own.count - done, count = left < READ_RECORDS ? left : READ_RECORDS;
        const size_t first = own.first + done;
        float *rows = split->images + first * split->width;
        struct store_batch batch;
        outcome = store_batch_read(&batch, reader, split->picture_records + first, count);
        if (outcome != STATUS_OK)
            break;
        if (self->images != NULL)
            outcome = encode_side(rows, self, tape, &batch, false);
        else
            l2_normalise(rows, batch.embeddings, 1e-12f, count, split->width);
    }
    return outcome;
}

static enum status encode_split(struct contrastive_split *split, struct contrastive *self,
                                const struct team *team, struct store_batch_reader *reader,
                                struct tape *tape)
{
    const size_t row_bytes = split->width * sizeof(float);
    const struct slice own = slice_of(split->count, team->rank, team->size);
    enum status outcome = team_agree(team, "encode validation speech",
                                     encode_own_speech(split, self, reader, tape, own));
    if (outcome != STATUS_OK)
        return outcome;
    slices_share(team, split->speech, split->count, row_bytes);
    slices_share(team, split->pictures, split->count, sizeof *split->pictures);
    outcome = team_agree(team, "number pictures", number_pictures(split));
    if (outcome != STATUS_OK)
        return outcome;
    const struct slice images = slice_of(split->picture_count, team->rank, team->size);
    outcome = team_agree(team, "encode validation images",
                         encode_own_images(split, self, reader, tape, images));
    if (outcome == STATUS_OK)
        slices_share(team, split->images, split->picture_count, row_bytes);
    return outcome;
}

enum status contrastive_split_encode(struct contrastive_split *out, void *contrastive,
                                     const struct team *team,
                                     const struct objective_validation *validation)
{
    struct contrastive *self = contrastive;
    const struct store_batch_options options = {
        .parts = contrastive_store_parts(&self->options),
        .cache_bytes = STORE_BATCH_CACHE_BYTES,
        .batch_bytes_max = STORE_BATCH_BYTES_MAX,
    };
    struct store_batch_reader *reader = NULL;
    enum status outcome = begin(out, self, validation);
    if (outcome == STATUS_OK)
        outcome = store_batch_open(&reader, validation->store, &options);
    outcome = team_agree(team, "prepare validation", outcome);
    if (outcome == STATUS_OK)
        outcome = encode_split(out, self, team, reader, validation->tape);
    store_batch_close(reader);
    return outcome;
}

struct retrieval_set contrastive_split_set(const struct contrastive_split *split)
{
    return (struct retrieval_set){ .captions = split->count,
                                   .pictures = split->picture_count,
                                   .width = split->width,
                                   .speech = split->speech,
                                   .images = split->images,
                                   .picture_of = split->pictures };
}
