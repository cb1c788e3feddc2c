#include "storage/import/import_state.h"

#include <stdlib.h>
#include <string.h>

/* An existing folder as the manifest is to say it: relative where it lies below the manifest's. */
static enum status shorten(char root[PATH_BYTES], const char *real, const char *out_folder)
{
    char *home = realpath(out_folder, NULL);
    const size_t home_bytes = home == NULL ? 0 : strlen(home);
    if (home == NULL)
        return file_fail(out_folder, "cannot find the folder");
    if (strcmp(real, home) == 0)
        snprintf(root, PATH_BYTES, ".");
    else if (home_bytes > 1 && strncmp(real, home, home_bytes) == 0 && real[home_bytes] == '/')
        snprintf(root, PATH_BYTES, "%s", real + home_bytes + 1);
    else
        snprintf(root, PATH_BYTES, "%s", real);
    free(home);
    return STATUS_OK;
}

/* What the user gives is relative to the working directory, and is there where it is. What an input
 * says may be a folder of another machine, and then stays as it is. */
static enum status find_root(char root[PATH_BYTES], const char *option, const char *told,
                             const char *out_folder)
{
    const char *given = option != NULL ? option : told;
    enum status outcome = STATUS_OK;
    const bool is_given = given != NULL && given[0] != '\0';
    snprintf(root, PATH_BYTES, "%s", is_given ? given : ".");
    if (!is_given)
        return STATUS_OK;
    char *real = realpath(given, NULL);
    if (real != NULL)
        outcome = shorten(root, real, out_folder);
    else if (given == option && option[0] != '/')
        outcome = file_fail(option, "cannot find the folder");
    free(real);
    if (outcome == STATUS_OK && (strlen(root) >= IMPORT_PATH_BYTES || !import_is_plain(root)))
        outcome = status_fail(STATUS_INVALID,
                              "%.80s: cannot stand in a manifest: too long, with control "
                              "characters or not UTF-8",
                              given);
    return outcome;
}

enum status import_roots_find(struct import_roots *roots, const struct import_sink *sink)
{
    const struct import_options *options = sink->options;
    const char *extract = options->extract;
    enum status outcome = find_root(roots->images, extract != NULL ? extract : options->images,
                                    sink->image_root, sink->out_folder);
    if (outcome == STATUS_OK)
        outcome = find_root(roots->audio, extract != NULL ? extract : options->audio,
                            sink->audio_root, sink->out_folder);
    return outcome;
}
