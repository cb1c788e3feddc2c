#include "storage/picture_file.h"

#include "storage/jpeg_image.h"
#include "storage/png_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status check_file(size_t *byte_count, int file, const char *path)
{
    struct stat info;
    if (fstat(file, &info) != 0)
        return status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return status_fail(STATUS_INVALID, "%s: not a regular file", path);
    if (info.st_size > PICTURE_FILE_BYTES_MAX)
        return status_fail(STATUS_INVALID, "%s: %lld bytes, at most %d are read", path,
                           (long long)info.st_size, PICTURE_FILE_BYTES_MAX);
    *byte_count = (size_t)info.st_size;
    return STATUS_OK;
}

static enum status read_whole(uint8_t *bytes, size_t byte_count, int file, const char *path)
{
    for (size_t done = 0; done < byte_count;) {
        const ssize_t got = read(file, bytes + done, byte_count - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return status_fail(STATUS_IO, "%s: %s", path,
                               got < 0 ? strerror(errno) : "became shorter while being read");
        done += (size_t)got;
    }
    return STATUS_OK;
}

static enum status read_open(uint8_t **bytes, size_t *byte_count, int file, const char *path)
{
    enum status outcome = check_file(byte_count, file, path);
    if (outcome != STATUS_OK)
        return outcome;
    *bytes = malloc(*byte_count > 0 ? *byte_count : 1);
    if (*bytes == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: %zu bytes", path, *byte_count);
    outcome = read_whole(*bytes, *byte_count, file, path);
    if (outcome != STATUS_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return outcome;
}

enum status picture_file_bytes(uint8_t **bytes, size_t *byte_count, const char *path)
{
    *bytes = NULL;
    *byte_count = 0;
    /* Not blocking: opening a pipe must not wait for a writer. */
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return status_fail(errno == ENOENT || errno == ENOTDIR ? STATUS_NOT_FOUND : STATUS_IO,
                           "%s: %s", path, strerror(errno));
    const enum status outcome = read_open(bytes, byte_count, file, path);
    close(file);
    return outcome;
}

enum status picture_decode(struct rgb_image *out, const uint8_t *bytes, size_t byte_count,
                           const struct picture_options *options, const char *name)
{
    *out = (struct rgb_image){ 0 };
    if (byte_count == 0)
        return status_fail(STATUS_CORRUPT, "%s: empty file", name);
    if (png_image_is(bytes, byte_count))
        return png_image_decode(out, bytes, byte_count, options, name);
    if (byte_count >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0)
        return jpeg_image_decode(out, bytes, byte_count, options, name);
    return status_fail(STATUS_CORRUPT, "%s: neither a JPEG nor a PNG picture", name);
}

enum status picture_file_read(struct rgb_image *out, const char *path,
                              const struct picture_options *options)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    *out = (struct rgb_image){ 0 };
    enum status outcome = picture_file_bytes(&bytes, &byte_count, path);
    if (outcome == STATUS_OK)
        outcome = picture_decode(out, bytes, byte_count, options, path);
    free(bytes);
    return outcome;
}
