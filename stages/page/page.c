#include "stages/page/page.h"

#include "stages/page/page_gathering.h"
#include "stages/page/page_write.h"
#include "storage/store_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURES_MAX = 500 };

enum status page_note_missing(const struct page_gathering *gathering, enum page_part part,
                              enum status outcome)
{
    char *note = gathering->page->missing[part];
    if (outcome != STATUS_NOT_FOUND && outcome != STATUS_INVALID)
        return outcome;
    if (note[0] == '\0')
        snprintf(note, STATUS_TEXT_BYTES, "%s", status_text());
    return STATUS_OK;
}

enum status page_name_file(char name[PAGE_FILE_BYTES], char path[PATH_BYTES],
                           const struct page_gathering *gathering, const char *id,
                           const char *ending)
{
    char record[RECORD_NAME_BYTES];
    record_name(record, id);
    snprintf(name, PAGE_FILE_BYTES, "media/%s%s", record, ending);
    return path_join(path, gathering->options->out, name);
}

static enum status read_store(struct page_gathering *gathering)
{
    const struct run *run = gathering->run;
    struct store_reader *reader = NULL;
    enum status outcome = run_path(gathering->store, run, "store.h5");
    if (outcome == STATUS_OK)
        outcome = store_reader_open(&reader, gathering->store);
    if (outcome == STATUS_NOT_FOUND)
        return status_fail(outcome, "%s; unitmill pack makes it", status_text());
    if (outcome == STATUS_OK)
        outcome = store_counts_read(&gathering->page->counts, reader);
    if (outcome == STATUS_OK)
        outcome = page_rows_read(&gathering->rows, reader, &run->manifest);
    gathering->page->store_bytes = file_bytes(gathering->store);
    store_reader_close(reader);
    return outcome;
}

/* Captions of a picture that are in the store, and the one that comes `wanted` from the first. */
static size_t count_captions(size_t *caption, const struct page_gathering *gathering, size_t image,
                             size_t wanted)
{
    const struct manifest_image *picture = &gathering->run->manifest.images[image];
    size_t count = 0;
    for (size_t c = 0; c < picture->caption_count; c++)
        if (gathering->rows.row_of[picture->first_caption + c] != PAGE_NO_ROW && count++ == wanted)
            *caption = picture->first_caption + c;
    return count;
}

static bool is_candidate(const struct page_gathering *gathering, size_t image)
{
    const struct manifest_image *picture = &gathering->run->manifest.images[image];
    const char *split = gathering->options->split;
    size_t caption = 0;
    return picture->reject == NULL && picture->path[0] != '\0' &&
           (strcmp(split, "all") == 0 || strcmp(split, picture->split) == 0) &&
           count_captions(&caption, gathering, image, 0) > 0;
}

static void begin_entry(const struct page_gathering *gathering, size_t entry, size_t image)
{
    const struct manifest *manifest = &gathering->run->manifest;
    struct page_subject *subject = &gathering->subjects[entry];
    const size_t captions = count_captions(&subject->caption, gathering, image, SIZE_MAX);
    count_captions(&subject->caption, gathering, image, entry % captions);
    subject->image = image;
    gathering->page->entries[entry].id = manifest->images[image].id;
    gathering->page->entries[entry].text = manifest->captions[subject->caption].text;
    gathering->page->entries[entry].language = manifest->captions[subject->caption].language;
}

static enum status choose(struct page_gathering *gathering)
{
    const size_t wanted = gathering->options->pictures;
    struct page *page = gathering->page;
    size_t candidates = 0, seen = 0;
    for (size_t i = 0; i < gathering->run->manifest.image_count; i++)
        candidates += is_candidate(gathering, i);
    const size_t count = candidates < wanted ? candidates : wanted;
    if (count == 0)
        return status_fail(STATUS_INVALID, "--split %.60s: the store has no such pictures",
                           gathering->options->split);
    page->entries = calloc(count, sizeof *page->entries);
    gathering->subjects = calloc(count, sizeof *gathering->subjects);
    if (page->entries == NULL || gathering->subjects == NULL)
        return status_fail(STATUS_NO_MEMORY, "a page of %zu pictures", count);
    for (size_t i = 0; page->count < count; i++)
        if (is_candidate(gathering, i) && seen++ == page->count * candidates / count)
            begin_entry(gathering, page->count++, i);
    return STATUS_OK;
}

static enum status gather(struct page_gathering *gathering)
{
    char media[PATH_BYTES];
    enum status outcome = read_store(gathering);
    if (outcome == STATUS_OK)
        outcome = choose(gathering);
    if (outcome == STATUS_OK)
        outcome = path_join(media, gathering->options->out, "media");
    if (outcome == STATUS_OK)
        outcome = folder_make(media);
    if (outcome == STATUS_OK)
        outcome = page_add_answers(gathering);
    if (outcome == STATUS_OK)
        outcome = page_add_pictures(gathering);
    return outcome == STATUS_OK ? page_add_sounds(gathering) : outcome;
}

static enum status publish(const struct page *page, const char *path)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    if (stream == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s", path);
    page_write(stream, page);
    const bool is_whole = ferror(stream) == 0;
    enum status outcome = fclose(stream) == 0 && is_whole
                              ? file_write(path, text, bytes)
                              : status_fail(STATUS_NO_MEMORY, "%s", path);
    free(text);
    return outcome;
}

enum status page_make(const struct run *run, const struct page_options *options)
{
    struct page page = { .run = path_name(run->plan.run), .split = options->split };
    struct page_gathering gathering = { .run = run, .options = options, .page = &page };
    char path[PATH_BYTES];
    enum status outcome = path_join(path, options->out, "index.html");
    if (outcome == STATUS_OK)
        outcome = gather(&gathering);
    if (outcome == STATUS_OK)
        outcome = publish(&page, path);
    if (outcome == STATUS_OK)
        printf("%s\n", path);
    page_rows_end(&gathering.rows);
    free(gathering.subjects);
    page_end(&page);
    return outcome;
}

enum status page_command(struct command_line *line, int argc, char **argv)
{
    struct run run;
    struct page_options wanted = { .split = "test", .pictures = 8 };
    const struct option options[] = {
        { "out", OPTION_TEXT, &wanted.out, "FOLDER", "folder for index.html and its media" },
        { "split", OPTION_TEXT, &wanted.split, "SPLIT", "test (default), val, train or all" },
        { "pictures", OPTION_COUNT, &wanted.pictures, "N", "pictures to show (default 8)" },
        { "contrastive", OPTION_TEXT, &wanted.contrastive, "FILE",
          "weights that find pictures for spoken captions, or compact (default: the run's own, if "
          "any)" },
    };
    if (!command_begin(line, options, sizeof options / sizeof options[0], argc, argv))
        return STATUS_OK;
    if (wanted.out == NULL)
        return command_usage(line, "expected --out FOLDER");
    if (wanted.pictures < 1 || wanted.pictures > PICTURES_MAX)
        return command_usage(line, "--pictures is 1 to 500");
    enum status outcome = run_open(&run, &line->team, line->operands[0], &line->sets);
    if (outcome == STATUS_OK && line->team.rank == 0)
        outcome = page_make(&run, &wanted);
    outcome = team_agree(&line->team, "page", outcome);
    run_close(&run);
    return outcome;
}
