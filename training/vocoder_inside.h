/** The inside of the vocoder objective, shared by training/vocoder.c (steps) and
 * training/vocoder_validate.c. */
#ifndef TRAINING_VOCODER_INSIDE_H
#define TRAINING_VOCODER_INSIDE_H

#include "nn/tape_spectrum.h"
#include "training/vocoder.h"

enum { VOCODER_RESOLUTIONS = 4, VOCODER_MEL_BANDS = 80 };

struct vocoder_objective {
    struct unit_vocoder_trained *model;
    struct speech_memory *speech;
    struct spectrum *spectra[VOCODER_RESOLUTIONS]; /* the first is that of the mel bands */
    float *mel_filters;                            /* [VOCODER_MEL_BANDS][bins of the first] */
    size_t segment_frames, pass_frames;
};

/** A piece of a caption. */
struct vocoder_piece {
    const struct speech_record *record;
    size_t first, count; /* codes */
};

/** What sums are divided by: of all pieces of all ranks. As doubles, to be summed over ranks. */
struct vocoder_totals {
    double frames[VOCODER_RESOLUTIONS]; /* of spectra */
    double pieces[VOCODER_RESOLUTIONS]; /* that have frames */
    double units;                       /* run-length, of whole captions */
};

enum { VOCODER_TOTALS = 2 * VOCODER_RESOLUTIONS + 1 };

/** Adds what the piece has. */
void vocoder_count_piece(struct vocoder_totals *totals, const struct vocoder_objective *self,
                         const struct vocoder_piece *piece);

/** Arrays of the tape, scalars; each already divided. */
struct vocoder_losses {
    struct array *convergence, *magnitude, *mel, *duration;
};

/** Pieces first .. `*next` - 1 of pieces [count] through the net, as many as pass_frames allows,
 * one at least; the tape was reset. Losses are without meaning where the tape is spent. */
struct vocoder_losses vocoder_run_pass(size_t *next, const struct vocoder_objective *self,
                                       struct tape *tape, const struct vocoder_piece *pieces,
                                       size_t first, size_t count,
                                       const struct vocoder_totals *totals);

/** As objective.validate. */
enum status vocoder_validate(struct objective_metrics *metrics, void *self, const struct team *team,
                             const struct objective_validation *validation);

#endif
