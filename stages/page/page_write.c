#include "stages/page/page_write.h"

#include "stages/page/html.h"

#include <inttypes.h>
#include <stdlib.h>

enum { RATE_HZ = 16000, SAMPLE_BYTES = 2, PIXEL_BYTES = 3 };

void page_end(struct page *page)
{
    for (size_t e = 0; e < page->count; e++) {
        for (size_t s = 0; s < page->entries[e].said_count; s++)
            free(page->entries[e].said[s].heard);
        free(page->entries[e].said);
    }
    free(page->entries);
    *page = (struct page){ 0 };
}

static void write_bytes(FILE *stream, double bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    size_t unit = 0;
    while (bytes >= 1000.0 && unit < sizeof units / sizeof units[0] - 1) {
        bytes /= 1000.0;
        unit++;
    }
    fprintf(stream, "%.*f %s", unit == 0 || bytes >= 100.0 ? 0 : 1, bytes, units[unit]);
}

static double raw_bytes(const struct store_counts *counts)
{
    return (double)counts->samples * SAMPLE_BYTES + (double)counts->source_pixels * PIXEL_BYTES;
}

static void write_seconds(FILE *stream, double seconds)
{
    if (seconds >= 5400.0)
        fprintf(stream, "%.1f hours", seconds / 3600.0);
    else
        fprintf(stream, "%.1f minutes", seconds / 60.0);
}

static void write_flow(FILE *stream, const struct page *page)
{
    const struct store_counts *counts = &page->counts;
    fputs("<p>Captions were spoken; their speech became units, one of ", stream);
    fprintf(stream, "%" PRIu64 " for every 20 ms; each picture became ", counts->speech_codebook);
    fprintf(stream, "%" PRIu64 " &times; %" PRIu64 " units, each one of %" PRIu64,
            counts->grid_rows, counts->grid_columns, counts->image_codebook);
    fputs(". One store holds both: ", stream);
    write_bytes(stream, (double)page->store_bytes);
    fputs(" in place of ", stream);
    write_bytes(stream, raw_bytes(counts));
    fputs(" of raw sound and pixels", stream);
    if (page->store_bytes > 0)
        fprintf(stream, ", %.0f times less", raw_bytes(counts) / (double)page->store_bytes);
    fputs(".</p>\n", stream);
}

static void begin_figure(FILE *stream, const char *name)
{
    fprintf(stream, "<div><dt>%s</dt><dd>", name);
}

static void write_count(FILE *stream, const char *name, uint64_t count)
{
    begin_figure(stream, name);
    fprintf(stream, "%" PRIu64 "</dd></div>\n", count);
}

static void write_share(FILE *stream, const char *name, double share)
{
    begin_figure(stream, name);
    fprintf(stream, "%.1f %%</dd></div>\n", 100.0 * share);
}

static void write_figures(FILE *stream, const struct page *page)
{
    const struct store_counts *counts = &page->counts;
    fputs("<dl class=\"figures\">\n", stream);
    write_count(stream, "pictures", counts->pictures + counts->duplicates);
    write_count(stream, "captions", counts->captions);
    begin_figure(stream, "speech");
    write_seconds(stream, (double)counts->samples / RATE_HZ);
    fputs("</dd></div>\n", stream);
    write_count(stream, "speech units, repeats dropped", counts->units);
    write_count(stream, "image units", counts->pictures * counts->grid_rows * counts->grid_columns);
    begin_figure(stream, "store");
    write_bytes(stream, (double)page->store_bytes);
    fputs("</dd></div>\n</dl>\n", stream);
}

static void write_retrieval(FILE *stream, const struct page *page)
{
    if (page->retrieval.queries == 0)
        return;
    fprintf(stream,
            "<h2>Asked aloud</h2>\n<p>%zu spoken captions, each asked for its picture among %zu. "
            "It was the nearest, among the nearest five, among the nearest ten:</p>\n"
            "<dl class=\"figures\">\n",
            page->retrieval.queries, page->retrieval_pictures);
    write_share(stream, "R@1", page->retrieval.recall_at_1);
    write_share(stream, "R@5", page->retrieval.recall_at_5);
    write_share(stream, "R@10", page->retrieval.recall_at_10);
    begin_figure(stream, "median rank");
    fprintf(stream, "%.1f</dd></div>\n</dl>\n", page->retrieval.median_rank);
}

static void write_image(FILE *stream, const char *file, const char *alternative)
{
    fputs("<img loading=\"lazy\" src=\"", stream);
    html_text(stream, file);
    fputs("\" alt=\"", stream);
    html_text(stream, alternative);
    fputs("\">", stream);
}

static void write_figure(FILE *stream, const char *file, const char *id, const char *what)
{
    if (file[0] == '\0')
        return;
    fputs("<figure>", stream);
    write_image(stream, file, id);
    fprintf(stream, "<figcaption>%s</figcaption></figure>\n", what);
}

static void write_sound(FILE *stream, const char *file, const char *what)
{
    if (file[0] == '\0')
        return;
    fprintf(stream, "<dt>%s</dt><dd><audio controls preload=\"none\" src=\"", what);
    html_text(stream, file);
    fputs("\"></audio></dd>\n", stream);
}

static void write_heard(FILE *stream, const char *heard)
{
    if (heard == NULL)
        return;
    fputs("<dt>what a recogniser of English understands of that</dt><dd>", stream);
    if (heard[0] == '\0')
        fputs("nothing", stream);
    else {
        fputs("<q>", stream);
        html_text(stream, heard);
        fputs("</q>", stream);
    }
    fputs("</dd>\n", stream);
}

static void write_words(FILE *stream, const struct page_entry *entry)
{
    fputs("<div>\n<p class=\"caption\" dir=\"auto\" lang=\"", stream);
    html_text(stream, entry->language);
    fputs("\">", stream);
    html_text(stream, entry->text);
    fputs("</p>\n<dl class=\"sounds\">\n", stream);
    write_sound(stream, entry->speech, "the caption, spoken");
    write_sound(stream, entry->resynthesis, "the same, from its units");
    for (size_t s = 0; s < entry->said_count; s++) {
        write_sound(stream, entry->said[s].file, "what the model says of the picture");
        write_heard(stream, entry->said[s].heard);
    }
    fputs("</dl>\n</div>\n", stream);
}

static void write_found(FILE *stream, const struct page_entry *entry)
{
    if (entry->found_count == 0)
        return;
    fprintf(stream,
            "<div class=\"asked\">\n<p class=\"soft\">Asked with the spoken caption: its picture "
            "is number <strong>%zu</strong> of the nearest; these are the first.</p>\n<ol>\n",
            entry->rank);
    for (size_t f = 0; f < entry->found_count; f++) {
        const struct page_found *found = &entry->found[f];
        fputs(found->is_right ? "<li class=\"right\">" : "<li>", stream);
        if (found->file[0] != '\0')
            write_image(stream, found->file, found->id);
        else
            html_text(stream, found->id);
        fputs("</li>\n", stream);
    }
    fputs("</ol>\n</div>\n", stream);
}

static void write_entry(FILE *stream, const struct page_entry *entry)
{
    fputs("<article>\n<div>\n<div class=\"pair\">\n", stream);
    write_figure(stream, entry->picture, entry->id, "the picture");
    write_figure(stream, entry->reconstruction, entry->id, "what its units give back");
    fputs("</div>\n<p class=\"soft\">", stream);
    html_text(stream, entry->id);
    fputs("</p>\n</div>\n", stream);
    write_words(stream, entry);
    write_found(stream, entry);
    fputs("</article>\n", stream);
}

static void write_missing(FILE *stream, const struct page *page)
{
    static const char *const names[PAGE_PART_COUNT] = {
        [PAGE_PICTURE] = "pictures",
        [PAGE_RECONSTRUCTION] = "pictures from units",
        [PAGE_SPEECH] = "speech",
        [PAGE_RESYNTHESIS] = "speech from units",
        [PAGE_GENERATED] = "captions that a model says",
        [PAGE_HEARD] = "what a recogniser understands",
        [PAGE_RETRIEVAL] = "pictures asked for aloud",
    };
    bool has_begun = false;
    for (size_t p = 0; p < PAGE_PART_COUNT; p++) {
        if (page->missing[p][0] == '\0')
            continue;
        if (!has_begun)
            fputs("<h2>Not on this page</h2>\n<ul class=\"soft\">\n", stream);
        has_begun = true;
        fprintf(stream, "<li>%s: ", names[p]);
        html_text(stream, page->missing[p]);
        fputs("</li>\n", stream);
    }
    if (has_begun)
        fputs("</ul>\n", stream);
}

void page_write(FILE *stream, const struct page *page)
{
    fprintf(stream,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
            "<title>unitmill: a run to look at and listen to</title>\n<style>\n%s</style>\n"
            "</head>\n<body>\n<header>\n<h1>Pictures and speech as units</h1>\n"
            "<p class=\"soft\">run ",
            page_style);
    html_text(stream, page->run);
    fprintf(stream, ", %zu pictures of split ", page->count);
    html_text(stream, page->split);
    fputs("</p>\n", stream);
    write_flow(stream, page);
    write_figures(stream, page);
    write_retrieval(stream, page);
    fputs("</header>\n<main>\n", stream);
    for (size_t e = 0; e < page->count; e++)
        write_entry(stream, &page->entries[e]);
    write_missing(stream, page);
    fputs("</main>\n</body>\n</html>\n", stream);
}
