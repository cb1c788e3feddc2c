#include "core/shipped_file.h"

#include <stdio.h>
#include <unistd.h>

static enum status write_path(char path[PATH_BYTES], const char *base, const char *folder,
                              const char *name)
{
    const int used = snprintf(path, PATH_BYTES, "%s/%s/%s", base, folder, name);
    return used < PATH_BYTES ? STATUS_OK : status_fail(STATUS_IO, "%s: too long a path", base);
}

enum status shipped_file_find(char path[PATH_BYTES], const char *folder, const char *source_folder,
                              const char *name)
{
    char self[PATH_BYTES] = "", own[PATH_BYTES], share[PATH_BYTES], above[PATH_BYTES];
    if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0)
        return file_fail("/proc/self/exe", "cannot find myself");
    path_folder(own, self);
    path_folder(above, own);
    enum status outcome = path_join(share, above, "share/unitmill");
    if (outcome != STATUS_OK)
        return outcome;
    const char *const places[][2] = { { own, folder },
                                      { above, source_folder },
                                      { share, folder } };
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        outcome = write_path(path, places[p][0], places[p][1], name);
        if (outcome != STATUS_OK || file_exists(path))
            return outcome;
    }
    return status_fail(STATUS_NOT_FOUND, "%s: no such file", path);
}
