/** K-means over a frame sample that is spread over the ranks. */
#ifndef STAGES_DISTRIBUTED_FIT_H
#define STAGES_DISTRIBUTED_FIT_H

#include "stages/frame_sample.h"

struct distributed_fit {
    float *centroids;    /* [clusters][width], owned; equal on all ranks */
    double *inertia;     /* [iterations], owned */
    uint64_t *occupancy; /* [clusters], owned */
    uint64_t frames;     /* that it is fitted on */
    size_t iterations, reseeded;
    bool has_converged;
};

/** Collective. Seeds by k-means++ and iterates until no frame changes its cluster, or
 * `iterations_max` times. An empty cluster moves to the frame that is farthest from its centre; the
 * lowest block and frame on a tie. The result is the same for any number of ranks. The caller ends
 * `result` with distributed_fit_end, on failure too.
 *
 * Errors: STATUS_INVALID (fewer distinct frames than clusters), STATUS_STOPPED, STATUS_NO_MEMORY.
 */
enum status distributed_fit_run(struct distributed_fit *result, const struct frame_sample *sample,
                                const struct team *team, size_t clusters, size_t iterations_max,
                                uint64_t seed);

/** Collective. Moves the centres by one batch of frames; the first batch seeds them too. A centre
 * is the mean of all frames that came to it, each counted at the batch that it was in: Sculley's
 * rate of one over the frames so far, which for a batch does not depend on the order within it.
 * Occupancy is of all batches, inertia of each before it moved the centres. A centre that no frame
 * comes to stays where it is. A batch without frames changes nothing.
 *
 *     result  in and out  all zero before the first batch; the caller ends it, on failure too
 *
 * Errors: as distributed_fit_run, on the first batch. Source: Sculley 2010, "Web-scale k-means
 * clustering". */
enum status distributed_fit_add_batch(struct distributed_fit *result,
                                      const struct frame_sample *sample, const struct team *team,
                                      size_t clusters, size_t batches_max, uint64_t seed);

/** Local. */
void distributed_fit_end(struct distributed_fit *result);

#endif
