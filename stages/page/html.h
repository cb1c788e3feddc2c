/** HTML: text of records, which may hold anything, made harmless. Local. */
#ifndef STAGES_PAGE_HTML_H
#define STAGES_PAGE_HTML_H

#include <stdio.h>

/** Writes UTF-8 text so that it is text between tags and inside quoted attributes alike: & < > " '
 * become references; controls, and characters that turn the direction of the text around them,
 * become U+FFFD. NULL is empty. */
void html_text(FILE *stream, const char *text);

#endif
