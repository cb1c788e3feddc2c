#include "models/mel_filters.h"

#include <math.h>

/* Slaney's scale: even in Hz up to 1000 Hz, which is mel 15, and in their logarithm above. */
static const double knee_hz = 1000.0, knee_mel = 15.0;

static double octave_step(void)
{
    return log(6.4) / 27.0;
}

static double mel_of(double hz)
{
    return hz < knee_hz ? hz * knee_mel / knee_hz : knee_mel + log(hz / knee_hz) / octave_step();
}

static double hz_of(double mel)
{
    return mel < knee_mel ? mel * knee_hz / knee_mel
                          : knee_hz * exp((mel - knee_mel) * octave_step());
}

void mel_filters_fill(float *filters, size_t bands, size_t window, double rate_hz, double low_hz,
                      double high_hz)
{
    const size_t bins = window / 2 + 1;
    const double low = mel_of(low_hz), step = (mel_of(high_hz) - low) / (double)(bands + 1);
    for (size_t b = 0; b < bands; b++) {
        const double left = hz_of(low + (double)b * step);
        const double middle = hz_of(low + (double)(b + 1) * step);
        const double right = hz_of(low + (double)(b + 2) * step);
        for (size_t k = 0; k < bins; k++) {
            const double hz = (double)k * rate_hz / (double)window;
            const double height =
                fmin((hz - left) / (middle - left), (right - hz) / (right - middle));
            filters[b * bins + k] = (float)(height > 0.0 ? height * 2.0 / (right - left) : 0.0);
        }
    }
}
