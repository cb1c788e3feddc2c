/** The command `unitmill page PLAN --out FOLDER`: a run as a web page to look at and listen to.
 *
 * Reads:  the run of the plan: store, speech, units, generated captions, a contrastive net; the
 *         manifest's pictures; the nets that the plan names. Only the store is needed: what else is
 *         not there is left out, and the page says what makes it.
 * Writes: FOLDER/index.html and its pictures and sounds in FOLDER/media; index.html last, each file
 *         whole or absent. Files of these names are replaced. The same run gives the same bytes.
 * Ranks:  one does the work; it is some ten pictures and captions, and the embeddings of a split
 *
 * The entries are spread evenly over the split's pictures that are in the store, with one caption
 * each: the first of the first picture, the second of the second, and so on. */
#ifndef STAGES_PAGE_PAGE_H
#define STAGES_PAGE_PAGE_H

#include "stages/command_line.h"
#include "stages/run_directory.h"

struct page_options {
    const char *out;         /* a folder, made where it is not there */
    const char *split;       /* "test"; "all": every split */
    size_t pictures;         /* entries, as far as there are pictures; at least 1 */
    const char *contrastive; /* weights for retrieval, or "compact"; NULL: the run's own, if any */
};

enum status page_command(struct command_line *line, int argc, char **argv);

/** Local. Makes the page of a run. Errors: STATUS_NOT_FOUND (no store), STATUS_INVALID (no pictures
 * of the split in it; a net of --contrastive that does not fit), STATUS_CORRUPT, STATUS_IO,
 * STATUS_NO_MEMORY. */
enum status page_make(const struct run *run, const struct page_options *options);

#endif
