/** HuBERT: from speech to one feature row per 20 ms.
 *
 * Source: Hsu et al. 2021 (arXiv:2106.07447), in the numbers of fairseq 3d262bb; base and large
 * structure, inference only, single precision. All functions are local. A net is read-only after
 * hubert_create, so threads may share one; a workspace serves one thread. No call but the two
 * creating ones allocates.
 *
 *     tensor table, settings -> hubert_config_of_weights -> hubert_create
 *     hubert_workspace_create once, then hubert_features as often as needed
 *
 * Audio is mono, HUBERT_SAMPLE_RATE_HZ, -1 .. 1, finite. T: feature rows; D: their width; layer k:
 * after k blocks, and 0 is the first block's input. In a net that normalises first (large), layers
 * below the last are as they stand between blocks, and the last has the final layer norm: Hugging
 * Face's hidden_states[k]; fairseq's output_layer=k is the same but for the last, which it gives
 * without that norm. */
#ifndef TOKENIZERS_SPEECH_HUBERT_H
#define TOKENIZERS_SPEECH_HUBERT_H

#include "core/status.h"
#include "nn/tensor_table.h"
#include "tokenizers/speech/hubert_config.h"
#include "tokenizers/speech/hubert_trace.h"

#include <stddef.h>

/** Samples of a chunk (100 s), where long audio is cut: fairseq's max_chunk. */
enum { HUBERT_CHUNK_SAMPLES = 1600000 };

struct hubert;           /* opaque: the weights */
struct hubert_workspace; /* opaque: everything between input and output */

/** Makes a net of the tensors in `table`, named as Hugging Face (perhaps below "hubert."), fairseq
 * (perhaps below "model.") or torchaudio do, with either spelling of weight norm; see
 * hubert_config_of_weights for `config`. The table is borrowed and must outlive the net: F32
 * tensors are used where they lie, so that ranks share a mapped file, and only convolutions are
 * copied (36 MB in base). On success `*out` is the caller's, ended with hubert_destroy; on failure
 * it is NULL.
 *
 * Errors: STATUS_CORRUPT    a tensor is missing, misshapen, not finite, or none of HuBERT's and not
 *                           known to be irrelevant
 *         STATUS_INVALID    batch norm in the positional convolution
 *         STATUS_NO_MEMORY */
enum status hubert_create(struct hubert **out, const struct tensor_table *table,
                          const struct hubert_config *config);

/** Releases what is not borrowed. NULL is allowed. */
void hubert_destroy(struct hubert *model);

/** The net's sizes; borrowed from it. */
const struct hubert_config *hubert_sizes(const struct hubert *model);

/** Feature rows that `samples` samples give; 0 below the receptive field (400 samples). */
size_t hubert_frame_count(const struct hubert *model, size_t samples);

/** Columns of a feature row: 768 for base. */
size_t hubert_width(const struct hubert *model);

/** Blocks, so the last layer: 12 for base. */
size_t hubert_layer_count(const struct hubert *model);

/** Bytes of a workspace for `frames_max` rows: in base 28 MB and 16 KB a row, so 52 MB for 30 s. */
size_t hubert_workspace_bytes(const struct hubert_config *config, size_t frames_max);

/** Makes a workspace for calls of up to `frames_max` rows (of all utterances of a batch). On
 * success
 * `*out` is the caller's, ended with hubert_workspace_destroy; on failure it is NULL.
 *
 * Errors: STATUS_INVALID (frames_max 0 or beyond 2^24), STATUS_NO_MEMORY. */
enum status hubert_workspace_create(struct hubert_workspace **out, const struct hubert *model,
                                    size_t frames_max);

/** NULL is allowed. */
void hubert_workspace_destroy(struct hubert_workspace *workspace);

/** Features of one utterance.
 *
 *     features [T][D]     out  T = hubert_frame_count(model, samples)
 *     audio    [samples]  in
 *     layer               in   0 .. hubert_layer_count(model); later blocks do not run
 *
 * Within 5e-5 of the reference in tests/golden/hubert-tiny; 5e-4 at full size. The result depends
 * on the audio alone, not on earlier calls. Errors: STATUS_INVALID  too few samples for a row, too
 * many for the workspace, no such layer */
enum status hubert_features(float *features, const struct hubert *model,
                            struct hubert_workspace *workspace, const float *audio, size_t samples,
                            size_t layer);

struct hubert_utterance {
    const float *audio; /* [samples] */
    size_t samples;
};

/** Features of several utterances, rows back to back in their order. Attention, norms over time and
 * convolutions see one utterance at a time, without padding; other products take all rows at
 * once, which is faster than a call an utterance. Results agree with hubert_features within
 * rounding; which bits come out may depend on the whole batch, so promise equal results only
 * for equal batches.
 *
 *     features   [sum of T][D]  out
 *     utterances [count]        in
 *     trace                     in   NULL: none. Several layers of one pass are to be had here.
 *
 * Errors: as hubert_features, naming the utterance's number; nothing is written then. */
enum status hubert_features_of_batch(float *features, const struct hubert *model,
                                     struct hubert_workspace *workspace,
                                     const struct hubert_utterance *utterances, size_t count,
                                     size_t layer, const struct hubert_trace *trace);

/** Feature rows of audio that is cut into chunks of HUBERT_CHUNK_SAMPLES: fewer than without. A
 * last chunk too short for a row gives none (fairseq fails there). */
size_t hubert_chunked_frame_count(const struct hubert *model, size_t samples);

/** Features of audio of any length, cut as all fairseq readers cut it: chunks of
 * HUBERT_CHUNK_SAMPLES, each an utterance of its own, rows back to back. The same as
 * hubert_features up to one chunk. The workspace must hold the rows of a chunk (4,999), or of
 * the audio where that is shorter.
 *
 *     features [hubert_chunked_frame_count][D]  out */
enum status hubert_features_in_chunks(float *features, const struct hubert *model,
                                      struct hubert_workspace *workspace, const float *audio,
                                      size_t samples, size_t layer);

#endif
