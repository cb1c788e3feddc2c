/** Problems that a verification finds: told as they come, counted, and which files are to be made
 * again. All functions are local: each rank has its own. */
#ifndef STAGES_VERIFY_PROBLEMS_H
#define STAGES_VERIFY_PROBLEMS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

struct problems {
    size_t count;
    char **files; /* of the run directory, "images/00003.h5"; each once; owned */
    size_t file_count;
};

/** Tells the newest failure's text as a problem. */
void problems_tell(struct problems *problems);

/** As problems_tell, of a file of the run directory, which is to be made again. False without
 * memory for its name; the problem is told all the same. */
bool problems_tell_file(struct problems *problems, const char *file);

/** An all-zero one is allowed. */
void problems_end(struct problems *problems);

#endif
