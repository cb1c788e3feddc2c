#include "stages/page/page_rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 4096, ID_BYTES_MAX = 1 << 16 };

/* Goes on in the manifest to the caption `id`; false where it does not come. */
static bool find_caption(size_t *caption, const struct manifest *manifest, const char *id)
{
    for (; *caption < manifest->caption_count; ++*caption) {
        const struct manifest_caption *candidate = &manifest->captions[*caption];
        if (candidate->reject == NULL && strcmp(candidate->id, id) == 0)
            return true;
    }
    return false;
}

static enum status match(struct page_rows *out, const struct store_reader *reader,
                         const struct manifest *manifest, char *ids, size_t id_bytes)
{
    enum status outcome = STATUS_OK;
    size_t caption = 0;
    for (uint64_t first = 0; first < out->row_count && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const uint64_t left = out->row_count - first, count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        outcome = store_reader_texts(ids, id_bytes, reader, "/captions/id", first, count);
        for (uint64_t r = 0; r < count && outcome == STATUS_OK; r++) {
            const char *id = ids + r * id_bytes;
            if (!find_caption(&caption, manifest, id))
                return status_fail(STATUS_CORRUPT,
                                   "the store's caption %.100s is not the manifest's", id);
            out->captions[first + r] = caption;
            out->row_of[caption++] = (int64_t)(first + r);
        }
    }
    return outcome;
}

enum status page_rows_read(struct page_rows *out, const struct store_reader *reader,
                           const struct manifest *manifest)
{
    size_t width = 0, id_bytes = 0;
    *out = (struct page_rows){ 0 };
    enum status outcome = store_reader_extent(&out->row_count, &width, reader, "/captions/id");
    if (outcome == STATUS_OK)
        outcome = store_reader_text_bytes(&id_bytes, reader, "/captions/id");
    if (outcome == STATUS_OK &&
        (width != 1 || id_bytes > ID_BYTES_MAX || out->row_count > manifest->caption_count))
        outcome = status_fail(STATUS_CORRUPT, "the store's captions are not the manifest's");
    if (outcome != STATUS_OK)
        return outcome;
    out->row_of = malloc((manifest->caption_count + 1) * sizeof *out->row_of);
    out->captions = malloc((out->row_count + 1) * sizeof *out->captions);
    char *ids = malloc(BLOCK_ROWS * id_bytes);
    if (out->row_of == NULL || out->captions == NULL || ids == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%zu captions", manifest->caption_count);
    for (size_t c = 0; c < manifest->caption_count && outcome == STATUS_OK; c++)
        out->row_of[c] = PAGE_NO_ROW;
    if (outcome == STATUS_OK)
        outcome = match(out, reader, manifest, ids, id_bytes);
    free(ids);
    return outcome;
}

void page_rows_end(struct page_rows *rows)
{
    free(rows->row_of);
    free(rows->captions);
    *rows = (struct page_rows){ 0 };
}
