/** The generator of a unit vocoder: a window of codes to a window of samples. Inside the net only.
 *
 * Rows of a stage that a window of the next one needs are computed with it, so that neighbouring
 * windows overlap by what their kernels see; the rows at a window's ends that lack neighbours are
 * never used. */
#ifndef MODELS_UNIT_VOCODER_GENERATOR_H
#define MODELS_UNIT_VOCODER_GENERATOR_H

#include "models/unit_vocoder.h"
#include "models/unit_vocoder_weights.h"

/** Buffers for windows of some number of codes; all owned. Rows of channels. */
struct unit_vocoder_workspace {
    float *activated, *middle; /* with zeros before and behind, for the kernels to read */
    float *input, *state, *sum;
    size_t piece_codes;
};

/** On failure the workspace is empty. Errors: STATUS_NO_MEMORY. */
enum status unit_vocoder_workspace_begin(struct unit_vocoder_workspace *workspace,
                                         const struct unit_vocoder_config *config,
                                         size_t piece_codes);

/** Frees. An all-zero one is allowed. */
void unit_vocoder_workspace_end(struct unit_vocoder_workspace *workspace);

struct unit_vocoder_job {
    const struct unit_vocoder_config *config;
    const struct unit_vocoder_weights *weights;
    const struct unit_vocoder_workspace *workspace;
    const struct unit_vocoder_trace *trace; /* NULL: nobody */
    const uint16_t *codes;                  /* [count]: of the utterance */
    size_t count;
};

/** Local. Samples of the codes first .. first + count, at most piece_codes of them, of the whole
 * utterance: samples [count * hop]. */
void unit_vocoder_generate(float *samples, const struct unit_vocoder_job *job, size_t first,
                           size_t count);

#endif
