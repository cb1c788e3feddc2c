#include "storage/zip_members.h"

#include "core/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS_MAX = 1000000, UNPACKED_RATIO_MAX = 8 };

struct reading {
    struct archive *archive;
    struct zip_members *out;
    const uint8_t *bytes;
    size_t byte_count;
    size_t unpacked_left;
    size_t capacity;
    char *folder; /* owned: the top folder; NULL before the first member */
    const char *name;
};

static enum status fail(const struct reading *reading, const char *member, const char *fact)
{
    return status_fail(STATUS_CORRUPT, "%s: member %.100s: %s", reading->name, member, fact);
}

static enum status fail_in_archive(const struct reading *reading, const char *member)
{
    const char *fact = archive_error_string(reading->archive);
    return fail(reading, member, fact != NULL ? fact : "unreadable");
}

/* All members share the first component of the first one's path; the rest is the name. */
static enum status take_name(struct zip_member *member, struct reading *reading, const char *path)
{
    const char *slash = strchr(path, '/');
    if (slash == NULL || !path_stays_inside(path))
        return fail(reading, path, "not inside a folder of the archive");
    const size_t folder_bytes = (size_t)(slash - path);
    if (reading->folder == NULL)
        reading->folder = strndup(path, folder_bytes);
    member->name = strdup(slash + 1);
    if (reading->folder == NULL || member->name == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: member names", reading->name);
    if (strncmp(path, reading->folder, folder_bytes) != 0 || reading->folder[folder_bytes] != '\0')
        return fail(reading, path, "not in the folder of the others");
    return STATUS_OK;
}

static bool is_inside(const struct reading *reading, const void *block, size_t byte_count)
{
    const uintptr_t begin = (uintptr_t)reading->bytes, at = (uintptr_t)block;
    return at >= begin && at - begin <= reading->byte_count &&
           byte_count <= reading->byte_count - (at - begin);
}

struct block {
    const void *bytes;
    size_t byte_count;
    la_int64_t offset; /* in the member */
};

/* libarchive may close a member with an empty block. */
static int read_block(struct block *block, struct reading *reading)
{
    int code = ARCHIVE_OK;
    do
        code = archive_read_data_block(reading->archive, &block->bytes, &block->byte_count,
                                       &block->offset);
    while (code == ARCHIVE_OK && block->byte_count == 0);
    return code;
}

/* Copies the blocks of a member, of which the first has been read, into a buffer of its own. */
static enum status copy_blocks(struct zip_member *member, struct reading *reading,
                               struct block block)
{
    uint8_t *copy = member->owned = malloc(member->byte_count + 1);
    if (copy == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: member %s", reading->name, member->name);
    size_t at = 0;
    int code = ARCHIVE_OK;
    for (; code == ARCHIVE_OK; code = read_block(&block, reading)) {
        if (block.offset != (la_int64_t)at || block.byte_count > member->byte_count - at)
            return fail(reading, member->name, "larger than it says");
        memcpy(copy + at, block.bytes, block.byte_count);
        at += block.byte_count;
    }
    if (code != ARCHIVE_EOF)
        return fail_in_archive(reading, member->name);
    if (at != member->byte_count)
        return fail(reading, member->name, "smaller than it says");
    member->bytes = copy;
    return STATUS_OK;
}

/* What is stored plainly comes as one block that lies in the archive's own bytes: the ranks of a
 * node then share it. Everything else is copied. */
static enum status take_bytes(struct zip_member *member, struct reading *reading)
{
    struct block block = { 0 };
    int code = read_block(&block, reading);
    if (code == ARCHIVE_EOF && member->byte_count == 0) {
        member->bytes = reading->bytes;
        return STATUS_OK;
    }
    if (code != ARCHIVE_OK)
        return code == ARCHIVE_EOF ? fail(reading, member->name, "smaller than it says")
                                   : fail_in_archive(reading, member->name);
    if (block.byte_count != member->byte_count || block.offset != 0 ||
        !is_inside(reading, block.bytes, block.byte_count))
        return copy_blocks(member, reading, block);

    member->bytes = block.bytes;
    code = read_block(&block, reading);
    return code == ARCHIVE_EOF ? STATUS_OK : fail_in_archive(reading, member->name);
}

static enum status take_member(struct zip_member *member, struct reading *reading,
                               struct archive_entry *entry)
{
    const char *path = archive_entry_pathname_utf8(entry);
    if (path == NULL)
        path = archive_entry_pathname(entry);
    if (path == NULL)
        return fail(reading, "?", "its name is not readable");
    enum status outcome = take_name(member, reading, path);
    if (outcome != STATUS_OK)
        return outcome;

    const la_int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : -1;
    if (size < 0 || (uint64_t)size > reading->unpacked_left)
        return fail(reading, path, "its size is not told or beyond eight times the archive");
    member->byte_count = (size_t)size;
    reading->unpacked_left -= (size_t)size;
    return take_bytes(member, reading);
}

static enum status grow(struct reading *reading)
{
    struct zip_members *out = reading->out;
    if (out->count < reading->capacity)
        return STATUS_OK;
    if (out->count == MEMBERS_MAX)
        return fail(reading, "?", "more members than any weights file has");
    const size_t capacity = reading->capacity * 2 + 64;
    struct zip_member *grown = realloc(out->members, capacity * sizeof *grown);
    if (grown == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: members", reading->name);
    memset(grown + out->count, 0, (capacity - out->count) * sizeof *grown);
    out->members = grown;
    reading->capacity = capacity;
    return STATUS_OK;
}

static enum status take_members(struct reading *reading)
{
    struct archive_entry *entry = NULL;
    for (;;) {
        const int code = archive_read_next_header(reading->archive, &entry);
        if (code == ARCHIVE_EOF)
            return STATUS_OK;
        /* A warning is about a name in another character set; the bytes are well. */
        if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
            return fail_in_archive(reading, "?");
        if (archive_entry_filetype(entry) == AE_IFDIR)
            continue;
        enum status outcome = grow(reading);
        if (outcome == STATUS_OK)
            outcome = take_member(&reading->out->members[reading->out->count++], reading, entry);
        if (outcome != STATUS_OK)
            return outcome;
    }
}

static int compare_members(const void *left, const void *right)
{
    return strcmp(((const struct zip_member *)left)->name,
                  ((const struct zip_member *)right)->name);
}

static enum status sort(struct reading *reading)
{
    struct zip_members *out = reading->out;
    if (out->count > 0)
        qsort(out->members, out->count, sizeof *out->members, compare_members);
    for (size_t m = 1; m < out->count; m++)
        if (strcmp(out->members[m - 1].name, out->members[m].name) == 0)
            return fail(reading, out->members[m].name, "is there twice");
    return STATUS_OK;
}

static enum status open_archive(struct reading *reading)
{
    if (reading->archive == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: archive", reading->name);
    if (archive_read_support_format_zip_seekable(reading->archive) != ARCHIVE_OK ||
        archive_read_open_memory(reading->archive, reading->bytes, reading->byte_count) !=
            ARCHIVE_OK)
        return fail_in_archive(reading, "?");
    return STATUS_OK;
}

enum status zip_members_read(struct zip_members *out, const uint8_t *bytes, size_t byte_count,
                             const char *name)
{
    *out = (struct zip_members){ 0 };
    struct reading reading = { .archive = archive_read_new(),
                               .out = out,
                               .bytes = bytes,
                               .byte_count = byte_count,
                               .name = name };
    if (__builtin_mul_overflow(byte_count, (size_t)UNPACKED_RATIO_MAX, &reading.unpacked_left))
        reading.unpacked_left = SIZE_MAX;
    enum status outcome = open_archive(&reading);
    if (outcome == STATUS_OK)
        outcome = take_members(&reading);
    if (outcome == STATUS_OK)
        outcome = sort(&reading);
    archive_read_free(reading.archive);
    free(reading.folder);
    if (outcome != STATUS_OK)
        zip_members_end(out);
    return outcome;
}

static int compare_name(const void *name, const void *member)
{
    return strcmp(name, ((const struct zip_member *)member)->name);
}

const struct zip_member *zip_members_find(const struct zip_members *members, const char *name)
{
    if (members->count == 0)
        return NULL;
    return bsearch(name, members->members, members->count, sizeof *members->members, compare_name);
}

void zip_members_end(struct zip_members *members)
{
    for (size_t m = 0; m < members->count; m++) {
        free(members->members[m].name);
        free(members->members[m].owned);
    }
    free(members->members);
    *members = (struct zip_members){ 0 };
}
