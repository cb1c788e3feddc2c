#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status file_fail(const char *path, const char *what)
{
    const enum status code = errno == ENOENT || errno == ENOTDIR ? STATUS_NOT_FOUND : STATUS_IO;
    return status_fail(code, "%s: %s: %s", path, what, strerror(errno));
}

static enum status check_regular(size_t *byte_count, int descriptor, const char *path,
                                 size_t bytes_max)
{
    struct stat info;
    if (fstat(descriptor, &info) != 0)
        return file_fail(path, "cannot inspect");
    if (!S_ISREG(info.st_mode))
        return status_fail(STATUS_INVALID, "%s: not a regular file", path);
    if ((uint64_t)info.st_size > bytes_max)
        return status_fail(STATUS_INVALID, "%s: %lld bytes, more than the %zu allowed", path,
                           (long long)info.st_size, bytes_max);
    *byte_count = (size_t)info.st_size;
    return STATUS_OK;
}

static enum status read_exactly(uint8_t *bytes, size_t byte_count, int descriptor, const char *path)
{
    for (size_t at = 0; at < byte_count;) {
        const ssize_t got = read(descriptor, bytes + at, byte_count - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return file_fail(path, "cannot read");
        if (got == 0)
            return status_fail(STATUS_CORRUPT, "%s: became shorter while it was read", path);
        at += (size_t)got;
    }
    return STATUS_OK;
}

enum status file_read(uint8_t **bytes, size_t *byte_count, const char *path, size_t bytes_max)
{
    *bytes = NULL;
    *byte_count = 0;
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return file_fail(path, "cannot open");
    enum status outcome = check_regular(byte_count, descriptor, path, bytes_max);
    if (outcome == STATUS_OK && (*bytes = malloc(*byte_count + 1)) == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: %zu bytes", path, *byte_count);
    if (outcome == STATUS_OK)
        outcome = read_exactly(*bytes, *byte_count, descriptor, path);
    close(descriptor);
    if (outcome != STATUS_OK) {
        free(*bytes);
        *bytes = NULL;
        *byte_count = 0;
        return outcome;
    }
    (*bytes)[*byte_count] = 0;
    return STATUS_OK;
}

enum status file_open(FILE **file, const char *path)
{
    size_t byte_count = 0;
    *file = NULL;
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return file_fail(path, "cannot open");
    enum status outcome = check_regular(&byte_count, descriptor, path, SIZE_MAX);
    if (outcome == STATUS_OK && (*file = fdopen(descriptor, "rb")) == NULL)
        outcome = file_fail(path, "cannot open");
    if (outcome != STATUS_OK)
        close(descriptor);
    return outcome;
}

static enum status partial_path(char partial[PATH_BYTES], const char *path)
{
    if (snprintf(partial, PATH_BYTES, "%s.partial", path) >= PATH_BYTES)
        return status_fail(STATUS_INVALID, "%.80s...: path too long", path);
    return STATUS_OK;
}

static enum status flush_to_disk(const char *path, int flags)
{
    const int descriptor = open(path, flags | O_CLOEXEC);
    if (descriptor < 0)
        return file_fail(path, "cannot open");
    const int flushed = fsync(descriptor);
    const int reason = errno;
    close(descriptor);
    errno = reason;
    return flushed == 0 ? STATUS_OK : file_fail(path, "cannot flush");
}

enum status file_publish(const char *path)
{
    char partial[PATH_BYTES], folder[PATH_BYTES];
    enum status outcome = partial_path(partial, path);
    if (outcome == STATUS_OK)
        outcome = flush_to_disk(partial, O_RDONLY);
    if (outcome == STATUS_OK && rename(partial, path) != 0)
        outcome = file_fail(path, "cannot rename to it");
    if (outcome != STATUS_OK)
        return outcome;
    path_folder(folder, path);
    return flush_to_disk(folder, O_RDONLY | O_DIRECTORY);
}

static enum status write_all(int descriptor, const uint8_t *bytes, size_t byte_count,
                             const char *path)
{
    for (size_t at = 0; at < byte_count;) {
        const ssize_t put = write(descriptor, bytes + at, byte_count - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return file_fail(path, "cannot write");
        at += (size_t)put;
    }
    return STATUS_OK;
}

enum status file_write(const char *path, const void *bytes, size_t byte_count)
{
    char partial[PATH_BYTES];
    enum status outcome = partial_path(partial, path);
    if (outcome != STATUS_OK)
        return outcome;
    const int descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0)
        return file_fail(partial, "cannot create");
    outcome = write_all(descriptor, bytes, byte_count, partial);
    if (close(descriptor) != 0 && outcome == STATUS_OK)
        outcome = file_fail(partial, "cannot close");
    if (outcome == STATUS_OK)
        outcome = file_publish(path);
    if (outcome != STATUS_OK)
        unlink(partial);
    return outcome;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

uint64_t file_bytes(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
}

enum status folder_make(const char *path)
{
    char prefix[PATH_BYTES];
    if (path[0] == '\0')
        return status_fail(STATUS_INVALID, "cannot make a folder: its path is empty");
    if (snprintf(prefix, sizeof prefix, "%s", path) >= PATH_BYTES)
        return status_fail(STATUS_INVALID, "%.80s...: path too long", path);
    for (char *at = prefix + 1;; at++) {
        const char here = *at;
        if (here != '/' && here != '\0')
            continue;
        *at = '\0';
        struct stat info;
        if (mkdir(prefix, 0777) != 0 &&
            (errno != EEXIST || stat(prefix, &info) != 0 || !S_ISDIR(info.st_mode)))
            return status_fail(STATUS_IO, "%s: cannot make the folder: %s", prefix,
                               strerror(errno));
        *at = here;
        if (here == '\0')
            return STATUS_OK;
    }
}

enum status path_join(char out[PATH_BYTES], const char *folder, const char *name)
{
    const bool is_alone = name[0] == '/' || folder[0] == '\0';
    const int length = is_alone ? snprintf(out, PATH_BYTES, "%s", name)
                                : snprintf(out, PATH_BYTES, "%s/%s", folder, name);
    if (length >= PATH_BYTES)
        return status_fail(STATUS_INVALID, "%.80s...: path too long", name);
    return STATUS_OK;
}

void path_folder(char out[PATH_BYTES], const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        snprintf(out, PATH_BYTES, ".");
    else if (slash == path)
        snprintf(out, PATH_BYTES, "/");
    else
        snprintf(out, PATH_BYTES, "%.*s", (int)(slash - path), path);
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

bool path_stays_inside(const char *path)
{
    if (path[0] == '/' || path[0] == '\0')
        return false;
    long depth = 0;
    while (*path != '\0') {
        const size_t length = strcspn(path, "/");
        if (length == 2 && path[0] == '.' && path[1] == '.')
            depth--;
        else if (length > 0 && !(length == 1 && path[0] == '.'))
            depth++;
        if (depth < 0)
            return false;
        path += length + (path[length] == '/');
    }
    return depth > 0;
}
