/** A compact HuBERT that was calculated, not trained: a filter bank, a logarithm and a cosine
 * transform, written as the weights of the ordinary net.
 *
 * After block 1 its features are 13 cepstral coefficients of 21 bands, so that their clusters tell
 * phones apart much as those of MFCC do. They know nothing of what a trained net learns: words,
 * accents, noise. What each part of the net does for that is said in the source.
 *
 * Source: Davis and Mermelstein 1980 for cepstra of mel bands; the way to write them as weights of
 * a HuBERT is ours. */
#ifndef TOKENIZERS_SPEECH_HUBERT_DESIGNED_H
#define TOKENIZERS_SPEECH_HUBERT_DESIGNED_H

#include "core/status.h"
#include "nn/tensor_table.h"

/** Local. Adds the tensors of a net of hubert_config_compact() to `table` (which may be all zero),
 * under Hugging Face's names: the same ones at every call. Write the config beside it with
 * hubert_config_write. On failure the table may hold a part; end it.
 *
 * Errors: STATUS_INVALID (a tensor is there already), STATUS_NO_MEMORY. */
enum status hubert_designed(struct tensor_table *table);

#endif
