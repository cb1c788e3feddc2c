#include "stages/audit/audit_subject.h"

#include "core/file.h"
#include "storage/store_reader.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

static unsigned duration_bits(const struct footprint *store)
{
    const struct footprint_object *durations = footprint_find(store, "/speech/durations");
    return durations == NULL ? 0 : durations->value_bits;
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
        subject->duration_bits = duration_bits(&subject->store);
        outcome = store_counts_read(&subject->counts, reader);
    }
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
