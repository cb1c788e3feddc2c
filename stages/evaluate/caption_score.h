/** How near captions come to their references, in units or words: error rate, BLEU-4 and ROUGE-L.
 * Local. */
#ifndef STAGES_EVALUATE_CAPTION_SCORE_H
#define STAGES_EVALUATE_CAPTION_SCORE_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

enum { CAPTION_GRAMS = 4, CAPTION_ROUGE_ONE = 1 << 30 };

struct unit_sequence {
    const uint16_t *units;
    size_t count;
};

/** Counts over captions; all whole numbers, so they add up in any order. */
struct caption_tally {
    int64_t captions;
    int64_t edits, edited_units;    /* against the nearest reference; its units */
    int64_t matches[CAPTION_GRAMS]; /* n-grams that are in a reference, no more often than there */
    int64_t grams[CAPTION_GRAMS];   /* n-grams */
    int64_t units, reference_units; /* lengths: of captions; of the references nearest in length */
    int64_t rouge;                  /* sum over captions, in parts of CAPTION_ROUGE_ONE */
};

/** Counts one caption against its references, one at least. The nearest reference is that of the
 * fewest edits (insertions, deletions, replacements), the shortest of equals.
 * Errors: STATUS_NO_MEMORY. */
enum status caption_tally_add(struct caption_tally *tally, struct unit_sequence caption,
                              const struct unit_sequence *references, size_t reference_count);

/** Edits over units of the nearest references; 0 without captions. */
double caption_tally_error_rate(const struct caption_tally *tally);

/** BLEU-4 over all captions, 0 .. 1, without smoothing: 0 where there is no match of four.
 * Source: Papineni et al. 2002; the brevity penalty takes the reference nearest in length, the
 * shorter of two. */
double caption_tally_bleu(const struct caption_tally *tally);

/** ROUGE-L, the mean over captions, 0 .. 1. Source: Lin 2004 as the evaluation of COCO captions has
 * it: with the longest common subsequence, the best precision and the best recall over references
 * make F with beta 1.2. */
double caption_tally_rouge(const struct caption_tally *tally);

#endif
