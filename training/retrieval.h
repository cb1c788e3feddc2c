/** Retrieval: how well captions find their pictures and pictures their captions, by the cosine of
 * embeddings. Recall at K as the literature of Flickr8k and COCO has it (Karpathy and Fei-Fei 2015,
 * arXiv:1412.2306, section 4.2): a caption has found its picture when that is among the K nearest
 * pictures; a picture its captions when any one of them is among the K nearest captions. */
#ifndef TRAINING_RETRIEVAL_H
#define TRAINING_RETRIEVAL_H

#include "cluster/team.h"

#include <stddef.h>
#include <stdint.h>

/** One direction. */
struct retrieval_figures {
    double recall_at_1, recall_at_5, recall_at_10; /* shares, 0 .. 1 */
    double median_rank;                            /* 1 is best */
    size_t queries;
};

/** Captions and pictures of one split, on every rank alike. */
struct retrieval_set {
    size_t captions, pictures, width;
    const float *speech;        /* [captions][width], rows of length 1 */
    const float *images;        /* [pictures][width], rows of length 1 */
    const uint32_t *picture_of; /* [captions]: row in `images` */
};

/** Collective. Each rank takes a share of the queries; results are the same for any number of
 * ranks. Where several are equally near, within 1e-6, those that are wrong count as nearer: ties
 * do not help.
 * Errors: STATUS_NO_MEMORY. */
enum status retrieval_measure(struct retrieval_figures *speech_to_image,
                              struct retrieval_figures *image_to_speech, const struct team *team,
                              const struct retrieval_set *set);

/** Local. The pictures nearest to one caption, and the rank of its own.
 *
 *     nearest [*count]  out  rows in `images`, nearest first; *count is at most the pictures'
 * number *count            in/out *rank             out  of the caption's own picture, 1 is best;
 * ties count as above
 *
 * Errors: STATUS_NO_MEMORY. */
enum status retrieval_ask(uint32_t *nearest, size_t *count, size_t *rank,
                          const struct retrieval_set *set, size_t caption);

#endif
