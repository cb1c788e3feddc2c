/** Page answers: the captions of a split asked for their pictures, by a contrastive net. All
 * functions are local. */
#ifndef STAGES_PAGE_PAGE_ANSWERS_H
#define STAGES_PAGE_PAGE_ANSWERS_H

#include "core/status.h"
#include "models/unit_codes.h"
#include "training/retrieval.h"

#include <stdbool.h>

struct page_answers; /* opaque: embeddings of captions and pictures */

struct page_question {
    const char *weights, *store;
    const char *split;             /* NULL: all */
    struct unit_codes image_codes; /* standardised */
    size_t memory_bytes;
};

/** Embeds all captions of the split and their pictures. On success the caller ends `*out` with
 * page_answers_end; on failure NULL.
 * Errors: those of contrastive_net_open, split_records_read and contrastive_split_encode. */
enum status page_answers_make(struct page_answers **out, const struct page_question *question);

/** NULL is allowed. */
void page_answers_end(struct page_answers *answers);

/** Of captions asked for pictures, and the number of these. */
const struct retrieval_figures *page_answers_figures(const struct page_answers *answers);
size_t page_answers_pictures(const struct page_answers *answers);

/** What one caption finds.
 *
 *     nearest [*count]  out  rows in /captions, each of a caption of a picture found, nearest first
 *     right   [*count]  out  which is the caption's own picture
 *     *count            in/out; 0 where the caption of that row was not asked
 *     *rank             out  of its own picture
 *
 * Errors: STATUS_NO_MEMORY. */
enum status page_answers_ask(uint64_t *nearest, bool *right, size_t *count, size_t *rank,
                             const struct page_answers *answers, uint64_t row);

#endif
