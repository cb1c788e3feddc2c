/** A picture of a training run for people to look at: its losses and its validation figures over
 * the steps, as SVG that any browser shows. Local. */
#ifndef TRAINING_TRAINING_PLOT_H
#define TRAINING_TRAINING_PLOT_H

#include "core/status.h"

#include <stddef.h>

enum { TRAINING_PLOT_FIGURES_MAX = 6 };

/** Draws, from the metrics in `metrics`, the mean loss and the validation figures of those names
 * [count] into the SVG file `path`, durably. Figures that the file lacks are left out; without a
 * loss nothing is written. Errors: STATUS_IO, STATUS_NO_MEMORY; STATUS_NOT_FOUND without metrics.
 */
enum status training_plot_write(const char *path, const char *metrics, const char *const *figures,
                                size_t count);

#endif
