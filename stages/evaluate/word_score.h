/** Captions as words, for the scores of stages/evaluate/caption_score.h. Local. */
#ifndef STAGES_EVALUATE_WORD_SCORE_H
#define STAGES_EVALUATE_WORD_SCORE_H

#include "stages/evaluate/caption_score.h"

/** As caption_tally_add, for texts, which are taken as words (recognition/word.h). References
 * without words are passed over; a caption without any other counts nowhere. Of a caption and its
 * references, the first 65,535 different words are told apart. Errors: STATUS_NO_MEMORY. */
enum status word_score_add(struct caption_tally *tally, const char *caption,
                           const char *const *references, size_t reference_count);

#endif
