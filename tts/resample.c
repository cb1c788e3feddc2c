#include "tts/resample.h"

#include <soxr.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RATE_MIN_HZ = 1000, RATE_MAX_HZ = 1000000 };

struct resampler {
    soxr_t soxr; /* NULL where the rates are equal */
    unsigned input_rate_hz, output_rate_hz;
};

enum status resampler_create(struct resampler **out, unsigned input_rate_hz,
                             unsigned output_rate_hz)
{
    *out = NULL;
    if (input_rate_hz < RATE_MIN_HZ || input_rate_hz > RATE_MAX_HZ ||
        output_rate_hz < RATE_MIN_HZ || output_rate_hz > RATE_MAX_HZ)
        return status_fail(STATUS_INVALID, "no conversion from %u to %u Hz", input_rate_hz,
                           output_rate_hz);
    struct resampler *resampler = calloc(1, sizeof *resampler);
    if (resampler == NULL)
        return status_fail(STATUS_NO_MEMORY, "resampler");
    resampler->input_rate_hz = input_rate_hz;
    resampler->output_rate_hz = output_rate_hz;
    if (input_rate_hz != output_rate_hz) {
        soxr_error_t error = NULL;
        const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_MQ, 0);
        resampler->soxr =
            soxr_create(input_rate_hz, output_rate_hz, 1, &error, NULL, &quality, NULL);
        if (resampler->soxr == NULL) {
            free(resampler);
            return status_fail(STATUS_INVALID, "no conversion from %u to %u Hz: %s", input_rate_hz,
                               output_rate_hz, soxr_strerror(error));
        }
    }
    *out = resampler;
    return STATUS_OK;
}

void resampler_destroy(struct resampler *resampler)
{
    if (resampler == NULL)
        return;
    soxr_delete(resampler->soxr);
    free(resampler);
}

size_t resampler_output_count(const struct resampler *resampler, size_t input_count)
{
    const size_t in = resampler->input_rate_hz, out = resampler->output_rate_hz;
    const size_t seconds = input_count / in, rest = input_count % in;
    const size_t count = seconds * out + (2 * rest * out + in) / (2 * in);
    return count == 0 && input_count > 0 ? 1 : count;
}

enum status resampler_run(float *output, struct resampler *resampler, const float *input,
                          size_t input_count)
{
    const size_t expected = resampler_output_count(resampler, input_count);
    if (resampler->soxr == NULL || input_count == 0) {
        memcpy(output, input, input_count * sizeof *output);
        return STATUS_OK;
    }
    size_t body = 0, tail = 0;
    soxr_error_t error = soxr_clear(resampler->soxr);
    if (error == NULL)
        error = soxr_process(resampler->soxr, input, input_count, NULL, output, expected, &body);
    if (error == NULL)
        error = soxr_process(resampler->soxr, NULL, 0, NULL, output + body, expected - body, &tail);
    if (error != NULL)
        return status_fail(STATUS_INVALID, "%zu samples cannot be resampled: %s", input_count,
                           soxr_strerror(error));
    /* soxr may round the last sample away. */
    memset(output + body + tail, 0, (expected - body - tail) * sizeof *output);
    return STATUS_OK;
}
