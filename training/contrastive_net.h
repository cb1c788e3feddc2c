/** Contrastive net: what pretrain wrote, opened over a store for use rather than for training. */
#ifndef TRAINING_CONTRASTIVE_NET_H
#define TRAINING_CONTRASTIVE_NET_H

#include "models/unit_codes.h"
#include "training/objective.h"

struct contrastive_net {
    struct parameter_set *set;
    struct objective objective; /* its `self` is for contrastive_split_encode */
};

/** Local. Reads a contrastive model.safetensors, whose sizes config.json beside it has, for the
 * units, features and embeddings of the store at `store`. `image_codes`, standardised, are what the
 * store's image units stand for: a net with convolutions needs them, others do not look; copied.
 * Call contrastive_net_close also after a failure. Errors: those of weights_file_read and
 * store_batch_open; STATUS_INVALID for weights of another kind, and for a store that the net cannot
 * take in. */
enum status contrastive_net_open(struct contrastive_net *out, const char *weights,
                                 const char *store, const struct unit_codes *image_codes);

void contrastive_net_close(struct contrastive_net *net);

#endif
