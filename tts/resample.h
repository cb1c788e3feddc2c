/** Sample rate conversion of whole mono signals. The door to libsoxr.
 *
 * Quality is soxr's MQ with linear phase. From 22,050 to 16,000 Hz it is flat within 0.1 dB up to
 * 7.3 kHz (0.91 of the new Nyquist frequency) and what would alias is at least 105 dB down. Of
 * soxr's recipes, LQ is as dear and loses everything above 5.5 kHz, HQ costs a tenth to a third
 * more for what 16-bit samples cannot hold, and QQ lets aliases through at -2 dB. */
#ifndef TTS_RESAMPLE_H
#define TTS_RESAMPLE_H

#include "core/status.h"

#include <stddef.h>

struct resampler; /* opaque: the filters, used again from signal to signal */

/** A converter from one rate to another, 1,000 .. 1,000,000 Hz each: below that is no speech, and a
 * small file would become a huge signal. On success `*out` is the caller's; else NULL. Errors:
 * STATUS_INVALID, STATUS_NO_MEMORY. */
enum status resampler_create(struct resampler **out, unsigned input_rate_hz,
                             unsigned output_rate_hz);

/** NULL is allowed. */
void resampler_destroy(struct resampler *resampler);

/** Samples that `input_count` samples become: input_count times output rate over input rate, to the
 * nearest, half upwards, and at least 1 (0 for 0). */
size_t resampler_output_count(const struct resampler *resampler, size_t input_count);

/** Converts one signal, from silence to silence: nothing of an earlier signal is left, so the same
 * signal gives the same samples. Equal rates copy. Local; one thread at a time.
 *
 *     output [resampler_output_count(input_count)]  out  may swing a little over -1 .. 1
 *     input  [input_count]                          in   finite
 *
 * Errors: STATUS_NO_MEMORY, STATUS_INVALID where soxr refuses. */
enum status resampler_run(float *output, struct resampler *resampler, const float *input,
                          size_t input_count);

#endif
