/** The contrastive loss of a batch that is split over the ranks (models/contrastive_loss.h): what
 * has to pass between them. */
#ifndef TRAINING_CONTRASTIVE_EXCHANGE_H
#define TRAINING_CONTRASTIVE_EXCHANGE_H

#include "cluster/team.h"

#include <stddef.h>
#include <stdint.h>

/** A batch of `count` records; rank r has those of slice_of(count, r, size). */
struct contrastive_batch {
    size_t count, width;
    const float *speech;      /* [own][width], of length 1 */
    const float *images;      /* [own][width], of length 1 */
    const uint64_t *pictures; /* [own]: whose picture each is of; NULL: no two the same */
    float log_scale;
};

/** Results. The loss is the whole batch's; gradients are those of the whole loss, so what the
 * ranks' parameters get from them is to be summed, not averaged. */
struct contrastive_result {
    double loss;
    double log_scale_gradient; /* this rank's share: to be summed */
    float *speech_gradient;    /* [own][width], given by the caller */
    float *image_gradient;     /* likewise; NULL where the images are frozen */
};

/** Collective. Frozen images cost one exchange of the images and two of `count` floats; images that
 * are trained cost one of the speech embeddings too, and no gradients are ever sent.
 * Errors: STATUS_NO_MEMORY. */
enum status contrastive_exchange(struct contrastive_result *result, const struct team *team,
                                 const struct contrastive_batch *batch);

#endif
