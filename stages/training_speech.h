/** Training speech: the captions of a run as sound, with a unit for each frame of 20 ms: those of
 * RUN/units, or of k-means over MFCC. Shards are kept in memory up to a limit, so that a run that
 * fits is read once. Captions of held-out voices are left out. Of speech beyond 100 s the first
 * 100 s are taken. Local but for training_speech_fit. */
#ifndef STAGES_TRAINING_SPEECH_H
#define STAGES_TRAINING_SPEECH_H

#include "stages/run_directory.h"
#include "training/speech_batches.h"

/** Of shards in memory, on each rank. */
enum { TRAINING_SPEECH_CACHE_BYTES = 1 << 30 };

struct training_speech; /* opaque */

/** Looks through RUN/units. `run` is borrowed as long as the result. On success the caller ends
 * `*out` with training_speech_close, or lets the reader do it. Errors: STATUS_NOT_FOUND, naming the
 * stage that is to run first; STATUS_CORRUPT; STATUS_NO_MEMORY. */
enum status training_speech_open(struct training_speech **out, const struct run *run,
                                 size_t cache_bytes);

/** NULL is allowed. */
void training_speech_close(struct training_speech *speech);

/** Units that may occur: those of RUN/units, or the clusters that were fitted. */
size_t training_speech_codebook(const struct training_speech *speech);

/** Digest of what RUN/units is made from and holds. */
const char *training_speech_digest(const struct training_speech *speech);

/** Collective. From now on, units are clusters of MFCC: fit_units.clusters of them, fitted to the
 * run's speech as fit-units does it. The same for any number of ranks. Errors: those of
 * unit_fit_run. */
enum status training_speech_fit(struct training_speech *speech);

/** The reader, whose close ends the object. */
struct speech_reader training_speech_reader(struct training_speech *speech);

#endif
