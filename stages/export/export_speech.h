/** What a caption sounds like: its record in the speech shards of the run. All functions are local.
 */
#ifndef STAGES_EXPORT_EXPORT_SPEECH_H
#define STAGES_EXPORT_EXPORT_SPEECH_H

#include "stages/export/export_job.h"

/** Writes ID.wav and ID.phones.txt, and adds "rate_wpm" and "pitch" to the object that is open.
 * Where there is no speech, or it is damaged, a note says so instead.
 * Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status export_speech(struct export_job *job, struct json_writer *writer);

#endif
