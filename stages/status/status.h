/** The command `unitmill status RUN`: how far a run is, a line a stage.
 *
 * Reads:  plan, manifest, and of every shard only what it says of itself, so it is quick; it takes
 *         no lock and may be asked while the run is at work
 * Writes: a table, or one JSON object, on standard output
 *
 * A stage is missing (nothing made yet), running (incomplete, and the run's lock is held), stopped
 * (incomplete, nobody at work) or done. Rate is records of finished shards over the time between
 * the first and the last of them; time left is what is missing over that rate. A shard that cannot
 * be read, or is not the one that its name says, is listed as damaged and counts as not done.
 *
 * Where jobs were submitted (RUN/slurm/jobs) it asks Slurm for them: their stages may then be
 * queued, failed or cancelled too, with the reason and the last error in the job's log.
 *
 * JSON: {"unitmill_status": 1, "run": ..., "is_running": ..., "stages": [{"stage", "state",
 * "shards_done", "shards", "records_done", "records", "rejected", "damaged", "bytes",
 * "records_per_second", "seconds_left", "job", "job_state", "nodes", "job_time_left", "reason",
 * "last_error"}], "slurm_error": ..., "damaged": [{"file", "reason"}], "reject_count": ...,
 * "rejects": [{"stage", "id", "reason"}]}; what is not known is left out. */
#ifndef STAGES_STATUS_STATUS_H
#define STAGES_STATUS_STATUS_H

#include "stages/command_line.h"
#include "stages/run_directory.h"

#include <stdio.h>

struct status_options {
    bool is_json;
    bool all_rejects; /* every reject; without it the first REJECTS_SHOWN */
    bool watches;     /* the command only: again while anything goes on */
};

enum { REJECTS_SHOWN = 5 };

enum status status_command(struct command_line *line, int argc, char **argv);

/** Local. Writes the status of a run opened by run_view; `*goes_on`: a stage runs, or a job waits.
 * Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status status_write(FILE *stream, bool *goes_on, const struct run *run,
                         const struct status_options *options);

#endif
