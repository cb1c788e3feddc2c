/** Page gathering: the content of a page in the making, which its parts fill in one after the
 * other. All functions are local. */
#ifndef STAGES_PAGE_PAGE_GATHERING_H
#define STAGES_PAGE_PAGE_GATHERING_H

#include "stages/page/page.h"
#include "stages/page/page_content.h"
#include "stages/page/page_rows.h"

/** What an entry is made from: numbers in the manifest. */
struct page_subject {
    size_t image, caption;
};

struct page_gathering {
    const struct run *run;
    const struct page_options *options;
    struct page *page;
    char store[PATH_BYTES];
    struct page_rows rows;
    struct page_subject *subjects; /* [page->count], owned */
};

/** Names the file of a record: `name` from the page's folder, `path` from here. `ending`: ".wav".
 * Errors: STATUS_INVALID for a path too long. */
enum status page_name_file(char name[PAGE_FILE_BYTES], char path[PATH_BYTES],
                           const struct page_gathering *gathering, const char *id,
                           const char *ending);

/** A part that is not there (STATUS_NOT_FOUND) or does not fit (STATUS_INVALID) is noted, with the
 * newest failure's text, and the page goes on: STATUS_OK. Other outcomes stay as they are. */
enum status page_note_missing(const struct page_gathering *gathering, enum page_part part,
                              enum status outcome);

/** Writes the picture of that number in the manifest, at most `side_max` pixels long; `name` is
 * empty where it is gone, which is noted. Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status page_add_picture(char name[PAGE_FILE_BYTES], const struct page_gathering *gathering,
                             size_t image, size_t side_max, const char *ending);

/** Each fills its parts of all entries, and writes their files. Errors: those of what they read,
 * bar what page_note_missing notes. */
enum status page_add_pictures(const struct page_gathering *gathering);
enum status page_add_sounds(const struct page_gathering *gathering);
enum status page_add_answers(const struct page_gathering *gathering);

#endif
