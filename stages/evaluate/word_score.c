#include "stages/evaluate/word_score.h"

#include "recognition/vocabulary.h"

#include <stdlib.h>
#include <string.h>

/* The words of a text as numbers; `*sequence` owns them. */
static enum status number_words(struct unit_sequence *sequence, struct vocabulary *vocabulary,
                                const char *text)
{
    char word[WORD_BYTES];
    size_t number = 0;
    uint16_t *numbers = malloc((strlen(text) / 2 + 1) * sizeof *numbers); /* a letter and a blank */
    *sequence = (struct unit_sequence){ .units = numbers };
    if (numbers == NULL)
        return status_fail(STATUS_NO_MEMORY, "words of a caption");
    while (word_next(word, &text)) {
        const enum status outcome = vocabulary_place(&number, vocabulary, word);
        if (outcome != STATUS_OK)
            return outcome;
        numbers[sequence->count++] = (uint16_t)(number < UINT16_MAX ? number : UINT16_MAX);
    }
    return STATUS_OK;
}

static void free_words(struct unit_sequence *sequences, size_t count)
{
    for (size_t s = 0; s < count; s++)
        free((void *)sequences[s].units);
    free(sequences);
}

/* `sequences` [1 + reference_count]: the caption's first, all-zero. */
static enum status add(struct caption_tally *tally, struct unit_sequence *sequences,
                       const char *caption, const char *const *references, size_t reference_count)
{
    struct vocabulary *vocabulary = NULL;
    size_t filled = 0;
    enum status outcome = vocabulary_create(&vocabulary);
    if (outcome == STATUS_OK)
        outcome = number_words(&sequences[0], vocabulary, caption);
    for (size_t r = 0; r < reference_count && outcome == STATUS_OK; r++) {
        struct unit_sequence *sequence = &sequences[1 + filled];
        outcome = number_words(sequence, vocabulary, references[r]);
        if (outcome == STATUS_OK && sequence->count > 0)
            filled++;
        else {
            free((void *)sequence->units);
            sequence->units = NULL;
        }
    }
    vocabulary_destroy(vocabulary);
    if (outcome != STATUS_OK || filled == 0)
        return outcome;
    return caption_tally_add(tally, sequences[0], sequences + 1, filled);
}

enum status word_score_add(struct caption_tally *tally, const char *caption,
                           const char *const *references, size_t reference_count)
{
    struct unit_sequence *sequences = calloc(1 + reference_count, sizeof *sequences);
    if (sequences == NULL)
        return status_fail(STATUS_NO_MEMORY, "words of %zu captions", reference_count);
    const enum status outcome = add(tally, sequences, caption, references, reference_count);
    free_words(sequences, 1 + reference_count);
    return outcome;
}
