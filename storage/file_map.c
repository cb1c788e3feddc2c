#include "storage/file_map.h"

#include "core/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status map_descriptor(struct file_map *map, int descriptor, const char *path)
{
    struct stat info;
    if (fstat(descriptor, &info) != 0)
        return file_fail(path, "cannot inspect");
    if (!S_ISREG(info.st_mode))
        return status_fail(STATUS_INVALID, "%s: not a regular file", path);
    if (info.st_size == 0)
        return STATUS_OK;

    void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (bytes == MAP_FAILED)
        return file_fail(path, "cannot map");
    *map = (struct file_map){ .bytes = bytes, .byte_count = (size_t)info.st_size };
    return STATUS_OK;
}

enum status file_map_open(struct file_map **out, const char *path)
{
    *out = NULL;
    /* Non-blocking, so that a named pipe is refused below instead of waited for. */
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return file_fail(path, "cannot open");

    struct file_map *map = calloc(1, sizeof *map);
    const enum status outcome = map != NULL ? map_descriptor(map, descriptor, path)
                                            : status_fail(STATUS_NO_MEMORY, "%s", path);
    close(descriptor);
    if (outcome == STATUS_OK)
        *out = map;
    else
        free(map);
    return outcome;
}

void file_map_close(struct file_map *map)
{
    if (map == NULL)
        return;
    if (map->bytes != NULL)
        munmap((void *)(uintptr_t)map->bytes, map->byte_count);
    free(map);
}

void file_map_release(void *map)
{
    file_map_close(map);
}
