/** The tensors of a HuBERT, and what Hugging Face, fairseq and torchaudio call them. */
#ifndef TOKENIZERS_SPEECH_HUBERT_NAMES_H
#define TOKENIZERS_SPEECH_HUBERT_NAMES_H

#include "core/status.h"
#include "nn/tensor_table.h"
#include "tokenizers/speech/hubert_config.h"

#include <stddef.h>

/** Parts of the net. Each has a weight and most have a bias. */
enum hubert_part {
    HUBERT_CONVOLUTION, /* index: which convolution */
    HUBERT_CONVOLUTION_NORM,
    HUBERT_FEATURE_NORM,
    HUBERT_PROJECTION,
    HUBERT_POSITION, /* the positional convolution */
    HUBERT_ENCODER_NORM,
    HUBERT_QUERY, /* from here on, index: which layer */
    HUBERT_KEY,
    HUBERT_VALUE,
    HUBERT_ATTENTION_OUT,
    HUBERT_ATTENTION_NORM,
    HUBERT_EXPAND,
    HUBERT_CONTRACT,
    HUBERT_FINAL_NORM,
    HUBERT_PART_COUNT
};

/** What a tensor is to its part. A positional weight is weight-normalised: for each tap k it is
 * gain[k] direction[:, :, k] / |direction[:, :, k]|. */
enum hubert_role { HUBERT_WEIGHT, HUBERT_BIAS, HUBERT_GAIN, HUBERT_DIRECTION };

struct hubert_entry {
    enum hubert_part part;
    enum hubert_role role;
    size_t index;
    size_t dimension_count;
    size_t shape[3];
};

/** Calls `visit` for each tensor of a net of this config, until one fails; returns its status. */
enum status hubert_names_visit(const struct hubert_config *config,
                               enum status (*visit)(void *payload,
                                                    const struct hubert_entry *entry),
                               void *payload);

/** How a file names its tensors. A plain value. */
struct hubert_names {
    const char *prefix;           /* before every name: "", "hubert.", ... */
    const char *const *parts;     /* [HUBERT_PART_COUNT], '#' for the index */
    const char *gain, *direction; /* the two spellings of weight norm */
};

enum { HUBERT_NAME_BYTES = 128 };

/** Hugging Face's names without a prefix, weight norm as weight_g and weight_v. */
struct hubert_names hubert_names_default(void);

/** Tells the naming of the tensors in `table`.
 * Errors: STATUS_CORRUPT where they are not HuBERT's, STATUS_INVALID for a HuBERT with batch norm
 * in its positional convolution. */
enum status hubert_names_detect(struct hubert_names *out, const struct tensor_table *table);

/** Writes the name of a tensor. */
void hubert_names_write(char name[HUBERT_NAME_BYTES], const struct hubert_names *names,
                        enum hubert_part part, enum hubert_role role, size_t index);

/** claimed [table->count]  out  whether the tensor belongs to a net of this config. */
void hubert_names_claim(bool *claimed, const struct hubert_names *names,
                        const struct tensor_table *table, const struct hubert_config *config);

/** Checks that every tensor of `table` belongs to a net of this config or is known not to matter
 * (heads and mask embeddings of pre-training, state of the trainer).
 * Errors: STATUS_CORRUPT, naming the first other one; STATUS_NO_MEMORY. */
enum status hubert_names_check(const struct hubert_names *names, const struct tensor_table *table,
                               const struct hubert_config *config);

#endif
