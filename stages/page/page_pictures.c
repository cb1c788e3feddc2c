/* What the page shows: pictures, what their units give back, and pictures found. */
#include "stages/page/page_answers.h"
#include "stages/page/page_gathering.h"
#include "stages/page/page_media.h"
#include "stages/shipped_nets.h"
#include "stages/unit_source.h"
#include "stages/unit_tables.h"

#include <string.h>

enum { PICTURE_PIXELS = 480, SMALL_PIXELS = 200 };

enum status page_add_picture(char name[PAGE_FILE_BYTES], const struct page_gathering *gathering,
                             size_t image, size_t side_max, const char *ending)
{
    const struct manifest *manifest = &gathering->run->manifest;
    char path[PATH_BYTES], source[PATH_BYTES];
    enum status outcome = page_name_file(name, path, gathering, manifest->images[image].id, ending);
    if (outcome == STATUS_OK)
        outcome = path_join(source, manifest->image_root, manifest->images[image].path);
    if (outcome == STATUS_OK)
        outcome = page_media_picture(path, source, side_max);
    if (outcome == STATUS_CORRUPT) /* it was whole when it became units */
        outcome = status_fail(STATUS_INVALID, "%s", status_text());
    if (outcome != STATUS_OK)
        name[0] = '\0';
    return page_note_missing(gathering, PAGE_PICTURE, outcome);
}

static enum status add_reconstruction(struct page_entry *entry,
                                      const struct page_gathering *gathering,
                                      struct picture_decoder *decoder, struct unit_source *source)
{
    struct unit_grid grid;
    struct rgb_image image = { 0 };
    uint64_t index = 0;
    char path[PATH_BYTES];
    enum status outcome = unit_source_find(&index, source, entry->id);
    if (outcome == STATUS_OK)
        outcome = unit_source_read(&grid, source, index);
    if (outcome == STATUS_OK)
        outcome = picture_decoder_run(&image, decoder, &grid, entry->id);
    if (outcome == STATUS_OK)
        outcome = page_name_file(entry->reconstruction, path, gathering, entry->id, ".units.jpg");
    if (outcome == STATUS_OK)
        outcome = page_media_image(path, &image);
    if (outcome != STATUS_OK)
        entry->reconstruction[0] = '\0';
    rgb_image_end(&image);
    return page_note_missing(gathering, PAGE_RECONSTRUCTION, outcome);
}

static enum status add_reconstructions(const struct page_gathering *gathering)
{
    const struct plan *plan = &gathering->run->plan;
    struct picture_decoder *decoder = NULL;
    struct unit_source *source = NULL;
    enum status outcome =
        picture_decoder_create(&decoder, plan->image_units.vit_vqgan, plan->image_units.config);
    if (outcome == STATUS_OK)
        outcome = unit_source_open(&source, gathering->store);
    const bool is_there = outcome == STATUS_OK;
    outcome = page_note_missing(gathering, PAGE_RECONSTRUCTION, outcome);
    for (size_t e = 0; e < gathering->page->count && is_there && outcome == STATUS_OK; e++)
        outcome = add_reconstruction(&gathering->page->entries[e], gathering, decoder, source);
    unit_source_close(source);
    picture_decoder_destroy(decoder);
    return outcome;
}

enum status page_add_pictures(const struct page_gathering *gathering)
{
    struct page *page = gathering->page;
    enum status outcome = STATUS_OK;
    for (size_t e = 0; e < page->count && outcome == STATUS_OK; e++)
        outcome = page_add_picture(page->entries[e].picture, gathering,
                                   gathering->subjects[e].image, PICTURE_PIXELS, ".jpg");
    return outcome == STATUS_OK ? add_reconstructions(gathering) : outcome;
}

/* The picture that the caption in this row of the store belongs to. */
static enum status add_found(struct page_found *found, const struct page_gathering *gathering,
                             uint64_t row)
{
    const struct manifest *manifest = &gathering->run->manifest;
    const size_t image = manifest->captions[gathering->rows.captions[row]].image;
    found->id = manifest->images[image].id;
    return page_add_picture(found->file, gathering, image, SMALL_PIXELS, ".small.jpg");
}

static enum status ask(const struct page_gathering *gathering, const struct page_answers *answers,
                       size_t e)
{
    struct page_entry *entry = &gathering->page->entries[e];
    const uint64_t row = (uint64_t)gathering->rows.row_of[gathering->subjects[e].caption];
    uint64_t nearest[PAGE_NEAREST_MAX];
    bool right[PAGE_NEAREST_MAX];
    entry->found_count = PAGE_NEAREST_MAX;
    enum status outcome =
        page_answers_ask(nearest, right, &entry->found_count, &entry->rank, answers, row);
    for (size_t f = 0; f < entry->found_count && outcome == STATUS_OK; f++) {
        entry->found[f].is_right = right[f];
        outcome = add_found(&entry->found[f], gathering, nearest[f]);
    }
    return outcome;
}

/* The net that was asked for, or the one that the run trained. */
static enum status find_net(char path[PATH_BYTES], const struct page_gathering *gathering)
{
    const struct run *run = gathering->run;
    const char *wanted = gathering->options->contrastive;
    if (wanted != NULL && strcmp(wanted, plan_compact) == 0)
        return shipped_net_default(&wanted, path, "contrastive");
    if (wanted != NULL)
        return path_join(path, "", wanted);
    const enum status outcome = run_path(path, run, "checkpoints/model.safetensors");
    if (outcome == STATUS_OK &&
        (strcmp(run->plan.pretrain.objective, "contrastive") != 0 || !file_exists(path)))
        return status_fail(STATUS_NOT_FOUND, "no contrastive net: unitmill pretrain with "
                                             "pretrain.objective: contrastive trains one, and "
                                             "--contrastive names one");
    return outcome;
}

enum status page_add_answers(const struct page_gathering *gathering)
{
    const struct page_options *options = gathering->options;
    struct page *page = gathering->page;
    struct page_answers *answers = NULL;
    char path[PATH_BYTES];
    struct unit_table codes = { 0 };
    enum status outcome = find_net(path, gathering);
    if (outcome == STATUS_OK)
        outcome = unit_table_of_images(&codes, gathering->run);
    if (outcome == STATUS_OK) {
        const struct page_question question = {
            .weights = path,
            .store = gathering->store,
            .split = strcmp(options->split, "all") == 0 ? NULL : options->split,
            .image_codes = unit_table_codes(&codes),
            .memory_bytes = gathering->run->plan.pretrain.memory_mib << 20,
        };
        outcome = page_answers_make(&answers, &question);
    }
    unit_table_end(&codes);
    if (outcome != STATUS_OK)
        return options->contrastive != NULL ? outcome
                                            : page_note_missing(gathering, PAGE_RETRIEVAL, outcome);
    page->retrieval = *page_answers_figures(answers);
    page->retrieval_pictures = page_answers_pictures(answers);
    for (size_t e = 0; e < page->count && outcome == STATUS_OK; e++)
        outcome = ask(gathering, answers, e);
    page_answers_end(answers);
    return outcome;
}
