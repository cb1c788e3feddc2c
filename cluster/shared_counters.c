#include "cluster/shared_counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shared_counters {
    MPI_Win window;
    int64_t *values; /* memory of the window; in use on rank 0 only */
};

enum status shared_counters_create(struct shared_counters **out, const struct team *team,
                                   size_t count, const char *what)
{
    char step[64];
    struct shared_counters *counters = calloc(1, sizeof *counters);
    enum status outcome = STATUS_OK;
    *out = NULL;
    if (counters == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", what);
    snprintf(step, sizeof step, "prepare %s", what);
    outcome = team_agree(team, step, outcome);
    if (outcome != STATUS_OK) {
        free(counters);
        return outcome;
    }
    const size_t bytes = team->rank == 0 ? count * sizeof *counters->values : 0;
    if (MPI_Win_allocate((MPI_Aint)bytes, sizeof *counters->values, MPI_INFO_NULL, team->comm,
                         &counters->values, &counters->window) != MPI_SUCCESS)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no MPI window", what);
    const bool is_created = outcome == STATUS_OK;
    snprintf(step, sizeof step, "create %s window", what);
    outcome = team_agree(team, step, outcome);
    if (outcome != STATUS_OK) {
        if (is_created)
            MPI_Win_free(&counters->window);
        free(counters);
        return outcome;
    }
    MPI_Win_lock_all(MPI_MODE_NOCHECK, counters->window);
    if (team->rank == 0) {
        memset(counters->values, 0, bytes);
        MPI_Win_sync(counters->window);
    }
    team_wait(team);
    *out = counters;
    return STATUS_OK;
}

/* Addition is the only operation: MPI promises nothing for different operations on one place at the
 * same time. */
int64_t shared_counters_add(struct shared_counters *counters, size_t index, int64_t operand)
{
    int64_t before = 0;
    MPI_Fetch_and_op(&operand, &before, MPI_INT64_T, 0, (MPI_Aint)index, MPI_SUM, counters->window);
    MPI_Win_flush(0, counters->window);
    return before;
}

void shared_counters_destroy(struct shared_counters *counters)
{
    if (counters == NULL)
        return;
    MPI_Win_unlock_all(counters->window);
    MPI_Win_free(&counters->window);
    free(counters);
}
