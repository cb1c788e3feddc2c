/** Unit vocoder on the tape, to be trained. Its parameters have the names and shapes of
 * models/unit_vocoder.h without weight norm, so that what is trained here is what vocode, generate
 * and describe load. Local.
 *
 * Utterances, or pieces of them, lie back to back, without padding. Source: as
 * models/unit_vocoder.h, whose results it gives within 1e-5. */
#ifndef MODELS_UNIT_VOCODER_TRAINED_H
#define MODELS_UNIT_VOCODER_TRAINED_H

#include "models/unit_vocoder_config.h"
#include "nn/parameters.h"
#include "nn/tape.h"

struct unit_vocoder_trained; /* opaque */

/** Adds the model's parameters to a set that is not laid out yet, and which outlives the model.
 * Ownership: the caller's. Errors: STATUS_INVALID for sizes that do not fit together;
 * STATUS_NO_MEMORY. */
enum status unit_vocoder_trained_create(struct unit_vocoder_trained **out,
                                        struct parameter_set *set,
                                        const struct unit_vocoder_config *config);

/** NULL is allowed. */
void unit_vocoder_trained_destroy(struct unit_vocoder_trained *model);

/** The model's sizes; borrowed from it. */
const struct unit_vocoder_config *
unit_vocoder_trained_sizes(const struct unit_vocoder_trained *model);

/** Draws first values from the seed, once the set is laid out: normal, so that each layer is about
 * as loud as its input and a residual block changes little. */
void unit_vocoder_trained_draw(struct unit_vocoder_trained *model, uint64_t seed);

/** Codes to waveforms.
 *
 *     codes    [segments' rows]  in   below the model's codes; borrowed until tape_reset
 *     samples  out  the waveforms' segments, in the tape's memory
 *     returns  [rows * hop][1], in -1 .. 1 */
struct array *unit_vocoder_trained_run(struct segments *samples,
                                       const struct unit_vocoder_trained *model, struct tape *tape,
                                       const int32_t *codes, const struct segments *segments);

/** What the duration predictor says of run-length units: log(1 + codes), [units][1]. The model must
 * have one. `units` as codes above. */
struct array *unit_vocoder_trained_durations(const struct unit_vocoder_trained *model,
                                             struct tape *tape, const int32_t *units,
                                             const struct segments *segments);

#endif
