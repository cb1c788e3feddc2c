#include "stages/verify/problems.h"

#include "core/log.h"

#include <stdlib.h>
#include <string.h>

void problems_tell(struct problems *problems)
{
    problems->count++;
    log_failure(status_text());
}

bool problems_tell_file(struct problems *problems, const char *file)
{
    problems_tell(problems);
    for (size_t f = 0; f < problems->file_count; f++)
        if (strcmp(problems->files[f], file) == 0)
            return true;
    char **grown = realloc(problems->files, (problems->file_count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    problems->files = grown;
    grown[problems->file_count] = strdup(file);
    if (grown[problems->file_count] == NULL)
        return false;
    problems->file_count++;
    return true;
}

void problems_end(struct problems *problems)
{
    for (size_t f = 0; f < problems->file_count; f++)
        free(problems->files[f]);
    free(problems->files);
    *problems = (struct problems){ 0 };
}
