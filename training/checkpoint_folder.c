#include "training/checkpoint_folder.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEP_DIGITS = 8 };

enum status checkpoint_path(char out[PATH_BYTES], const char *folder, size_t step)
{
    char name[64];
    snprintf(name, sizeof name, "%0*zu.h5", STEP_DIGITS, step);
    return path_join(out, folder, name);
}

/* The step in a checkpoint's name; 0 for other names. `ending` follows the digits. */
static size_t step_in(const char *name, const char *ending)
{
    const size_t digits = strspn(name, "0123456789");
    if (digits < STEP_DIGITS || digits > 18 || strcmp(name + digits, ending) != 0)
        return 0;
    return strtoull(name, NULL, 10);
}

size_t checkpoint_newest(const char *folder, size_t before)
{
    size_t newest = 0;
    DIR *files = opendir(folder);
    if (files == NULL)
        return 0;
    for (const struct dirent *file; (file = readdir(files)) != NULL;) {
        const size_t step = step_in(file->d_name, ".h5");
        if (step > newest && step < before)
            newest = step;
    }
    closedir(files);
    return newest;
}

void checkpoint_remove_old(const char *folder, size_t keep, size_t best)
{
    size_t oldest_kept = SIZE_MAX;
    char path[PATH_BYTES];
    for (size_t k = 0; k < keep; k++) {
        const size_t step = checkpoint_newest(folder, oldest_kept);
        if (step == 0)
            break;
        oldest_kept = step;
    }
    for (size_t step = oldest_kept; (step = checkpoint_newest(folder, step)) != 0;)
        if (step != best && checkpoint_path(path, folder, step) == STATUS_OK)
            unlink(path);
    DIR *files = opendir(folder);
    if (files == NULL)
        return;
    for (const struct dirent *file; (file = readdir(files)) != NULL;)
        if (step_in(file->d_name, ".h5.partial") > 0 &&
            path_join(path, folder, file->d_name) == STATUS_OK)
            unlink(path);
    closedir(files);
}
