/* The whole program with team_agree watched, for test_planted_steps.bash: the linker's --wrap sends
 * every agreement through here. UNITMILL_STEPS names a file that gets the names of all steps;
 * UNITMILL_PLANTED_STEP names one at which the last rank fails. */
#include "cluster/team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status __real_team_agree(const struct team *team, const char *step, enum status mine);
enum status __wrap_team_agree(const struct team *team, const char *step, enum status mine);

enum status __wrap_team_agree(const struct team *team, const char *step, enum status mine)
{
    const char *names = getenv("UNITMILL_STEPS"), *planted = getenv("UNITMILL_PLANTED_STEP");
    FILE *file = names != NULL && team->rank == 0 ? fopen(names, "a") : NULL;
    if (file != NULL) {
        fprintf(file, "%s\n", step);
        fclose(file);
    }
    if (planted != NULL && strcmp(planted, step) == 0 && team->rank == team->size - 1 &&
        mine == STATUS_OK)
        mine = status_fail(STATUS_IO, "planted");
    return __real_team_agree(team, step, mine);
}
