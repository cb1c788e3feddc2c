/** A look at what lies between a HuBERT's input and output, to locate a mismatch. */
#ifndef TOKENIZERS_SPEECH_HUBERT_TRACE_H
#define TOKENIZERS_SPEECH_HUBERT_TRACE_H

#include <stdbool.h>
#include <stddef.h>

/** `put` is called with each array, in order, named as in tests/golden/hubert-tiny/README.md:
 *
 *     conv0_raw, conv0, conv1, ...    [rows of that convolution][channels], only for audio so short
 *                                     (512 rows of the second convolution) that it is not cut
 *     conv, conv_ln                   [T][channels]
 *     proj, pos_conv, layer0          [T][D]
 *     block1.q_proj, .k_proj, .v_proj, .attn, .norm1, .ffn, layer1, block2.q_proj, ...  [T][D]
 *
 * In a batch, the conv arrays come once an utterance, the others hold all utterances back to back.
 * A net that normalises first (large) has no norm1 as such: it is what the feed-forward reads.
 * Tracing costs two products more a block, and may change the last bits; without `put`, or with
 * `is_layers_only`, it costs nothing and changes nothing. */
struct hubert_trace {
    void (*put)(void *payload, const char *name, const float *values, size_t rows, size_t columns);
    void *payload;
    bool is_layers_only; /* put layer0, layer1, ... and nothing else */
};

/** Calls `put` where there is a trace. */
void hubert_trace_put(const struct hubert_trace *trace, const char *name, const float *values,
                      size_t rows, size_t columns);

/** As hubert_trace_put, under the name `before``number``after`. */
void hubert_trace_put_numbered(const struct hubert_trace *trace, const char *before, size_t number,
                               const char *after, const float *values, size_t rows, size_t columns);

#endif
