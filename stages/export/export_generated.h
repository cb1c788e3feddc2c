/** Exporting what generate made: all captions of a run as sound. */
#ifndef STAGES_EXPORT_EXPORT_GENERATED_H
#define STAGES_EXPORT_EXPORT_GENERATED_H

#include "stages/export/export.h"

/** Local. Writes a WAV file for each generated caption of `run` that has sound, and generated.tsv,
 * a line each: id, WAV file, seconds, score, whether it was cut, units; where pictures have
 * several, the caption's number too, which is then part of the file's name. Errors:
 * STATUS_NOT_FOUND (nothing was generated), STATUS_CORRUPT, STATUS_IO, STATUS_NO_MEMORY. */
enum status export_generated(const struct run *run, const char *out);

#endif
