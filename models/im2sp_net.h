/** What the parts of an image-to-speech-unit model share. Inside the net only. */
#ifndef MODELS_IM2SP_NET_H
#define MODELS_IM2SP_NET_H

#include "models/im2sp.h"
#include "models/im2sp_codebook.h"
#include "models/im2sp_weights.h"

/** Rows of the decoder in one go, and of the feed-forward part of either. */
enum { IM2SP_STEP_ROWS = 256 };

struct im2sp {
    struct im2sp_config config;
    struct im2sp_weights weights;
    struct im2sp_trace trace;
    struct im2sp_codebook codebook;

    /* Workspace, owned. R: rows of some pictures, or IM2SP_STEP_ROWS. */
    size_t pass_pictures;
    float *planes;  /* [channels][side][side]: of units, one picture; then what early convolutions
                       make of them, [channels][half side][half side] */
    float *windows; /* of an early convolution: [half side ^ 2][channels * kernel * kernel] */
    float *places;  /* [2][half side ^ 2][channels]: what comes of it, and the same normed */
    float *patches; /* [pictures * (T - 1)][channels * kernel * kernel] */
    float *stream;  /* [R][D]: what goes from layer to layer */
    float *normed;  /* [R][D] */
    float *qkv;     /* [R][3 D] */
    float *hidden;  /* [IM2SP_STEP_ROWS][F] */
    float *scores;  /* attention's scratch */
};

/** Shows `values` [rows][columns] of picture `number` to the trace. `name` may hold one %zu, for
 * `index`. */
void im2sp_show(const struct im2sp *net, size_t number, const char *name, size_t index,
                const float *values, size_t rows, size_t columns);

/** Where a convolution over a square looks. */
struct im2sp_windows {
    size_t side, channels, kernel, stride, padding;
};

/** The windows as rows: out [places][channels][kernel][kernel], of planes [channels][side][side];
 * zeros where they reach outside. */
void im2sp_gather_windows(float *out, const float *planes, const struct im2sp_windows *windows);

/** Workspace of the early convolutions, room for their planes included. Errors: STATUS_NO_MEMORY.
 */
enum status im2sp_convolutions_begin(struct im2sp *net);

/** Puts net->planes of one picture through the early convolutions; nothing where there are none. */
void im2sp_run_convolutions(struct im2sp *net);

/** Feed-forward part, added to what is there: stream [rows][D] += shrink(act(expand(in))). */
void im2sp_add_mlp(struct im2sp *net, float *stream, const float *in,
                   const struct im2sp_layer *layer, enum im2sp_activation activation, size_t rows);

/** Layers of the decoder over the tokens of `count` pictures in net->stream, which come as the
 * image encoder gave them, or over their embeddings there. Their keys and values go to `pictures`;
 * `first` is the number of the first of them, for the trace. */
void im2sp_prepare_pictures(float *const *pictures, struct im2sp *net, size_t first, size_t count);

/** Keys of a picture or of a sequence lie transposed, so that scores of many come from one product:
 * [layers][D][stride] and, for each layer after its keys, values [length][D]. */
size_t im2sp_stride(size_t length);

/** Where the keys of layer `layer` begin; the values follow D * stride floats on. */
size_t im2sp_layer_offset(const struct im2sp *net, size_t layer, size_t length);

#endif
