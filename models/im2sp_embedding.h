/** An embedding of a picture as the image-to-speech-unit model takes it in: one that is used and
 * one that is trained alike. */
#ifndef MODELS_IM2SP_EMBEDDING_H
#define MODELS_IM2SP_EMBEDDING_H

#include <stddef.h>

/** Local. Scales an embedding until the mean square of its values is 1: its direction is what CLIP
 * was trained to give a meaning, and a net's first values count on such loudness. One of zeros
 * stays.
 *
 *     out       [E]  out
 *     embedding [E]  in   finite */
void im2sp_embedding_scale(float *out, const float *embedding, size_t E);

#endif
