/** The image-to-speech-unit model on the tape, to be trained. Its parameters have the names and
 * shapes of models/im2sp.h (Hugging Face's), so that what is trained here is what generation loads.
 * Local.
 *
 * The ids of a caption follow its picture's tokens: these see their whole picture, an id sees them
 * and the ids up to itself. Captions lie back to back, without padding. The matrix that makes
 * logits of states is the table that makes states of ids, one parameter ("output.weight").
 *
 * Over image units the image encoder is trained along. Over pixels it is frozen, as upstream's
 * --vit_fix has it, and its output comes in from outside (models/im2sp.h makes it). Of embeddings
 * there is none: one linear map makes a picture's tokens. Dropout is
 * where the decoder has it, behind embedding, attention and feed-forward part, but for that of
 * attention's weights.
 *
 * Source: as models/im2sp.h. Checked against tests/golden/im2sp-tiny: logits and loss within 1e-4
 * of the largest, gradients within 3e-4.
 *
 * T: tokens of a picture, D: width, V: ids. */
#ifndef MODELS_IM2SP_TRAINED_H
#define MODELS_IM2SP_TRAINED_H

#include "models/im2sp_config.h"
#include "nn/parameters.h"
#include "nn/tape.h"

struct im2sp_trained; /* opaque */

/** Adds the model's parameters to a set that is not laid out yet, and which outlives the model.
 * `dropout` is the share of values set to zero. Ownership: the caller's.
 * Errors: STATUS_INVALID for sizes that do not fit together; STATUS_NO_MEMORY. */
enum status im2sp_trained_create(struct im2sp_trained **out, struct parameter_set *set,
                                 const struct im2sp_config *config, float dropout);

/** NULL is allowed. */
void im2sp_trained_destroy(struct im2sp_trained *model);

/** The model's sizes; borrowed from it. */
const struct im2sp_config *im2sp_trained_sizes(const struct im2sp_trained *model);

/** The image encoder is not trained: a decoder that begins would only disturb what it knows. Before
 * training begins. */
void im2sp_trained_freeze_encoder(struct im2sp_trained *model);

/** As im2sp_set_codebook: a model of image units needs it before it runs. */
enum status im2sp_trained_set_codebook(struct im2sp_trained *model, const float *codes,
                                       size_t code_count, size_t width);

/** From here on the convolution over image units sees whitened vectors (models/unit_codes.h) and
 * its parameters are those of such, so that all directions in which codes differ are learned at one
 * speed; the model computes the same. Called after im2sp_trained_set_codebook, before there are
 * values; these are drawn for whitened vectors and, when they come from a file, taken over to them.
 * Squares that lie half outside the picture, as they do without early convolutions, rule it out:
 * then all stays as it is. Errors: STATUS_NO_MEMORY. */
enum status im2sp_trained_whiten_codes(struct im2sp_trained *model);

/** Takes the parameters back to the codebook's own vectors, for a file, and the model with them. */
void im2sp_trained_settle(struct im2sp_trained *model);

/** Draws first values from the seed, once the set is laid out and the codebook is there. Tables are
 * normal with a deviation of 0.02, as GIT's; matrices with 0.55 over the root of their columns,
 * which is 0.02 at GIT's width and lets narrow models look at their picture as soon. The
 * convolution over image units gives patches of loudness 1, to which places add 0.3. Biases are 0
 * and norms change nothing, but that every third head of the decoder begins looking at the picture
 * and the others reading the units: offsets of the projection and of the ids' norm tell the two
 * apart. */
void im2sp_trained_draw(struct im2sp_trained *model, uint64_t seed);

/** Takes values from a checkpoint with names of that naming and prefix (im2sp_prefix). Tensors that
 * it lacks, or has in another shape, stay as they are: so a decoder can begin as a text decoder.
 * `*filled` becomes the number of parameters taken.
 * Errors: STATUS_CORRUPT for values that are not finite. */
enum status im2sp_trained_fill(size_t *filled, struct im2sp_trained *model,
                               const struct tensor_table *table, enum im2sp_naming naming,
                               const char *prefix);

/** Rows of a caption of `units` units, all of them the model's: a beginning, then they.
 *
 *     ids     [units + 1]  out  what goes in
 *     targets [units + 1]  out  what ought to come next: they, then the end */
void im2sp_trained_put_caption(int32_t *ids, int32_t *targets, const struct im2sp_trained *model,
                               const uint16_t *units, size_t count);

/** Captions and their pictures; borrowed until the tape is reset. */
struct im2sp_trained_batch {
    size_t count;                /* captions, at least one */
    const uint16_t *image_units; /* [count][side][side], below the codebook's size; or */
    const float *encoded;        /* [count][T][encoder width]: what the image encoder gives; or */
    const float *embeddings;     /* [count][encoder width], finite */
    const size_t *starts;        /* [count + 1]: where each caption's ids begin; each has 1 to
                                    length_max */
    const int32_t *ids;          /* [starts[count]] */
    const uint64_t *records;     /* [count], names for dropout; NULL: no dropout */
    uint64_t seed, step;         /* of dropout */
};

/** Arrays of the tape. */
struct im2sp_trained_run {
    struct array *projected; /* [count * T][D]: pictures as the decoder sees them */
    struct array *embedded;  /* [ids][D] */
    struct array *decoded;   /* [ids][D]: after the last layer */
    struct array *logits;    /* [ids][V] */
};

struct im2sp_trained_run im2sp_trained_run(const struct im2sp_trained *model, struct tape *tape,
                                           const struct im2sp_trained_batch *batch);

#endif
