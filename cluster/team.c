#include "cluster/team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* MPI counts are ints; larger transfers go in pieces of this many elements. */
enum { PIECE_COUNT = 1 << 26 };

enum status team_begin(struct team *team, MPI_Comm parent)
{
    *team = (struct team){ .comm = MPI_COMM_NULL };
    if (MPI_Comm_dup(parent, &team->comm) != MPI_SUCCESS)
        return status_fail(STATUS_NO_MEMORY, "cannot duplicate the communicator");
    MPI_Comm_rank(team->comm, &team->rank);
    MPI_Comm_size(team->comm, &team->size);
    return STATUS_OK;
}

void team_end(struct team *team)
{
    if (team->comm != MPI_COMM_NULL)
        MPI_Comm_free(&team->comm);
}

/* FNV-1a, 32 bit: enough to tell the few dozen step names of a stage apart. */
static int64_t step_hash(const char *step)
{
    uint32_t hash = 2166136261u;
    for (; *step != '\0'; step++)
        hash = (hash ^ (unsigned char)*step) * 16777619u;
    return hash;
}

static bool is_planted_here(const struct team *team, const char *step)
{
    const struct team_fault *fault = team->fault;
    return fault != NULL && fault->rank == team->rank && strcmp(fault->step, step) == 0;
}

enum status team_agree(const struct team *team, const char *step, enum status mine)
{
    if (is_planted_here(team, step))
        mine = status_fail(team->fault->code, "planted by a test at \"%s\"", step);

    /* One MAX reduction answers three questions: the worst status, who has it (the low half
     * counts ranks downwards, so that the lowest rank wins a tie), and, from the largest hash
     * and the negated smallest, whether all ranks are at the same step. */
    const int64_t hash = step_hash(step);
    int64_t ballot[3] = { ((int64_t)mine << 32) | (team->size - team->rank), hash, -hash };
    team_maximum(team, ballot, 3);

    if (ballot[1] != -ballot[2])
        return status_fail(STATUS_DIVERGED, "rank %d is at \"%s\", another is elsewhere",
                           team->rank, step);

    const enum status worst = (enum status)(ballot[0] >> 32);
    if (worst == STATUS_OK || team->size == 1)
        return worst;

    const int speaker = team->size - (int)(ballot[0] & UINT32_MAX);
    char text[STATUS_TEXT_BYTES] = "";
    if (team->rank == speaker)
        snprintf(text, sizeof text, "%s", status_text());
    team_broadcast(team, text, sizeof text, speaker);
    if (strncmp(text, "rank ", 5) == 0) /* agreed on before, further in */
        return status_fail(worst, "%s", text);
    return status_fail(worst, "rank %d: %s", speaker, text);
}

void team_broadcast(const struct team *team, void *bytes, size_t byte_count, int root)
{
    for (size_t at = 0; at < byte_count; at += PIECE_COUNT) {
        const size_t left = byte_count - at;
        MPI_Bcast((char *)bytes + at, (int)(left < PIECE_COUNT ? left : PIECE_COUNT), MPI_BYTE,
                  root, team->comm);
    }
}

static void reduce_in_place(const struct team *team, int64_t *values, size_t count, MPI_Op op)
{
    for (size_t at = 0; at < count; at += PIECE_COUNT) {
        const size_t left = count - at;
        MPI_Allreduce(MPI_IN_PLACE, values + at, (int)(left < PIECE_COUNT ? left : PIECE_COUNT),
                      MPI_INT64_T, op, team->comm);
    }
}

void team_sum(const struct team *team, int64_t *values, size_t count)
{
    reduce_in_place(team, values, count, MPI_SUM);
}

void team_maximum(const struct team *team, int64_t *values, size_t count)
{
    reduce_in_place(team, values, count, MPI_MAX);
}

/* Rank by rank, with ordinary messages: the parts may be larger than an int together. */
static void receive_parts(const struct team *team, uint8_t *all, const int64_t *part_bytes)
{
    size_t at = (size_t)part_bytes[0];
    for (int rank = 1; rank < team->size; rank++)
        for (size_t left = (size_t)part_bytes[rank]; left > 0;) {
            const size_t piece = left < PIECE_COUNT ? left : PIECE_COUNT;
            MPI_Recv(all + at, (int)piece, MPI_BYTE, rank, 0, team->comm, MPI_STATUS_IGNORE);
            at += piece;
            left -= piece;
        }
}

static void send_part(const struct team *team, const uint8_t *bytes, size_t byte_count)
{
    for (size_t at = 0; at < byte_count; at += PIECE_COUNT) {
        const size_t left = byte_count - at;
        MPI_Send(bytes + at, (int)(left < PIECE_COUNT ? left : PIECE_COUNT), MPI_BYTE, 0, 0,
                 team->comm);
    }
}

enum status team_gather(void **all, size_t *all_bytes, const struct team *team, const void *bytes,
                        size_t byte_count)
{
    int64_t *part_bytes = calloc((size_t)team->size, sizeof *part_bytes);
    uint8_t *together = NULL;
    size_t total = 0;
    enum status outcome = STATUS_OK;
    *all = NULL;
    *all_bytes = 0;
    if (part_bytes == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "gather: sizes");
    outcome = team_agree(team, "prepare gather", outcome);
    if (outcome != STATUS_OK) {
        free(part_bytes);
        return outcome;
    }
    part_bytes[team->rank] = (int64_t)byte_count;
    team_sum(team, part_bytes, (size_t)team->size);
    for (int rank = 0; rank < team->size; rank++)
        total += (size_t)part_bytes[rank];
    if (team->rank == 0 && (together = malloc(total > 0 ? total : 1)) == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "gather: %zu bytes", total);
    outcome = team_agree(team, "gather", outcome);
    if (outcome == STATUS_OK && team->rank == 0) {
        if (byte_count > 0)
            memcpy(together, bytes, byte_count);
        receive_parts(team, together, part_bytes);
        *all = together;
        *all_bytes = total;
    } else if (outcome == STATUS_OK)
        send_part(team, bytes, byte_count);
    else
        free(together);
    free(part_bytes);
    return outcome;
}

bool team_any(const struct team *team, bool mine)
{
    int64_t any = mine;
    team_maximum(team, &any, 1);
    return any != 0;
}

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool team_any_within(bool *any, const struct team *team, bool mine, double seconds)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    const int given = mine;
    int found = 0, is_done = 0;
    MPI_Request request;
    *any = mine;
    MPI_Iallreduce(&given, &found, 1, MPI_INT, MPI_MAX, team->comm, &request);
    if (!mine)
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    else {
        const double end = now_seconds() + seconds;
        for (;;) {
            MPI_Test(&request, &is_done, MPI_STATUS_IGNORE);
            if (is_done)
                break;
            if (now_seconds() > end)
                return false;
            nanosleep(&pause, NULL);
        }
    }
    *any = found != 0;
    return true;
}

void team_wait(const struct team *team)
{
    MPI_Barrier(team->comm);
}

void team_abort(const struct team *team, const char *reason)
{
    if (team->rank == 0)
        fprintf(stderr, "unitmill: %s: the ranks cannot go on together, ending the job\n", reason);
    MPI_Abort(team->comm, 1);
    _exit(1);
}
