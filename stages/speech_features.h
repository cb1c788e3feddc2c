/** Speech to features, as fit-units, speech-units, evaluate and encode-speech do it: HuBERT, or
 * MFCC to compare with, over batches of utterances. All functions are local.
 *
 * The last bits of a feature may depend on the batch, so callers that promise equal results form
 * equal batches: they add the same utterances in the same order and flush where
 * speech_features_fits says so, and never across a shard. */
#ifndef STAGES_SPEECH_FEATURES_H
#define STAGES_SPEECH_FEATURES_H

#include "core/plan.h"
#include "core/status.h"
#include "tokenizers/speech/hubert.h"

#include <stdbool.h>

struct speech_features; /* opaque: weights, net, buffers */

/** As a layer: the last one that the net has. */
enum { SPEECH_FEATURES_LAST_LAYER = 1 << 20 };

enum { SPEECH_FEATURES_KEPT_MAX = PLAN_LAYERS_MAX };

struct speech_features_options {
    bool is_mfcc;                 /* MFCC instead of a net: then only batch_frames counts */
    const char *weights, *config; /* config NULL: config.json beside the weights, if any */
    size_t layer;                 /* blocks before the features are taken; 0: none */
    size_t kept_layers[SPEECH_FEATURES_KEPT_MAX]; /* to have beside it, from the same pass */
    size_t kept_count;
    size_t batch_frames; /* rows of a batch; a longer utterance is a batch of its own */
};

/** Loads the net. On success the caller ends `*out` with speech_features_destroy; on failure NULL.
 * Errors: those of weights_file_read and hubert_create; STATUS_INVALID for a layer the net has not.
 */
enum status speech_features_create(struct speech_features **out,
                                   const struct speech_features_options *options);

/** NULL is allowed. */
void speech_features_destroy(struct speech_features *features);

/** Columns of a feature row. */
size_t speech_features_width(const struct speech_features *features);

/** The net, borrowed; NULL for MFCC. */
const struct hubert *speech_features_net(const struct speech_features *features);

/** Rows that `samples` samples give, long audio cut into chunks as fairseq does; 0 for too few. */
size_t speech_features_rows(const struct speech_features *features, size_t samples);

/** True where an utterance of `samples` samples may be added now. To an empty batch any may. */
bool speech_features_fits(const struct speech_features *features, size_t samples);

/** Adds an utterance, which is copied. It must fit, and give at least one row.
 * Errors: STATUS_NO_MEMORY. */
enum status speech_features_add(struct speech_features *features, const float *audio,
                                size_t samples, size_t number);

/** From now on an utterance that is a batch of its own, of at most a chunk, is traced. `trace` is
 * borrowed; NULL ends that. */
void speech_features_set_trace(struct speech_features *features, const struct hubert_trace *trace);

/** What one utterance became. Valid until the next call with the same object. */
struct speech_result {
    size_t number;       /* as given to speech_features_add */
    const float *values; /* [rows][width] */
    const float *kept;   /* [rows][kept_count * width], layers in the order asked; NULL for none */
    size_t rows, samples;
};

/** Runs the net over the batch, which is then empty. `*results` [*count] in the order of adding.
 * Errors: STATUS_NO_MEMORY. */
enum status speech_features_flush(const struct speech_result **results, size_t *count,
                                  struct speech_features *features);

#endif
