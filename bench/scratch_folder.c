#include "bench/scratch_folder.h"

#include <stdlib.h>
#include <unistd.h>

enum status scratch_folder_make(char path[PATH_BYTES], const struct team *team, const char *parent)
{
    enum status outcome = path_join(path, parent, "unitmill-bench-XXXXXX");
    if (outcome == STATUS_OK && team->rank == 0 && mkdtemp(path) == NULL)
        outcome = file_fail(parent, "cannot make a folder in it");
    outcome = team_agree(team, "make scratch folder", outcome);
    if (outcome == STATUS_OK)
        team_broadcast(team, path, PATH_BYTES, 0);
    return outcome;
}

void scratch_folder_remove(const char *path, const struct team *team)
{
    team_wait(team);
    if (team->rank == 0)
        rmdir(path);
}
