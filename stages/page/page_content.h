/** Page content: all that the page says, gathered, as plain values. */
#ifndef STAGES_PAGE_PAGE_CONTENT_H
#define STAGES_PAGE_PAGE_CONTENT_H

#include "core/status.h"
#include "stages/record_name.h"
#include "stages/store_counts.h"
#include "training/retrieval.h"

#include <stdbool.h>

enum { PAGE_FILE_BYTES = RECORD_NAME_BYTES + 32, PAGE_NEAREST_MAX = 5 };

/** What an entry may lack. */
enum page_part {
    PAGE_PICTURE,
    PAGE_RECONSTRUCTION,
    PAGE_SPEECH,
    PAGE_RESYNTHESIS,
    PAGE_GENERATED,
    PAGE_HEARD,
    PAGE_RETRIEVAL,
    PAGE_PART_COUNT
};

/** A picture that retrieval found. */
struct page_found {
    char file[PAGE_FILE_BYTES]; /* empty: its picture is gone */
    const char *id;
    bool is_right;
};

/** A caption that generate made of a picture. */
struct page_said {
    char file[PAGE_FILE_BYTES]; /* empty: it has no sound */
    char *heard;                /* what a recogniser understood; owned; NULL: nobody listened */
};

/** A picture and one of its captions. Files are named from the page's folder; empty: none. */
struct page_entry {
    const char *id, *text, *language; /* borrowed: of the picture; of the caption */
    char picture[PAGE_FILE_BYTES], reconstruction[PAGE_FILE_BYTES];
    char speech[PAGE_FILE_BYTES], resynthesis[PAGE_FILE_BYTES];
    struct page_said *said; /* [said_count], owned: what generate made of it */
    size_t said_count;
    struct page_found found[PAGE_NEAREST_MAX]; /* nearest first */
    size_t found_count;                        /* 0: nothing was asked */
    size_t rank;                               /* of the picture, among all; 1 is best */
};

struct page {
    const char *run, *split; /* borrowed: the run's name; "all": every split */
    struct store_counts counts;
    uint64_t store_bytes;
    struct retrieval_figures retrieval; /* of captions asked for pictures; no queries: none */
    size_t retrieval_pictures;
    struct page_entry *entries; /* [count], owned */
    size_t count;
    char missing[PAGE_PART_COUNT]
                [STATUS_TEXT_BYTES]; /* why, and what makes it; empty: it is there */
};

/** Frees entries and what they own. An all-zero page is allowed. */
void page_end(struct page *page);

#endif
