#include "cluster/slices.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

/* MPI counts are ints; larger vectors go in pieces of this many elements. */
enum { PIECE_COUNT = 1 << 26 };

struct slice slice_of(size_t count, int rank, int size)
{
    const size_t W = (size_t)size, r = (size_t)rank;
    /* count * rank may exceed a size_t only for counts that no memory holds. */
    const size_t first = count / W * r + count % W * r / W;
    const size_t end = count / W * (r + 1) + count % W * (r + 1) / W;
    return (struct slice){ .first = first, .count = end - first };
}

static void reduce(const struct team *team, void *values, size_t count, size_t element_bytes,
                   MPI_Datatype type, MPI_Op op)
{
    for (size_t at = 0; at < count; at += PIECE_COUNT) {
        const size_t left = count - at;
        MPI_Allreduce(MPI_IN_PLACE, (char *)values + at * element_bytes,
                      (int)(left < PIECE_COUNT ? left : PIECE_COUNT), type, op, team->comm);
    }
}

void slices_sum(const struct team *team, float *values, size_t count)
{
    reduce(team, values, count, sizeof *values, MPI_FLOAT, MPI_SUM);
}

void slices_sum_doubles(const struct team *team, double *values, size_t count)
{
    reduce(team, values, count, sizeof *values, MPI_DOUBLE, MPI_SUM);
}

void slices_maximum(const struct team *team, float *values, size_t count)
{
    reduce(team, values, count, sizeof *values, MPI_FLOAT, MPI_MAX);
}

/* How many elements each rank has, and where they begin, for MPI's collectives with parts of
 * unequal size; [size] each, one allocation. NULL without memory. */
static int *parts_of(const struct team *team, size_t count)
{
    const size_t size = (size_t)team->size;
    int *parts = malloc(2 * size * sizeof *parts);
    for (int rank = 0; parts != NULL && rank < team->size; rank++) {
        const struct slice slice = slice_of(count, rank, team->size);
        parts[rank] = (int)slice.count;
        parts[team->size + rank] = (int)slice.first;
    }
    return parts;
}

/* A row as one element, so that counts are rows. */
static MPI_Datatype row_type(size_t elements, MPI_Datatype element)
{
    MPI_Datatype type;
    assert(elements <= INT_MAX);
    MPI_Type_contiguous((int)elements, element, &type);
    MPI_Type_commit(&type);
    return type;
}

void slices_reduce(const struct team *team, float *own, const float *values, size_t count,
                   size_t width)
{
    /* Sums are defined on plain floats alone, so here the rows count by their floats. */
    assert(count * width <= INT_MAX);
    int *parts = parts_of(team, count);
    if (parts == NULL)
        team_abort(team, "no memory for a list of ranks");
    for (int rank = 0; rank < team->size; rank++)
        parts[rank] *= (int)width;
    MPI_Reduce_scatter(values, own, parts, MPI_FLOAT, MPI_SUM, team->comm);
    free(parts);
}

void slices_share(const struct team *team, void *rows, size_t count, size_t row_bytes)
{
    assert(count <= INT_MAX);
    int *parts = parts_of(team, count);
    if (parts == NULL)
        team_abort(team, "no memory for a list of ranks");
    MPI_Datatype row = row_type(row_bytes, MPI_BYTE);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, rows, parts, parts + team->size, row,
                   team->comm);
    MPI_Type_free(&row);
    free(parts);
}
