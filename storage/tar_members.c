#include "storage/tar_members.h"

#include "core/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 16 };

struct tar_members {
    const char *path; /* borrowed */
    FILE *file;
    struct archive *archive;
    struct archive_entry *entry; /* borrowed from the archive */
    size_t count;                /* of members so far */
};

static enum status fail(const struct tar_members *members)
{
    const char *name = members->entry == NULL ? NULL : archive_entry_pathname(members->entry);
    const char *what = archive_error_string(members->archive);
    if (what == NULL)
        what = "unreadable";
    if (name == NULL)
        return status_fail(STATUS_INVALID, "%s: behind member %zu: %.200s", members->path,
                           members->count, what);
    return status_fail(STATUS_INVALID, "%s: member %.100s: %.200s", members->path, name, what);
}

enum status tar_members_open(struct tar_members **out, const char *path)
{
    struct tar_members *members = calloc(1, sizeof *members);
    *out = NULL;
    if (members == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    members->path = path;
    enum status outcome = file_open(&members->file, path);
    if (outcome == STATUS_OK && (members->archive = archive_read_new()) == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    if (outcome == STATUS_OK &&
        (archive_read_support_format_tar(members->archive) != ARCHIVE_OK ||
         archive_read_support_filter_gzip(members->archive) != ARCHIVE_OK ||
         archive_read_open_FILE(members->archive, members->file) != ARCHIVE_OK))
        outcome = fail(members);
    if (outcome != STATUS_OK) {
        tar_members_close(members);
        return outcome;
    }
    *out = members;
    return STATUS_OK;
}

enum status tar_members_next(bool *is_there, struct tar_member *member, struct tar_members *members)
{
    const int code = archive_read_next_header(members->archive, &members->entry);
    *is_there = false;
    if (code == ARCHIVE_EOF)
        return STATUS_OK;
    /* A warning is about a name in another character set. */
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
        members->entry = NULL;
        return fail(members);
    }
    members->count++;
    const char *name = archive_entry_pathname(members->entry);
    const la_int64_t size = archive_entry_size(members->entry);
    *member = (struct tar_member){
        .name = name == NULL ? "" : name,
        .byte_count = size < 0 ? 0 : (uint64_t)size,
        .is_folder = archive_entry_filetype(members->entry) == AE_IFDIR,
        .is_file = archive_entry_filetype(members->entry) == AE_IFREG &&
                   archive_entry_hardlink(members->entry) == NULL,
    };
    *is_there = true;
    return STATUS_OK;
}

enum status tar_members_copy(struct tar_members *members, FILE *file, const char *file_name)
{
    char block[BLOCK_BYTES];
    for (;;) {
        const la_ssize_t got = archive_read_data(members->archive, block, sizeof block);
        if (got < 0)
            return fail(members);
        if (got == 0)
            return STATUS_OK;
        if (fwrite(block, 1, (size_t)got, file) != (size_t)got)
            return file_fail(file_name, "cannot write");
    }
}

enum status tar_members_read(char **bytes, size_t *byte_count, struct tar_members *members,
                             size_t bytes_max)
{
    const la_int64_t size = archive_entry_size(members->entry);
    *bytes = NULL;
    *byte_count = 0;
    if (size < 0 || (uint64_t)size > bytes_max)
        return status_fail(STATUS_INVALID, "%s: member %.100s: more than %zu bytes", members->path,
                           archive_entry_pathname(members->entry), bytes_max);
    char *text = malloc((size_t)size + 1);
    if (text == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", members->path);
    size_t used = 0;
    la_ssize_t got = 1;
    while (used < (size_t)size && got > 0) {
        got = archive_read_data(members->archive, text + used, (size_t)size - used);
        used += got > 0 ? (size_t)got : 0;
    }
    if (got < 0 || used < (size_t)size) {
        free(text);
        return fail(members);
    }
    text[used] = '\0';
    *bytes = text;
    *byte_count = used;
    return STATUS_OK;
}

void tar_members_close(struct tar_members *members)
{
    if (members == NULL)
        return;
    archive_read_free(members->archive);
    if (members->file != NULL)
        fclose(members->file);
    free(members);
}
