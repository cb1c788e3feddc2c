#include "scenes/sentence.h"

#include <stdarg.h>
#include <stdio.h>

void sentence_add(struct sentence *sentence, const char *format, ...)
{
    const size_t left = sizeof sentence->text - sentence->length;
    va_list values;
    va_start(values, format);
    const int wanted = vsnprintf(sentence->text + sentence->length, left, format, values);
    va_end(values);
    if (wanted < 0 || (size_t)wanted >= left) {
        sentence->text[sentence->length] = '\0';
        sentence->is_cut = true;
    } else
        sentence->length += (size_t)wanted;
}
