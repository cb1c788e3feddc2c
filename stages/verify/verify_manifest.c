#include "stages/verify/verify_manifest.h"

#include "storage/store_reader.h"

#include <stdlib.h>
#include <string.h>

/* Rows read at a time; stages and ids of a manifest are shorter than TEXT_BYTES. */
enum { BLOCK_ROWS = 256, TEXT_BYTES = 512 };

enum { NOT_THERE = -1 };

struct matching {
    const struct run *run;
    const struct store_reader *store;
    int64_t *row_of_picture; /* [pictures in the manifest]: in the store, or NOT_THERE */
    bool *has_picture;       /* likewise: among the rejects */
    bool *has_caption;       /* [captions in the manifest]: in the store or among the rejects */
    uint64_t pictures, duplicates, captions, rejects; /* rows of the store */
    char texts[BLOCK_ROWS][TEXT_BYTES];
    uint64_t numbers[BLOCK_ROWS];
};

static uint64_t block_at(uint64_t first, uint64_t count)
{
    return count - first < BLOCK_ROWS ? count - first : BLOCK_ROWS;
}

/* The number of the next picture called `id`, from *next on; records of the store are in the order
 * of the manifest. */
static enum status find_picture(size_t *next, const struct manifest *manifest, const char *id)
{
    while (*next < manifest->image_count && strcmp(manifest->images[*next].id, id) != 0)
        ++*next;
    if (*next < manifest->image_count)
        return STATUS_OK;
    return status_fail(STATUS_CORRUPT,
                       "picture %.150s is not in the manifest, or not in this order", id);
}

static enum status match_pictures(struct matching *self)
{
    enum status outcome = STATUS_OK;
    size_t next = 0;
    for (uint64_t first = 0; first < self->pictures && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const uint64_t count = block_at(first, self->pictures);
        outcome =
            store_reader_texts(self->texts[0], TEXT_BYTES, self->store, "/images/id", first, count);
        for (uint64_t r = 0; r < count && outcome == STATUS_OK; r++) {
            outcome = find_picture(&next, &self->run->manifest, self->texts[r]);
            if (outcome == STATUS_OK)
                self->row_of_picture[next++] = (int64_t)(first + r);
        }
    }
    return outcome;
}

/* Pictures that share the row of an earlier one. */
static enum status match_duplicates(struct matching *self)
{
    enum status outcome = STATUS_OK;
    size_t next = 0;
    for (uint64_t first = 0; first < self->duplicates && outcome == STATUS_OK;
         first += BLOCK_ROWS) {
        const uint64_t count = block_at(first, self->duplicates);
        outcome = store_reader_texts(self->texts[0], TEXT_BYTES, self->store,
                                     "/images/duplicates/id", first, count);
        if (outcome == STATUS_OK)
            outcome = store_reader_numbers(self->numbers, self->store, "/images/duplicates/row",
                                           first, count, 1);
        for (uint64_t r = 0; r < count && outcome == STATUS_OK; r++) {
            outcome = find_picture(&next, &self->run->manifest, self->texts[r]);
            if (outcome == STATUS_OK && self->row_of_picture[next] != NOT_THERE)
                outcome =
                    status_fail(STATUS_CORRUPT, "picture %.150s is there twice", self->texts[r]);
            if (outcome == STATUS_OK)
                self->row_of_picture[next++] = (int64_t)self->numbers[r];
        }
    }
    return outcome;
}

static enum status find_caption(size_t *next, const struct manifest *manifest, const char *id)
{
    while (*next < manifest->caption_count && strcmp(manifest->captions[*next].id, id) != 0)
        ++*next;
    return *next < manifest->caption_count
               ? STATUS_OK
               : status_fail(STATUS_CORRUPT,
                             "/captions/id: %.150s is not in the manifest, or not "
                             "in this order",
                             id);
}

static enum status match_caption(size_t *next, struct matching *self, const char *id,
                                 uint64_t image_row)
{
    const struct manifest *manifest = &self->run->manifest;
    const enum status outcome = find_caption(next, manifest, id);
    if (outcome != STATUS_OK)
        return outcome;
    if (self->row_of_picture[manifest->captions[*next].image] != (int64_t)image_row)
        return status_fail(STATUS_CORRUPT, "/captions/image: %.150s is not of its own picture", id);
    self->has_caption[*next] = true;
    ++*next;
    return STATUS_OK;
}

static enum status match_captions(struct matching *self)
{
    enum status outcome = STATUS_OK;
    size_t next = 0;
    for (uint64_t first = 0; first < self->captions && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const uint64_t count = block_at(first, self->captions);
        outcome = store_reader_texts(self->texts[0], TEXT_BYTES, self->store, "/captions/id", first,
                                     count);
        if (outcome == STATUS_OK)
            outcome = store_reader_numbers(self->numbers, self->store, "/captions/image", first,
                                           count, 1);
        for (uint64_t r = 0; r < count && outcome == STATUS_OK; r++)
            outcome = match_caption(&next, self, self->texts[r], self->numbers[r]);
    }
    return outcome;
}

static bool is_of_pictures(const char *stage)
{
    return strcmp(stage, "image-units") == 0 || strcmp(stage, "embed-images") == 0;
}

static void note_reject(struct matching *self, const char *stage, uint64_t record)
{
    const struct manifest *manifest = &self->run->manifest;
    if (is_of_pictures(stage)) {
        if (record < manifest->image_count)
            self->has_picture[record] = true;
    } else if (record < manifest->caption_count)
        self->has_caption[record] = true;
}

static enum status note_rejects(struct matching *self)
{
    enum status outcome = STATUS_OK;
    for (uint64_t first = 0; first < self->rejects && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const uint64_t count = block_at(first, self->rejects);
        outcome = store_reader_texts(self->texts[0], TEXT_BYTES, self->store, "/rejects/stage",
                                     first, count);
        if (outcome == STATUS_OK)
            outcome = store_reader_numbers(self->numbers, self->store, "/rejects/record", first,
                                           count, 1);
        for (uint64_t r = 0; r < count && outcome == STATUS_OK; r++)
            note_reject(self, self->texts[r], self->numbers[r]);
    }
    return outcome;
}

static enum status find_lost(const struct matching *self)
{
    const struct manifest *manifest = &self->run->manifest;
    for (size_t p = 0; p < manifest->image_count; p++)
        if (self->row_of_picture[p] == NOT_THERE && !self->has_picture[p])
            return status_fail(STATUS_CORRUPT,
                               "%.150s of the manifest is neither a picture nor a reject",
                               manifest->images[p].id);
    for (size_t c = 0; c < manifest->caption_count; c++)
        if (!self->has_caption[c])
            return status_fail(STATUS_CORRUPT,
                               "%.150s of the manifest is neither a caption nor a reject",
                               manifest->captions[c].id);
    return STATUS_OK;
}

static enum status count_rows(struct matching *self)
{
    size_t width = 0;
    enum status outcome = store_reader_extent(&self->pictures, &width, self->store, "/images/id");
    if (outcome == STATUS_OK)
        outcome = store_reader_extent(&self->captions, &width, self->store, "/captions/id");
    if (outcome == STATUS_OK && store_reader_has(self->store, "/images/duplicates/id"))
        outcome =
            store_reader_extent(&self->duplicates, &width, self->store, "/images/duplicates/id");
    if (outcome == STATUS_OK)
        outcome = store_reader_extent(&self->rejects, &width, self->store, "/rejects/record");
    if (outcome != STATUS_OK)
        return outcome;
    const struct manifest *manifest = &self->run->manifest;
    self->row_of_picture = calloc(manifest->image_count + 1, sizeof *self->row_of_picture);
    self->has_picture = calloc(manifest->image_count + 1, sizeof *self->has_picture);
    self->has_caption = calloc(manifest->caption_count + 1, sizeof *self->has_caption);
    if (self->row_of_picture == NULL || self->has_picture == NULL || self->has_caption == NULL)
        return status_fail(STATUS_NO_MEMORY, "no memory");
    for (size_t p = 0; p < manifest->image_count; p++)
        self->row_of_picture[p] = NOT_THERE;
    return STATUS_OK;
}

enum status verify_manifest(const struct run *run, const char *store_path)
{
    struct store_reader *store = NULL;
    struct matching *self = calloc(1, sizeof *self);
    if (self == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", store_path);
    enum status outcome = store_reader_open(&store, store_path);
    self->run = run;
    self->store = store;
    if (outcome == STATUS_OK)
        outcome = count_rows(self);
    if (outcome == STATUS_OK)
        outcome = match_pictures(self);
    if (outcome == STATUS_OK)
        outcome = match_duplicates(self);
    if (outcome == STATUS_OK)
        outcome = match_captions(self);
    if (outcome == STATUS_OK)
        outcome = note_rejects(self);
    if (outcome == STATUS_OK)
        outcome = find_lost(self);
    store_reader_close(store);
    free(self->row_of_picture);
    free(self->has_picture);
    free(self->has_caption);
    free(self);
    return outcome;
}
