/** The inside of the contrastive objective, shared by training/contrastive.c (steps),
 * training/contrastive_encode.c (batches into embeddings) and training/contrastive_validate.c. */
#ifndef TRAINING_CONTRASTIVE_INSIDE_H
#define TRAINING_CONTRASTIVE_INSIDE_H

#include "training/contrastive.h"

struct contrastive {
    struct contrastive_options options;
    struct store_batch_shape shape;
    struct speech_encoder *speech, *images; /* images: NULL where they are frozen */
    struct parameter *log_scale;
};

/** Records first .. first + count - 1 of a batch. */
struct record_range {
    size_t first, count;
};

/** The next range from `first` on whose speech frames, and pictures' frames, stay within
 * pass_frames; one record at least. */
struct record_range contrastive_range(const struct contrastive *self,
                                      const struct store_batch *batch, size_t first);

/** Embeddings of a range, on the tape; `*images` is NULL where they are frozen. `names` are what
 * dropout knows the records by; NULL for none. */
void contrastive_encode(struct array **speech, struct array **images, struct contrastive *self,
                        struct tape *tape, const struct store_batch *batch,
                        struct record_range range, const struct objective_batch *step);

/** Either side alone. */
struct array *contrastive_encode_speech(struct contrastive *self, struct tape *tape,
                                        const struct store_batch *batch, struct record_range range,
                                        const struct objective_batch *step);
struct array *contrastive_encode_images(struct contrastive *self, struct tape *tape,
                                        const struct store_batch *batch, struct record_range range,
                                        const struct objective_batch *step);

/** As objective.validate. */
enum status contrastive_validate(struct objective_metrics *metrics, void *self,
                                 const struct team *team,
                                 const struct objective_validation *validation);

#endif
