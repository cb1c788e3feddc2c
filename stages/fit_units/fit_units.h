/** fit-units: fits speech units, k-means over HuBERT features of a sample of the captions.
 *
 * Reads:  RUN/speech shards, the HuBERT weights of the plan
 * Writes: RUN/kmeans.h5: centres, inertia by iteration, occupancy, settings
 * Ranks:  any number, each holding the frames it made; sums are exact, so the centres are the same
 *         for any number */
#ifndef STAGES_FIT_UNITS_FIT_UNITS_H
#define STAGES_FIT_UNITS_FIT_UNITS_H

#include "stages/run_directory.h"

/** Collective. Does nothing where the plan names centres, or RUN/kmeans.h5 was fitted with these
 * settings on the manifest as it is, or as it was before lines were appended. Errors:
 * STATUS_INVALID (fewer frames than clusters), STATUS_STOPPED, those of loading weights and shards,
 * STATUS_IO. */
enum status fit_units_run(const struct run *run);

#endif
