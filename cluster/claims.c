#include "cluster/claims.h"

#include "cluster/shared_counters.h"

#include <stdlib.h>

/* What closing adds to the counter: it is then beyond any item, and however many ranks close it
 * does not overflow. */
static const int64_t closing_step = INT64_C(1) << 40;

struct claims {
    const struct team *team; /* borrowed */
    struct shared_counters *counter;
    uint64_t item_count;
};

enum status claims_create(struct claims **out, const struct team *team, uint64_t item_count)
{
    struct claims *claims = calloc(1, sizeof *claims);
    enum status outcome = STATUS_OK;
    *out = NULL;
    if (claims == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "claims");
    if (item_count > (uint64_t)closing_step)
        outcome = status_fail(STATUS_INVALID, "claims: %llu items are too many",
                              (unsigned long long)item_count);
    outcome = team_agree(team, "allocate claims", outcome);
    if (outcome == STATUS_OK)
        outcome = shared_counters_create(&claims->counter, team, 1, "claims");
    if (outcome != STATUS_OK) {
        free(claims);
        return outcome;
    }
    claims->team = team;
    claims->item_count = item_count;
    *out = claims;
    return STATUS_OK;
}

bool claims_next(struct claims *claims, uint64_t *item)
{
    *item = (uint64_t)shared_counters_add(claims->counter, 0, 1);
    return *item < claims->item_count;
}

void claims_close(struct claims *claims)
{
    shared_counters_add(claims->counter, 0, closing_step);
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
    shared_counters_destroy(claims->counter);
    free(claims);
}
