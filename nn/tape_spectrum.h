/** Magnitude spectra of short frames of a signal, and distances between them, on the tape: what
 * nets that make sound are measured by. Local; see nn/tape.h.
 *
 * A frame's discrete Fourier transform is two products with cosines and sines, half as wide as the
 * frame because these are even and odd about its middle: at the speed of BLAS that is cheap beside
 * the net, and the way back is the same two products. */
#ifndef NN_TAPE_SPECTRUM_H
#define NN_TAPE_SPECTRUM_H

#include "nn/tape.h"

struct spectrum; /* opaque: a window and its tables; read-only, so it may be shared */

/** Power added to each value of a spectrum, so that its magnitude has a slope everywhere: the
 * magnitude of silence is its root. */
extern const float spectrum_floor;

/** Frames of `window` samples, an even number of at least 4, `hop` apart, under a Hann window
 * (periodic). On success `*out` is the caller's, ended with spectrum_destroy; on failure NULL.
 * Errors: STATUS_NO_MEMORY. */
enum status spectrum_create(struct spectrum **out, size_t window, size_t hop);

/** NULL is allowed. */
void spectrum_destroy(struct spectrum *spectrum);

/** Frames that fit wholly into so many samples; values of a frame: window / 2 + 1. */
size_t spectrum_frames(const struct spectrum *spectrum, size_t samples);
size_t spectrum_bins(const struct spectrum *spectrum);

/** sqrt(|DFT of each windowed frame|^2 + spectrum_floor), of each segment alone.
 *
 *     samples [T][1]
 *     out     starts [count + 1], filled by the caller with sums of spectrum_frames; borrowed
 *     returns [frames][bins]
 *
 * The spectrum is borrowed until tape_reset. As torch.stft without centring, within 1e-5 of the
 * largest magnitude. */
struct array *tape_spectrum(struct tape *tape, struct array *samples, const struct segments *in,
                            const struct segments *out, const struct spectrum *spectrum);

/** The natural logarithm of each element; all are above 0. */
struct array *tape_logarithm(struct tape *tape, struct array *x);

/** Spectral convergence: the sum over segments of |target - x| / |target|, Frobenius norms, divided
 * by `divisor`. A scalar. Only x gets a gradient. Segments without rows count nothing.
 *
 *     x, target [T][D], target not all zero in any segment
 *
 * Source: Arik et al. 2018 (arXiv:1808.06719), section 3. */
struct array *tape_spectral_convergence(struct tape *tape, struct array *x,
                                        const struct array *target, const struct segments *segments,
                                        double divisor);

#endif
