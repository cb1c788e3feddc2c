/** HuBERT on the tape, to be trained by masked prediction. Its parameters have the names and shapes
 * of tokenizers/speech/hubert.h (Hugging Face's), so that what is trained here is what makes units;
 * beside them stand those of the prediction alone, which inference knows not to matter:
 *
 *     masked_spec_embed    [D]     stands in for masked frames
 *     final_proj.weight    [P][D]  and .bias [P]: a frame, to be held against codewords
 *     label_embs_concat    [K][P]  codewords
 *
 * Utterances lie back to back, without padding; norms over time, convolutions and attention see one
 * at a time. Dropout is behind the positional convolution, attention and the feed-forward part.
 *
 * Source: Hsu et al. 2021 (arXiv:2106.07447), section II. Its penalty on the convolutions' features
 * and the scaling of their gradient are left out. Features agree with hubert_features of the same
 * weights within 1e-4 of the largest. Local.
 *
 * T: frames, D: width, P: projection's width, K: codewords. */
#ifndef TOKENIZERS_SPEECH_HUBERT_TRAINED_H
#define TOKENIZERS_SPEECH_HUBERT_TRAINED_H

#include "nn/parameters.h"
#include "nn/tape.h"
#include "nn/tape_rows.h"
#include "tokenizers/speech/hubert.h"

struct hubert_trained; /* opaque */

struct hubert_trained_options {
    struct hubert_config net;
    size_t projection_width, codewords;
    float temperature; /* logits are cosines divided by it */
    float dropout;     /* share of values set to zero */
};

/** Adds the net's parameters to a set that is not laid out yet, and which outlives the net.
 * Ownership: the caller's. Errors: STATUS_INVALID for sizes that do not fit together;
 * STATUS_NO_MEMORY. */
enum status hubert_trained_create(struct hubert_trained **out, struct parameter_set *set,
                                  const struct hubert_trained_options *options);

/** NULL is allowed. */
void hubert_trained_destroy(struct hubert_trained *model);

/** The net's sizes; borrowed from it. */
const struct hubert_config *hubert_trained_sizes(const struct hubert_trained *model);

/** Draws first values from the seed, once the set is laid out: matrices normal, so that what goes
 * through keeps its size; biases 0, norms that change nothing. */
void hubert_trained_draw(struct hubert_trained *model, uint64_t seed);

/** Takes values from weights in any naming that hubert_create knows. All of the net must be there;
 * what belongs to the prediction alone stays as it is where the table lacks it or has it in another
 * shape. `*filled` becomes the number of parameters taken.
 * Errors: STATUS_CORRUPT, naming a tensor that is missing, misshapen or not finite. */
enum status hubert_trained_fill(size_t *filled, struct hubert_trained *model,
                                const struct tensor_table *table);

/** Utterances; borrowed until the tape is reset. */
struct hubert_trained_batch {
    const struct hubert_utterance *utterances; /* [count], each of one frame at least */
    size_t count;
    const uint8_t *is_masked; /* [T], 1 for frames that are masked; NULL for none */
    const uint64_t *records;  /* [count], names for dropout; NULL: no dropout */
    uint64_t seed, step;      /* of dropout */
};

/** What the last layer gives: [T][D], on the tape. */
struct array *hubert_trained_run(const struct hubert_trained *model, struct tape *tape,
                                 const struct hubert_trained_batch *batch);

/** Frames against codewords: cosines divided by the temperature, [count][K].
 *
 *     features [T][D]   of hubert_trained_run
 *     frames   [count]  rows of it (part 0), borrowed until the tape is reset */
struct array *hubert_trained_logits(const struct hubert_trained *model, struct tape *tape,
                                    struct array *features, const struct row_source *frames,
                                    size_t count);

#endif
