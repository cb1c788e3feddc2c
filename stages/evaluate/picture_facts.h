/** What is where in the pictures of a data set that says so, and whether a caption names it
 * rightly. Local.
 *
 * Kinds, colours and places are whatever the ground truth names. A caption names a kind by that
 * word or with an "s" behind it; the colour of a thing by the word right before it, so that "blue"
 * in "on a blue background" is nobody's; and a place by its words, unless "of" follows as in "to
 * the left of". */
#ifndef STAGES_EVALUATE_PICTURE_FACTS_H
#define STAGES_EVALUATE_PICTURE_FACTS_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct picture_facts; /* opaque */

/** Reads a file of ground truth. On success the caller ends `*out` with picture_facts_destroy; on
 * failure NULL. Errors: those of ground_truth_read; STATUS_INVALID (names of 64 bytes or more). */
enum status picture_facts_read(struct picture_facts **out, const char *path);

/** NULL is allowed. */
void picture_facts_destroy(struct picture_facts *facts);

/** Counts over captions; all whole numbers, so they add up in any order. Right is what names at
 * least one, and none that the picture has not. */
struct fact_tally {
    int64_t captions;                   /* of pictures with facts */
    int64_t kinds_right;                /* all things that are named are there */
    int64_t colours_right;              /* all things named with a colour are there in it */
    int64_t places_named, places_right; /* something is at all places that are named */
    int64_t all_right;                  /* kinds, colours and, where named, places */
    int64_t kinds, kinds_named;         /* kinds of things in the pictures; of them named */
};

/** Counts the caption of a picture; one of which nothing is known counts nowhere.
 * Errors: STATUS_NO_MEMORY. */
enum status fact_tally_add(struct fact_tally *tally, const struct picture_facts *facts,
                           const char *picture, const char *caption);

#endif
