/** Page as HTML: one file without scripts and without addresses of other places. Local. */
#ifndef STAGES_PAGE_PAGE_WRITE_H
#define STAGES_PAGE_PAGE_WRITE_H

#include "stages/page/page_content.h"

#include <stdio.h>

/** Writes the page. The same content gives the same bytes. */
void page_write(FILE *stream, const struct page *page);

/** The style sheet that the page carries: for light and dark. */
extern const char page_style[];

#endif
