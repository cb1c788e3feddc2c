/** Unit vocoder: speech units to a waveform (code HiFi-GAN), with or without predicted durations.
 *
 * Source: Polyak et al. 2021 (arXiv:2104.00355) and Lee et al. 2022 (arXiv:2107.05604), as written
 * by facebookresearch/speech-resynthesis dbb92c8 and fairseq 3d262bb (CodeHiFiGANVocoder). Single
 * precision, inference only. All functions are local. A net holds its workspace, so it serves one
 * thread.
 *
 * A waveform is made in pieces of a few seconds, which begin and end early and late enough that
 * their seams are exact: bit by bit what one piece would give. So memory does not grow with the
 * length. Utterances go one by one: the products of one are tall enough to run at full speed. */
#ifndef MODELS_UNIT_VOCODER_H
#define MODELS_UNIT_VOCODER_H

#include "models/unit_vocoder_config.h"

#include <stdint.h>

struct unit_vocoder; /* opaque: weights and workspace */

/** Codes of an utterance after their durations: about six hours. */
enum { UNIT_VOCODER_LENGTH_MAX = 1 << 20 };

/** Makes a net of the generator in `table`; see unit_vocoder_config_read for `settings`. Nothing is
 * borrowed. On success `*out` is the caller's, ended with unit_vocoder_destroy; on failure NULL.
 * Errors: those of unit_vocoder_config_read; STATUS_CORRUPT (a tensor missing, misshapen, not
 * finite), STATUS_NO_MEMORY. */
enum status unit_vocoder_create(struct unit_vocoder **out, const struct tensor_table *table,
                                const struct settings *settings);

/** NULL is allowed. */
void unit_vocoder_destroy(struct unit_vocoder *net);

/** The net's sizes; borrowed from it. */
const struct unit_vocoder_config *unit_vocoder_sizes(const struct unit_vocoder *net);

/** Codes of a piece; for tests of the seams. 1 or more; the default is a few seconds.
 * Errors: STATUS_NO_MEMORY; the net then keeps what it had. */
enum status unit_vocoder_set_piece(struct unit_vocoder *net, size_t piece_codes);

/** Frames of a duration predictor's answer: e^x - 1, rounded half to even, 1 at least; no more than
 * UNIT_VOCODER_LENGTH_MAX. */
size_t unit_vocoder_round_duration(float log_duration);

/** How many codes long each unit is, as the net predicts it.
 *
 *     durations [count]  out  1 or more
 *     units     [count]  in   below the net's codes, no two neighbours equal (upstream's way of
 *                             training; equal ones are allowed)
 *
 * Errors: STATUS_INVALID (a net without duration predictor), STATUS_NO_MEMORY. */
enum status unit_vocoder_durations(size_t *durations, struct unit_vocoder *net,
                                   const uint16_t *units, size_t count);

/** Codes to a waveform.
 *
 *     samples [count * hop]  out  in -1 .. 1
 *     codes   [count]        in   below the net's codes; count >= 1
 *
 * Allocates nothing and cannot fail. Within 2e-5 of the reference
 * (tests/golden/unit-hifigan-tiny). */
void unit_vocoder_run(float *samples, struct unit_vocoder *net, const uint16_t *codes,
                      size_t count);

/** All of it, from units that come from outside: negative ones are dropped, as upstream does, the
 * others checked and, where `with_durations`, made as long as predicted.
 *
 * `*samples` [`*sample_count`] is the caller's, to free; NULL on failure.
 * Errors: STATUS_INVALID    a unit outside the vocabulary; no unit left; durations asked of a net
 *                           without predictor; more than UNIT_VOCODER_LENGTH_MAX codes
 *         STATUS_NO_MEMORY */
enum status unit_vocoder_speak(float **samples, size_t *sample_count, struct unit_vocoder *net,
                               const int64_t *units, size_t count, bool with_durations);

/** Who sees what lies between input and output. */
struct unit_vocoder_trace {
    /** `values` [rows][columns]: channels last. Borrowed for the call. */
    void (*put)(void *payload, const char *name, const float *values, size_t rows, size_t columns);
    void *payload;
};

/** From now on, utterances of one piece are shown to the trace, under the names of
 * tests/golden/unit-hifigan-tiny/README.md. Copied. NULL ends that. */
void unit_vocoder_set_trace(struct unit_vocoder *net, const struct unit_vocoder_trace *trace);

#endif
