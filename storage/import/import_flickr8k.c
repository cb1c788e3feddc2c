#include "storage/import/import_readers.h"

#include "storage/text_lines.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 1024 };

struct line {
    char name[NAME_BYTES];
    uint64_t number; /* IMPORT_NO_NUMBER where the line tells none */
    char *text;      /* in the line */
};

/* "NAME#K<TAB>CAPTION", cut up in place. */
static bool cut_token(struct line *line, char *text)
{
    char *tab = strchr(text, '\t');
    if (tab == NULL)
        return false;
    *tab = '\0';
    char *hash = strrchr(text, '#');
    if (hash == NULL || hash[1] == '\0' || strlen(hash + 1) > 6 ||
        hash[1 + strspn(hash + 1, "0123456789")] != '\0')
        return false;
    *hash = '\0';
    line->number = strtoull(hash + 1, NULL, 10);
    line->text = tab + 1;
    return snprintf(line->name, NAME_BYTES, "%s", text) < NAME_BYTES && text[0] != '\0';
}

/* A caption that was quoted because it holds commas: quotes around it, those in it doubled. */
static void unquote(char *text)
{
    const size_t length = strlen(text);
    if (length < 2 || text[0] != '"' || text[length - 1] != '"')
        return;
    for (size_t at = 1; at < length - 1; at++)
        if (text[at] == '"' && (++at == length - 1 || text[at] != '"'))
            return;
    size_t used = 0;
    for (size_t at = 1; at < length - 1; at++) {
        text[used++] = text[at];
        at += text[at] == '"';
    }
    text[used] = '\0';
}

/* "NAME,CAPTION": names hold no comma, captions do. */
static bool cut_row(struct line *line, char *text)
{
    char *comma = strchr(text, ',');
    if (comma == NULL || comma == text)
        return false;
    *comma = '\0';
    line->text = comma + 1;
    line->number = IMPORT_NO_NUMBER;
    unquote(line->text);
    return snprintf(line->name, NAME_BYTES, "%s", text) < NAME_BYTES;
}

/* The audio of Flickr8k's spoken captions; NULL where none is asked for. */
static const char *name_audio(char audio[NAME_BYTES + 32], const struct import_sink *sink,
                              const struct line *line, uint64_t position)
{
    const char *dot = strrchr(line->name, '.');
    const int stem = dot == NULL ? (int)strlen(line->name) : (int)(dot - line->name);
    if (import_sink_options(sink)->audio == NULL)
        return NULL;
    snprintf(audio, NAME_BYTES + 32, "%.*s_%llu.wav", stem, line->name,
             (unsigned long long)(line->number == IMPORT_NO_NUMBER ? position : line->number));
    return audio;
}

static enum status add_line(struct import_sink *sink, const struct line *line, uint64_t position,
                            const char *place)
{
    char audio[NAME_BYTES + 32];
    const struct import_picture picture = { .path = line->name };
    const struct import_caption caption = { .number = line->number,
                                            .text = line->text,
                                            .audio = name_audio(audio, sink, line, position) };
    const enum status outcome = import_sink_add_picture(sink, line->name, place, &picture);
    return outcome == STATUS_OK ? import_sink_add_caption(sink, line->name, place, &caption)
                                : outcome;
}

static enum status read_lines(struct import_sink *sink, struct text_lines *lines)
{
    struct line line = { .text = NULL };
    char previous[NAME_BYTES] = "", place[IMPORT_PLACE_BYTES];
    uint64_t position = 0; /* of the caption among those of its picture that stand together */
    bool is_there = false, has_header = false;
    enum status outcome = text_lines_next(&is_there, lines);
    for (; outcome == STATUS_OK && is_there; outcome = text_lines_next(&is_there, lines)) {
        snprintf(place, sizeof place, ":%zu", lines->number);
        if (strlen(lines->text) != lines->bytes)
            return import_sink_fail(sink, place, "holds a zero byte");
        if (lines->number == 1 && strcmp(lines->text, "image,caption") == 0) {
            has_header = true;
            continue;
        }
        if (lines->bytes == 0)
            continue;
        if (!(has_header ? cut_row(&line, lines->text) : cut_token(&line, lines->text)))
            return import_sink_fail(sink, place,
                                    has_header
                                        ? "not NAME,CAPTION"
                                        : "not NAME#K, a tab, CAPTION (and the first line is "
                                          "not image,caption)");
        position = strcmp(line.name, previous) == 0 ? position + 1 : 0;
        snprintf(previous, sizeof previous, "%s", line.name);
        if ((outcome = add_line(sink, &line, position, place)) != STATUS_OK)
            return outcome;
    }
    return outcome;
}

enum status import_flickr8k(struct import_sink *sink)
{
    struct text_lines lines;
    enum status outcome = text_lines_open(&lines, import_sink_input(sink), IMPORT_LINE_BYTES_MAX);
    if (outcome == STATUS_OK)
        outcome = read_lines(sink, &lines);
    text_lines_close(&lines);
    return outcome;
}
