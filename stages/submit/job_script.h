/** Job script: a template with values filled in. All functions are local.
 *
 * A template is a shell script. `@name@` stands for a value: in a comment, such as an #SBATCH line,
 * as it is; elsewhere as one quoted shell word, or as shell text where the value is that. A line
 * with a word that has no value is left out; a line with a value of several texts is written once
 * for each. `@` that begins no such name stands for itself. */
#ifndef STAGES_SUBMIT_JOB_SCRIPT_H
#define STAGES_SUBMIT_JOB_SCRIPT_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

struct script_value {
    const char *name;         /* without the signs; small letters and '_' */
    const char *const *texts; /* [count]; no control characters in them */
    size_t count;
    bool is_shell; /* shell text, not a word; without texts it stands for nothing */
};

/** `*script` is the caller's, to free; NULL on failure. `path` serves for messages.
 * Errors: STATUS_INVALID with "path:line: what" for a name that is no value and for a value with a
 * control character; STATUS_NO_MEMORY. */
enum status job_script_fill(char **script, const char *template_text, const char *path,
                            const struct script_value *values, size_t value_count);

#endif
