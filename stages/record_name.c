#include "stages/record_name.h"

#include "core/digest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { CHARACTERS_MAX = 64 };

static bool is_plain(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || strchr("._-", character) != NULL;
}

void record_name(char name[RECORD_NAME_BYTES], const char *id)
{
    size_t used = 0;
    bool is_changed = id[0] == '\0';
    for (; id[used] != '\0' && used < CHARACTERS_MAX; used++) {
        const bool is_kept = is_plain(id[used]) && !(used == 0 && (id[0] == '.' || id[0] == '-'));
        name[used] = is_kept ? id[used] : '_';
        is_changed |= !is_kept;
    }
    name[used] = '\0';
    if (!is_changed && id[used] == '\0')
        return;
    char digest[DIGEST_TEXT_BYTES];
    digest_of(digest, id, strlen(id));
    snprintf(name + used, RECORD_NAME_BYTES - used, "-%.8s", digest);
}
