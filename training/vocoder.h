/** The vocoder objective: speech units to their sound. What the net makes of a piece of a caption's
 * units is held against the piece's sound by its magnitude spectra, in four resolutions, and in
 * mel bands; where the phase lies does not matter. Run-length units teach the duration predictor.
 *
 * The loss is the mean over resolutions of spectral convergence and of the distance of logarithms,
 * plus the distance of logarithms of mel bands, plus the squared error of log(1 + duration): each
 * the mean over the whole batch of all ranks.
 *
 * Sources: Yamamoto et al. 2020 (arXiv:1910.11480), section 2.2, for the spectra; Kong et al. 2020
 * (arXiv:2010.05646), section 2.3, for the mel bands; Lee et al. 2022 (arXiv:2107.05604), section
 * 3.3, for durations. There are no discriminators. */
#ifndef TRAINING_VOCODER_H
#define TRAINING_VOCODER_H

#include "models/unit_vocoder_trained.h"
#include "training/objective.h"
#include "training/speech_memory.h"

struct vocoder_objective_options {
    struct unit_vocoder_config model; /* 16 kHz, SPEECH_MEMORY_HOP samples a code */
    size_t segment_frames;            /* codes of a piece, from a place drawn for each step */
    size_t pass_frames;               /* codes that go through the net together */
};

/** Adds the model to a set that is not laid out yet. On success `objective->close` ends it, and
 * `speech` with it. Units of `speech` are below the model's codes.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY. */
enum status vocoder_objective_open(struct objective *objective, struct parameter_set *set,
                                   const struct vocoder_objective_options *options,
                                   struct speech_memory *speech);

#endif
