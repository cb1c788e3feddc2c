#include "cluster/claims.h"

#include <stdlib.h>

/* What the counter becomes when claims close: beyond any item, and far from overflow. */
static const int64_t closed_at = INT64_C(1) << 62;

struct claims {
    const struct team *team; /* borrowed */
    MPI_Win window;
    int64_t *counter; /* memory of the window; in use on rank 0 only */
    uint64_t item_count;
};

enum status claims_create(struct claims **out, const struct team *team, uint64_t item_count)
{
    struct claims *claims = calloc(1, sizeof *claims);
    *out = NULL;
    enum status outcome = STATUS_OK;
    if (claims == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "claims");
    outcome = team_agree(team, "prepare claims", outcome);
    if (outcome != STATUS_OK) {
        free(claims);
        return outcome;
    }

    claims->team = team;
    claims->item_count = item_count;
    const MPI_Aint bytes = team->rank == 0 ? (MPI_Aint)sizeof *claims->counter : 0;
    if (MPI_Win_allocate(bytes, sizeof *claims->counter, MPI_INFO_NULL, team->comm,
                         &claims->counter, &claims->window) != MPI_SUCCESS)
        outcome = status_fail(STATUS_NO_MEMORY, "claims window");
    outcome = team_agree(team, "create claims window", outcome);
    if (outcome != STATUS_OK) {
        free(claims);
        return outcome;
    }
    MPI_Win_lock_all(MPI_MODE_NOCHECK, claims->window);
    if (team->rank == 0) {
        *claims->counter = 0;
        MPI_Win_sync(claims->window);
    }
    team_wait(team);
    *out = claims;
    return STATUS_OK;
}

static int64_t fetch_and(struct claims *claims, int64_t operand, MPI_Op op)
{
    int64_t before = 0;
    MPI_Fetch_and_op(&operand, &before, MPI_INT64_T, 0, 0, op, claims->window);
    MPI_Win_flush(0, claims->window);
    return before;
}

bool claims_next(struct claims *claims, uint64_t *item)
{
    const int64_t mine = fetch_and(claims, 1, MPI_SUM);
    *item = (uint64_t)mine;
    return (uint64_t)mine < claims->item_count;
}

void claims_close(struct claims *claims)
{
    fetch_and(claims, closed_at, MPI_REPLACE);
}

void claims_serve(const struct claims *claims)
{
    int is_there;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, claims->team->comm, &is_there, MPI_STATUS_IGNORE);
}

void claims_destroy(struct claims *claims)
{
    if (claims == NULL)
        return;
    MPI_Win_unlock_all(claims->window);
    MPI_Win_free(&claims->window);
    free(claims);
}
