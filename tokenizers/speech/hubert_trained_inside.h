/** The inside of the HuBERT that is trained, shared by tokenizers/speech/hubert_trained.c
 * (parameters) and tokenizers/speech/hubert_trained_run.c (the net). */
#ifndef TOKENIZERS_SPEECH_HUBERT_TRAINED_INSIDE_H
#define TOKENIZERS_SPEECH_HUBERT_TRAINED_INSIDE_H

#include "tokenizers/speech/hubert_names.h"
#include "tokenizers/speech/hubert_trained.h"

enum { HUBERT_ROLE_COUNT = HUBERT_DIRECTION + 1 };

struct hubert_trained {
    struct hubert_trained_options options;
    size_t index_count;       /* of the parts with most indices */
    struct parameter **slots; /* [part][role][index], owned; NULL where there is none */
    struct parameter *mask, *projection, *projection_bias, *codewords;
};

/** Where the parameter of a part is kept. */
struct parameter **hubert_trained_slot(const struct hubert_trained *model, enum hubert_part part,
                                       enum hubert_role role, size_t index);

#endif
