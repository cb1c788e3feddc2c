/** An embedding of a picture as the image-to-speech-unit model takes it in: one that is used and
 * one that is trained alike. */
#ifndef MODELS_IM2SP_EMBEDDING_H
#define MODELS_IM2SP_EMBEDDING_H

#include <stddef.h>

/** Local. Scales an embedding to length 1: its direction is what CLIP was trained to give a
 * meaning. One of zeros stays.
 *
 *     out       [E]  out
 *     embedding [E]  in   finite */
void im2sp_embedding_scale(float *out, const float *embedding, size_t E);

#endif
