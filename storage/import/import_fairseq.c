#include "storage/import/import_readers.h"

#include "storage/text_lines.h"

#include <stdlib.h>
#include <string.h>

/* "PATH<TAB>SAMPLES" */
static enum status add_line(struct import_sink *sink, char *text, const char *place)
{
    char *tab = strchr(text, '\t');
    if (tab == NULL || tab == text || tab[1] == '\0' ||
        tab[1 + strspn(tab + 1, "0123456789")] != '\0')
        return import_sink_fail(sink, place, "not PATH, a tab, SAMPLES");
    *tab = '\0';
    if (strtoull(tab + 1, NULL, 10) == 0) {
        import_sink_skip(sink, "audio without samples", place);
        return STATUS_OK;
    }
    char *dot = strrchr(text, '.'), id[IMPORT_PLACE_BYTES];
    const size_t stem = dot == NULL || strchr(dot, '/') != NULL || dot == text
                            ? strlen(text)
                            : (size_t)(dot - text);
    snprintf(id, sizeof id, "%.*s", stem > 200 ? 200 : (int)stem, text);
    const struct import_picture none = { .id = id };
    const struct import_caption caption = { .number = IMPORT_NO_NUMBER, .audio = text };
    const enum status outcome = import_sink_add_picture(sink, text, place, &none);
    return outcome == STATUS_OK ? import_sink_add_caption(sink, text, place, &caption) : outcome;
}

static enum status read_lines(struct import_sink *sink, struct text_lines *lines)
{
    bool is_there = false;
    enum status outcome = text_lines_next(&is_there, lines);
    for (; outcome == STATUS_OK && is_there; outcome = text_lines_next(&is_there, lines)) {
        char place[IMPORT_PLACE_BYTES];
        snprintf(place, sizeof place, ":%zu", lines->number);
        if (strlen(lines->text) != lines->bytes)
            return import_sink_fail(sink, place, "holds a zero byte");
        if (lines->number == 1 && (lines->bytes == 0 || strchr(lines->text, '\t') != NULL))
            return import_sink_fail(sink, place, "not the folder of the audio files");
        if (lines->number == 1)
            outcome = import_sink_set_audio(sink, lines->text);
        else if (lines->bytes > 0)
            outcome = add_line(sink, lines->text, place);
        if (outcome != STATUS_OK)
            return outcome;
    }
    return outcome;
}

enum status import_fairseq(struct import_sink *sink)
{
    struct text_lines lines;
    enum status outcome = text_lines_open(&lines, import_sink_input(sink), IMPORT_LINE_BYTES_MAX);
    if (outcome == STATUS_OK)
        outcome = read_lines(sink, &lines);
    text_lines_close(&lines);
    return outcome;
}
