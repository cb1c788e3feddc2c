/** Pictures made of units, for people to see what the units keep: beside a record, and a contact
 * sheet. Local. */
#ifndef STAGES_EXPORT_EXPORT_PICTURES_H
#define STAGES_EXPORT_EXPORT_PICTURES_H

#include "stages/export/export_job.h"
#include "stages/picture_decoder.h"

/** Writes ID.reconstruction.png, decoded with the weights that the run's plan names; or notes why
 * there is none. Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status export_reconstruction(struct export_job *job, const struct unit_grid *grid);

/** The path of the source of picture `id`, as the run's manifest has it.
 * Errors: STATUS_NOT_FOUND (no run, no such picture). */
enum status export_source_path(char path[PATH_BYTES], const struct export_job *job, const char *id);

/** Writes contact-sheet.png: up to options->contact_sheet pictures of the store, evenly spread over
 * it, each as the net saw it and, to the right of that, as its units give it back. A source that is
 * gone leaves its place grey, and a note.
 * Errors: STATUS_INVALID (no run, weights that changed since), and those of reading both. */
enum status export_contact_sheet(struct export_job *job);

#endif
