/** Mel filters: from magnitude spectra to bands as wide as hearing has them. Local.
 *
 * Triangles between points that lie evenly on the mel scale, each scaled to an area of one, as
 * vocoders measure their sound (Kong et al. 2020, arXiv:2010.05646, section 2.3; the scale and the
 * areas are those of librosa 0.10, filters.mel, within 1e-6). */
#ifndef MODELS_MEL_FILTERS_H
#define MODELS_MEL_FILTERS_H

#include <stddef.h>

/** Fills the filters between low_hz and high_hz; 0 <= low_hz < high_hz.
 *
 *     filters [bands][window / 2 + 1]  out
 *
 * Bands that are narrower than the spectrum's steps may be all zeros. Cannot fail. */
void mel_filters_fill(float *filters, size_t bands, size_t window, double rate_hz, double low_hz,
                      double high_hz);

#endif
