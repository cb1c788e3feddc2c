#include "storage/extract_folder.h"

#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMPONENT_BYTES = 256, COMPONENTS_MAX = 32 };

static const char suffix[] = ".partial";

enum status extract_folder_open(int *descriptor, const char *path)
{
    const enum status outcome = folder_make(path);
    *descriptor = -1;
    if (outcome != STATUS_OK)
        return outcome;
    *descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *descriptor < 0 ? file_fail(path, "cannot open") : STATUS_OK;
}

bool extract_folder_takes(const char *path)
{
    size_t count = 0;
    while (*path != '\0') {
        const size_t length = strcspn(path, "/");
        if (length == 0 || length + sizeof suffix > COMPONENT_BYTES ||
            (path[0] == '.' && (length == 1 || (length == 2 && path[1] == '.'))) ||
            ++count > COMPONENTS_MAX)
            return false;
        path += length;
        if (*path == '/' && *++path == '\0')
            return false;
    }
    return count > 0;
}

/* Opens the folder that `path` lies in, step by step, so that no link leads out; `*name` is the
 * last component. The caller closes `*folder`. */
static enum status enter(int *folder, const char **name, int descriptor, const char *path)
{
    const char *at = path, *slash = NULL;
    int here = dup(descriptor);
    while (here >= 0 && (slash = strchr(at, '/')) != NULL) {
        char component[COMPONENT_BYTES];
        snprintf(component, sizeof component, "%.*s", (int)(slash - at), at);
        const bool is_made = mkdirat(here, component, 0777) == 0 || errno == EEXIST;
        const int next =
            is_made ? openat(here, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        const int reason = errno;
        close(here);
        errno = reason;
        here = next;
        at = slash + 1;
    }
    *folder = here;
    *name = at;
    return here < 0
               ? status_fail(STATUS_IO, "%s: cannot enter its folder: %s", path, strerror(errno))
               : STATUS_OK;
}

static void name_partial(char partial[COMPONENT_BYTES + sizeof suffix], const char *name)
{
    snprintf(partial, COMPONENT_BYTES + sizeof suffix, "%s%s", name, suffix);
}

enum status extract_folder_begin(FILE **file, int descriptor, const char *path)
{
    char partial[COMPONENT_BYTES + sizeof suffix];
    const char *name = NULL;
    int folder = -1;
    *file = NULL;
    const enum status outcome = enter(&folder, &name, descriptor, path);
    if (outcome != STATUS_OK)
        return outcome;
    name_partial(partial, name);
    unlinkat(folder, partial, 0); /* of an import that was killed */
    const int made =
        openat(folder, partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (made >= 0 && (*file = fdopen(made, "wb")) == NULL)
        close(made);
    const int reason = errno;
    close(folder);
    return *file != NULL ? STATUS_OK
                         : status_fail(STATUS_IO, "%s: cannot create: %s", path, strerror(reason));
}

enum status extract_folder_end(FILE *file, int descriptor, const char *path, enum status outcome)
{
    char partial[COMPONENT_BYTES + sizeof suffix];
    const char *name = NULL;
    int folder = -1;
    if (fclose(file) != 0 && outcome == STATUS_OK)
        outcome = file_fail(path, "cannot write");
    const enum status entered = enter(&folder, &name, descriptor, path);
    if (entered != STATUS_OK)
        return outcome != STATUS_OK ? outcome : entered;
    name_partial(partial, name);
    if (outcome == STATUS_OK && renameat(folder, partial, folder, name) != 0)
        outcome = status_fail(STATUS_IO, "%s: cannot rename to it: %s", path, strerror(errno));
    if (outcome != STATUS_OK)
        unlinkat(folder, partial, 0);
    close(folder);
    return outcome;
}
