/** Speech CLS encoder: one embedding for an utterance. A learned CLS row is put before the
 * utterance's frames; transformer blocks let it gather them; its last state is projected into the
 * space of image embeddings and scaled to length 1. Local.
 *
 * Frames are either stored features, one or several layers of HuBERT mixed by learned softmax
 * weights, or units through an embedding table, with sinusoidal positions. The units may as well be
 * those of a picture: then this is a small image tower, which takes a patch of units as one frame.
 *
 * Source: Speak the Art (arXiv:2601.00827), stage 1; Shih et al. 2022 (arXiv:2210.00705,
 * SpeechCLIP), parallel branch, whose parameter names it has, so that PyTorch users can load what
 * is trained here. Checked against golden/speech-contrastive-tiny, with gradients, within 1e-5. */
#ifndef MODELS_SPEECH_ENCODER_H
#define MODELS_SPEECH_ENCODER_H

#include "core/settings.h"
#include "models/transformer_block.h"
#include "models/unit_codes.h"
#include "nn/parameters.h"
#include "nn/tape_convolution.h"

enum {
    SPEECH_ENCODER_BLOCKS_MAX = 24,
    SPEECH_ENCODER_CONVOLVED_SIDE = 4 /* of a frame's square of units, behind convolutions */
};

struct speech_encoder_config {
    size_t feature_layers; /* layers of features that come in; 0: units come in */
    size_t units;          /* ids are below; 0: features come in */
    size_t merged_units;   /* units that make a frame, side by side */
    size_t unit_width;     /* of the table's rows; those of a frame are projected to `width` unless
                              it is one row of that width */
    size_t convolution_channels; /* 0; or the units are squares, one an utterance, row by row, and
                                    go through early convolutions of so many channels before
                                    patches that overlap are projected: frames of 4 x 4 units */
    size_t blocks, embedding;
    bool has_final_norm;            /* of the blocks' output, as SpeechCLIP has it */
    struct transformer_sizes sizes; /* width is that of the features */
};

/** Utterances back to back. */
struct speech_batch {
    struct segments frames;             /* starts in frames, of features or of units */
    const uint16_t *const *half_layers; /* [feature_layers] of [frames][width], binary16; or */
    struct array *const *layers;        /* the same as arrays of the tape; or */
    const int32_t *units;               /* [frames][merged_units]; with convolutions the squares */
    const uint64_t *records;            /* [utterances], names for dropout; NULL: no dropout */
    uint64_t seed, step;                /* of dropout */
    uint32_t first_dropout; /* tells the dropouts of several nets of one run apart: equal draws in
                               both towers of a contrastive pair would give the pair away */
};

/** Arrays of the tape. Rows of utterance s start at its first frame plus s, with CLS first. */
struct speech_encoding {
    struct array *frames;    /* [frames][width]: mixed features, or embedded units */
    struct array *states;    /* after the blocks, and the final norm; [utterances][width] unless all
                                rows were asked for */
    struct array *projected; /* [utterances][embedding] */
    struct array *embedding; /* the same, of length 1 */
    struct transformer_trace first_block;
    struct array *first_output; /* of the first block */
};

struct speech_encoder; /* opaque */

/** 1 block of 8 heads and 3,072 hidden values, dropout 0.1, and a final norm. */
struct speech_encoder_config speech_encoder_default(size_t width, size_t embedding);

/** Settings that weights carry: "num_hidden_states", "units", "merged_units", "unit_width",
 * "convolution_channels", "hidden_size", "num_heads", "feed_forward", "embed_dim", "num_layers",
 * "layer_norm_eps", "encoder_final_layer_norm", "norm_first", "dropout", each below `section`
 * ("model.", ""). What is absent stays as it is in `config`. Errors: STATUS_INVALID, naming the
 * key. */
enum status speech_encoder_config_read(struct speech_encoder_config *config,
                                       const struct settings *settings, const char *section);
enum status speech_encoder_config_write(struct settings *settings, const char *section,
                                        const struct speech_encoder_config *config);

/** Adds the net's parameters, each name after `prefix`, to a set that is not laid out yet, and
 * which outlives the net. Ownership: the caller's. Errors: STATUS_INVALID for sizes that do not fit
 * together; STATUS_NO_MEMORY. */
enum status speech_encoder_create(struct speech_encoder **encoder, struct parameter_set *set,
                                  const char *prefix, const struct speech_encoder_config *config);

/** Gives a net with convolutions what its units stand for, standardised: copied. It has no table of
 * its own; its first convolution learns what is in the codes. Before it runs.
 * Errors: STATUS_INVALID for codes that are not the net's; STATUS_NO_MEMORY. */
enum status speech_encoder_set_codes(struct speech_encoder *encoder,
                                     const struct unit_codes *codes);

/** Draws first values, from the seed alone, once the set is laid out. */
void speech_encoder_draw(struct speech_encoder *encoder, uint64_t seed);

/** Encodes a batch of at least one utterance, none of them empty. With `wants_all_rows` the last
 * block computes every row, not only CLS; embeddings are the same. */
struct speech_encoding speech_encoder_run(struct speech_encoder *encoder, struct tape *tape,
                                          const struct speech_batch *batch, bool wants_all_rows);

/** The convolution that makes frames of what the early convolutions give of squares of `side`. */
struct convolution_2d speech_encoder_patch(size_t images, size_t side);

/** What is added to the frame of a place: sines and cosines of it, row [width]. Vaswani et al.
 * 2017 (arXiv:1706.03762), section 3.5. */
void speech_encoder_place(float *row, size_t place, size_t width);

/** Floating-point operations in the products of one utterance, forward and backward. */
double speech_encoder_flop(const struct speech_encoder_config *config, size_t frames);

/** NULL is allowed. */
void speech_encoder_destroy(struct speech_encoder *encoder);

#endif
