/** Units to sound, as vocode, describe and generate do it. All functions are local. */
#ifndef STAGES_UNIT_SPEECH_H
#define STAGES_UNIT_SPEECH_H

#include "models/unit_vocoder.h"

/** Loads a unit vocoder; `config` NULL: config.json beside the weights, if any. On success the
 * caller ends `*out` with unit_vocoder_destroy; on failure NULL. Errors: those of weights_file_read
 * and unit_vocoder_create. */
enum status unit_speech_load(struct unit_vocoder **out, const char *weights, const char *config);

/** Speaks units into 16-bit samples: see unit_vocoder_speak, whose errors these are. `*samples`
 * [`*sample_count`] is the caller's, to free; NULL on failure. */
enum status unit_speech_make(int16_t **samples, size_t *sample_count, struct unit_vocoder *net,
                             const int64_t *units, size_t count, bool with_durations);

/** As unit_speech_make, for units of a caption: once each, with predicted durations. */
enum status unit_speech_make_short(int16_t **samples, size_t *sample_count,
                                   struct unit_vocoder *net, const uint16_t *units, size_t count);

/** Checks that a vocoder can speak captions of units 0 .. unit_count - 1. `path` is for the
 * message. Errors: STATUS_INVALID (no duration predictor, fewer units). */
enum status unit_speech_check(const struct unit_vocoder *net, const char *path, size_t unit_count);

/** Reads whole numbers, separated by blanks or commas, from a line of text. `*units` [`*count`] is
 * the caller's, to free; NULL on failure; no number is a count of 0.
 * Errors: STATUS_INVALID, naming what is no number; STATUS_NO_MEMORY. */
enum status unit_speech_parse(int64_t **units, size_t *count, const char *text);

#endif
