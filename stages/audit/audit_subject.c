#include "stages/audit/audit_subject.h"

#include "core/file.h"
#include "storage/store_reader.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK_ROWS = 65536 };

const char *const audit_place_names[AUDIT_PLACE_COUNT] = {
    [AUDIT_SPEECH] = "speech",       [AUDIT_FEATURES] = "features",
    [AUDIT_UNITS] = "units",         [AUDIT_PICTURES] = "pictures",
    [AUDIT_IMAGES] = "images",       [AUDIT_EMBEDDINGS] = "embeddings",
    [AUDIT_GENERATED] = "generated", [AUDIT_KMEANS] = "kmeans.h5",
    [AUDIT_STORE] = "store.h5",
};

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_hdf5_name(const char *name)
{
    const size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".h5") == 0;
}

double audit_nominal_bytes(const struct footprint_object *object)
{
    return object->is_dataset
               ? (double)object->rows * (double)object->width * object->value_bits / 8.0
               : 0.0;
}

static void add_footprint(struct audit_files *files, const struct footprint *footprint)
{
    files->file_count++;
    files->bytes += footprint->file_bytes;
    files->data_bytes += footprint->data_bytes;
    files->index_bytes += footprint->index_bytes;
    files->overhead_bytes += footprint->overhead_bytes;
    for (size_t o = 0; o < footprint->object_count; o++)
        files->nominal_bytes += audit_nominal_bytes(&footprint->objects[o]);
}

static enum status add_file(struct audit_subject *subject, enum audit_place place, const char *path)
{
    struct footprint footprint;
    const enum status outcome = footprint_read(&footprint, path);
    if (outcome == STATUS_NOT_FOUND) /* a run at work may replace it just now */
        return STATUS_OK;
    if (outcome == STATUS_CORRUPT) {
        const struct footprint damaged = { .file_bytes = file_bytes(path),
                                           .overhead_bytes = file_bytes(path) };
        add_footprint(&subject->places[place], &damaged);
        subject->places[place].damaged_count++;
        return STATUS_OK;
    }
    if (outcome != STATUS_OK)
        return outcome;
    add_footprint(&subject->places[place], &footprint);
    const struct footprint_object *flac = footprint_find(&footprint, "/flac");
    if (place == AUDIT_SPEECH && flac != NULL)
        subject->flac_bytes += flac->logical_bytes;
    footprint_end(&footprint);
    return STATUS_OK;
}

static enum status add_folder(struct audit_subject *subject, enum audit_place place,
                              const char *folder)
{
    enum status outcome = STATUS_OK;
    DIR *listing = opendir(folder);
    if (listing == NULL)
        return errno == ENOENT ? STATUS_OK : file_fail(folder, "cannot list");
    const struct dirent *entry;
    while (outcome == STATUS_OK && (entry = readdir(listing)) != NULL) {
        char path[PATH_BYTES];
        if (!is_hdf5_name(entry->d_name))
            continue;
        outcome = path_join(path, folder, entry->d_name);
        if (outcome == STATUS_OK)
            outcome = add_file(subject, place, path);
    }
    closedir(listing);
    return outcome;
}

/* Rows of a dataset that has one value in each. */
static enum status count_rows(uint64_t *rows, const struct store_reader *reader,
                              const char *dataset)
{
    size_t width = 0;
    const enum status outcome = store_reader_extent(rows, &width, reader, dataset);
    return outcome == STATUS_OK && width != 1
               ? status_fail(STATUS_CORRUPT, "%s: not one value a row", dataset)
               : outcome;
}

static enum status sum_rows(uint64_t *sum, const struct store_reader *reader, const char *dataset)
{
    uint64_t rows = 0;
    uint64_t *values = malloc(BLOCK_ROWS * sizeof *values);
    *sum = 0;
    if (values == NULL)
        return status_fail(STATUS_NO_MEMORY, "audit: %s", dataset);
    enum status outcome = count_rows(&rows, reader, dataset);
    for (uint64_t first = 0; first < rows && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const uint64_t count = rows - first < BLOCK_ROWS ? rows - first : BLOCK_ROWS;
        outcome = store_reader_numbers(values, reader, dataset, first, count, 1);
        for (uint64_t v = 0; v < count && outcome == STATUS_OK; v++)
            *sum += values[v];
    }
    free(values);
    return outcome;
}

/* Pixels of the source pictures: width and height go together, so they are read side by side. */
static enum status sum_pixels(uint64_t *pixels, const struct store_reader *reader,
                              uint64_t pictures)
{
    uint64_t *widths = malloc(2 * BLOCK_ROWS * sizeof *widths);
    if (widths == NULL)
        return status_fail(STATUS_NO_MEMORY, "audit: sizes of pictures");
    uint64_t *heights = widths + BLOCK_ROWS, width_rows = 0, height_rows = 0;
    enum status outcome = count_rows(&width_rows, reader, "/images/width");
    if (outcome == STATUS_OK)
        outcome = count_rows(&height_rows, reader, "/images/height");
    if (outcome == STATUS_OK && (width_rows != pictures || height_rows != pictures))
        outcome = status_fail(STATUS_CORRUPT, "/images: not a width and a height for each picture");
    for (uint64_t first = 0; first < pictures && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const uint64_t count = pictures - first < BLOCK_ROWS ? pictures - first : BLOCK_ROWS;
        outcome = store_reader_numbers(widths, reader, "/images/width", first, count, 1);
        if (outcome == STATUS_OK)
            outcome = store_reader_numbers(heights, reader, "/images/height", first, count, 1);
        for (uint64_t v = 0; v < count && outcome == STATUS_OK; v++)
            *pixels += widths[v] * heights[v];
    }
    free(widths);
    return outcome;
}

static enum status count_speech(struct audit_counts *counts, const struct store_reader *reader,
                                const struct footprint *footprint)
{
    const struct footprint_object *durations = footprint_find(footprint, "/speech/durations");
    counts->duration_bits = durations == NULL ? 0 : durations->value_bits;
    enum status outcome = count_rows(&counts->captions, reader, "/captions/id");
    if (outcome == STATUS_OK)
        outcome = count_rows(&counts->units, reader, "/speech/units");
    if (outcome == STATUS_OK)
        outcome = sum_rows(&counts->samples, reader, "/speech/sample_count");
    if (outcome == STATUS_OK)
        outcome = sum_rows(&counts->frames, reader, "/speech/durations");
    if (outcome == STATUS_OK)
        outcome =
            store_reader_note_number(&counts->speech_codebook, reader, "/speech/units", "codebook");
    return outcome;
}

static enum status count_pictures(struct audit_counts *counts, const struct store_reader *reader)
{
    static const char *const notes[] = { "codebook", "grid_rows", "grid_columns" };
    uint64_t *const numbers[] = { &counts->image_codebook, &counts->grid_rows,
                                  &counts->grid_columns };
    enum status outcome = count_rows(&counts->pictures, reader, "/images/id");
    if (outcome == STATUS_OK && store_reader_has(reader, "/images/duplicates/id"))
        outcome = count_rows(&counts->duplicates, reader, "/images/duplicates/id");
    if (outcome == STATUS_OK)
        outcome = sum_pixels(&counts->source_pixels, reader, counts->pictures);
    if (outcome == STATUS_OK)
        outcome = sum_rows(&counts->source_bytes, reader, "/images/source_bytes");
    for (size_t n = 0; n < sizeof notes / sizeof notes[0] && outcome == STATUS_OK; n++)
        outcome = store_reader_note_number(numbers[n], reader, "/images/units", notes[n]);
    return outcome;
}

static enum status read_store(struct audit_subject *subject, const char *path, bool is_quick)
{
    struct store_reader *reader = NULL;
    enum status outcome = store_reader_open(&reader, path);
    if (outcome == STATUS_OK)
        outcome = footprint_read(&subject->store, path);
    if (outcome == STATUS_OK) {
        subject->has_store = true;
        add_footprint(&subject->places[AUDIT_STORE], &subject->store);
        outcome = count_speech(&subject->counts, reader, &subject->store);
    }
    if (outcome == STATUS_OK)
        outcome = count_pictures(&subject->counts, reader);
    if (outcome == STATUS_OK && !is_quick)
        outcome = audit_tokens_read(&subject->tokens, reader);
    store_reader_close(reader);
    return outcome;
}

static enum status read_run(struct audit_subject *subject, const char *folder, bool is_quick)
{
    char path[PATH_BYTES];
    enum status outcome = path_join(path, folder, "plan.yaml");
    if (outcome == STATUS_OK && !file_exists(path))
        return status_fail(STATUS_INVALID,
                           "%s: neither a run directory (no plan.yaml in it) nor a store", folder);
    subject->is_run = true;
    for (size_t p = 0; p < AUDIT_PLACE_COUNT && outcome == STATUS_OK; p++) {
        outcome = path_join(path, folder, audit_place_names[p]);
        if (outcome != STATUS_OK)
            return outcome;
        if (p == AUDIT_STORE)
            outcome = file_exists(path) ? read_store(subject, path, is_quick) : STATUS_OK;
        else if (p == AUDIT_KMEANS)
            outcome = add_file(subject, AUDIT_KMEANS, path);
        else
            outcome = add_folder(subject, (enum audit_place)p, path);
    }
    return outcome;
}

enum status audit_subject_read(struct audit_subject *out, const char *path, bool is_quick)
{
    *out = (struct audit_subject){ 0 };
    if (!file_exists(path))
        return status_fail(STATUS_NOT_FOUND, "%s: no such run or store", path);
    const enum status outcome =
        is_folder(path) ? read_run(out, path, is_quick) : read_store(out, path, is_quick);
    if (outcome != STATUS_OK)
        audit_subject_end(out);
    return outcome;
}

void audit_subject_end(struct audit_subject *subject)
{
    footprint_end(&subject->store);
    *subject = (struct audit_subject){ 0 };
}
