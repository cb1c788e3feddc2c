#include "stages/export/export_pictures.h"

#include "core/digest.h"
#include "stages/unit_source.h"
#include "storage/png_image.h"

#include <stdlib.h>
#include <string.h>

enum { GAP_PIXELS = 8, GREY = 128, WHITE = 255 };

static enum status write_png(struct export_job *job, const char *ending,
                             const struct rgb_image *image)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    enum status outcome = png_image_encode(&bytes, &byte_count, image);
    if (outcome == STATUS_OK)
        outcome = export_write(job, ending, bytes, byte_count);
    free(bytes);
    return outcome;
}

enum status export_source_path(char path[PATH_BYTES], const struct export_job *job, const char *id)
{
    if (job->run == NULL)
        return status_fail(STATUS_NOT_FOUND, "%s", job->run_missing);
    const struct manifest *manifest = &job->run->manifest;
    for (size_t i = 0; i < manifest->image_count; i++)
        if (manifest->images[i].reject == NULL && strcmp(manifest->images[i].id, id) == 0)
            return path_join(path, manifest->image_root, manifest->images[i].path);
    return status_fail(STATUS_NOT_FOUND, "the manifest has no picture %.100s", id);
}

/* With the very weights that made the units. */
static enum status load_decoder(struct picture_decoder **out, const struct export_job *job)
{
    *out = NULL;
    if (job->run == NULL)
        return status_fail(STATUS_NOT_FOUND, "%s", job->run_missing);
    char digest[DIGEST_TEXT_BYTES];
    const struct plan *plan = &job->run->plan;
    enum status outcome = digest_file(digest, plan->image_units.vit_vqgan);
    if (outcome == STATUS_OK && plan->digests.vit_vqgan != NULL &&
        strcmp(digest, plan->digests.vit_vqgan) != 0)
        outcome = status_fail(STATUS_INVALID, "%s: not the weights that the units were made with",
                              plan->image_units.vit_vqgan);
    return outcome == STATUS_OK
               ? picture_decoder_create(out, plan->image_units.vit_vqgan, plan->image_units.config)
               : outcome;
}

enum status export_reconstruction(struct export_job *job, const struct unit_grid *grid)
{
    struct picture_decoder *decoder = NULL;
    struct rgb_image image = { 0 };
    if (job->run == NULL) /* said already, where the source is */
        return STATUS_OK;
    enum status outcome = load_decoder(&decoder, job);
    if (outcome == STATUS_OK)
        outcome = picture_decoder_run(&image, decoder, grid, job->options->image);
    if (outcome == STATUS_OK)
        outcome = write_png(job, ".reconstruction.png", &image);
    else if (outcome != STATUS_NO_MEMORY) {
        export_note(job, "no reconstruction: %s", status_text());
        outcome = STATUS_OK;
    }
    rgb_image_end(&image);
    picture_decoder_destroy(decoder);
    return outcome;
}

/* A sheet at work: pairs of pictures in rows. */
struct sheet {
    struct export_job *job;
    struct unit_source *source;
    struct picture_decoder *decoder;
    enum resize_filter filter;
    size_t pairs, across; /* in all, and in a row */
    struct rgb_image image;
};

/* About as wide as high. */
static size_t pairs_across(size_t pairs)
{
    size_t across = 1;
    while (2 * across * across < pairs)
        across++;
    return across;
}

static enum status begin_image(struct sheet *sheet, size_t width, size_t height)
{
    const size_t down = (sheet->pairs + sheet->across - 1) / sheet->across;
    const enum status outcome =
        rgb_image_begin(&sheet->image, sheet->across * (2 * width + 2 * GAP_PIXELS) + GAP_PIXELS,
                        down * (height + GAP_PIXELS) + GAP_PIXELS, 0, "the contact sheet");
    if (outcome == STATUS_OK)
        memset(sheet->image.pixels, WHITE, sheet->image.width * sheet->image.height * 3);
    return outcome;
}

/* `column`: 0 for the original, 1 for what its units give. A NULL `picture` is grey. */
static void place(struct sheet *sheet, size_t pair, size_t column, const struct rgb_image *picture,
                  const struct rgb_image *size)
{
    const size_t width = size->width, height = size->height;
    const size_t left = GAP_PIXELS + pair % sheet->across * (2 * width + 2 * GAP_PIXELS) +
                        column * (width + GAP_PIXELS / 2);
    const size_t top = GAP_PIXELS + pair / sheet->across * (height + GAP_PIXELS);
    for (size_t y = 0; y < height; y++) {
        uint8_t *target = sheet->image.pixels + ((top + y) * sheet->image.width + left) * 3;
        if (picture == NULL)
            memset(target, GREY, width * 3);
        else
            memcpy(target, picture->pixels + y * width * 3, width * 3);
    }
}

static enum status read_original(struct rgb_image *out, const struct sheet *sheet,
                                 const struct unit_grid *grid, const char *id)
{
    char path[PATH_BYTES];
    const enum status outcome = export_source_path(path, sheet->job, id);
    return outcome == STATUS_OK ? picture_decoder_original(out, sheet->decoder, path, sheet->filter,
                                                           grid->rows, grid->columns)
                                : outcome;
}

static enum status add_pair(struct sheet *sheet, size_t pair)
{
    struct rgb_image decoded = { 0 }, original = { 0 };
    struct unit_grid grid;
    const char *id = NULL;
    const uint64_t row = pair * unit_source_count(sheet->source) / sheet->pairs;
    enum status outcome = unit_source_id(&id, sheet->source, row);
    if (outcome == STATUS_OK)
        outcome = unit_source_read(&grid, sheet->source, row);
    if (outcome == STATUS_OK)
        outcome = picture_decoder_run(&decoded, sheet->decoder, &grid, id);
    if (outcome == STATUS_OK && pair == 0)
        outcome = begin_image(sheet, decoded.width, decoded.height);
    if (outcome == STATUS_OK) {
        const bool is_there = read_original(&original, sheet, &grid, id) == STATUS_OK;
        if (!is_there)
            export_note(sheet->job, "no original of %.100s: %s", id, status_text());
        place(sheet, pair, 0, is_there ? &original : NULL, &decoded);
        place(sheet, pair, 1, &decoded, &decoded);
    }
    rgb_image_end(&decoded);
    rgb_image_end(&original);
    return outcome;
}

enum status export_contact_sheet(struct export_job *job)
{
    struct sheet sheet = { .job = job };
    enum status outcome = load_decoder(&sheet.decoder, job);
    if (outcome == STATUS_OK)
        outcome = resize_filter_parse(&sheet.filter, job->run->plan.image_units.resize);
    if (outcome == STATUS_OK)
        outcome = unit_source_open(&sheet.source, job->options->store);
    if (outcome == STATUS_OK) {
        const uint64_t count = unit_source_count(sheet.source);
        sheet.pairs =
            count < job->options->contact_sheet ? (size_t)count : job->options->contact_sheet;
        sheet.across = pairs_across(sheet.pairs);
        if (count == 0)
            outcome = status_fail(STATUS_INVALID, "%s: it holds no pictures", job->options->store);
    }
    for (size_t pair = 0; pair < sheet.pairs && outcome == STATUS_OK; pair++)
        outcome = add_pair(&sheet, pair);
    if (outcome == STATUS_OK)
        outcome = write_png(job, ".png", &sheet.image);
    rgb_image_end(&sheet.image);
    unit_source_close(sheet.source);
    picture_decoder_destroy(sheet.decoder);
    return outcome;
}
