/** A sentence under construction: bounded text that grows at its end. */
#ifndef SCENES_SENTENCE_H
#define SCENES_SENTENCE_H

#include <stdbool.h>
#include <stddef.h>

enum { SENTENCE_BYTES = 512 };

struct sentence {
    char text[SENTENCE_BYTES];
    size_t length; /* bytes, without the zero at the end */
    bool is_cut;   /* something did not fit */
};

/** Appends as printf does. */
void sentence_add(struct sentence *sentence, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
