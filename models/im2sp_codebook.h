/** The codebook that a model of image units sees: its vectors, and with them similarities where the
 * model sees these. Inside the net only; local. */
#ifndef MODELS_IM2SP_CODEBOOK_H
#define MODELS_IM2SP_CODEBOOK_H

#include "models/im2sp_config.h"
#include "models/unit_similarities.h"

struct im2sp_codebook {
    float *rows; /* [count][channels], owned; NULL where none was set */
    size_t count;
    struct unit_similarities *similarities; /* owned; NULL where they are not seen */
};

/** Copies the vectors, in place of those before.
 *
 *     codes [code_count][width]
 *
 * Errors: STATUS_INVALID for another codebook than the model's; STATUS_NO_MEMORY. */
enum status im2sp_codebook_set(struct im2sp_codebook *codebook, const struct im2sp_config *config,
                               const float *codes, size_t code_count, size_t width);

/** An all-zero struct is allowed. */
void im2sp_codebook_end(struct im2sp_codebook *codebook);

#endif
