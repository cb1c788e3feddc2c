/** Slurm jobs of a run: which job was submitted for which stage, kept in RUN/slurm/jobs, and what
 * Slurm says of them. All functions are local.
 *
 * RUN/slurm/jobs has a line a submission, "STAGE ID"; the last one of a stage counts. squeue knows
 * a job until some minutes after its end, sacct for longer, where the site keeps accounts. */
#ifndef STAGES_SLURM_JOBS_H
#define STAGES_SLURM_JOBS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { SLURM_JOBS_MAX = 32, SLURM_FIELD_BYTES = 128 };

struct slurm_job {
    char stage[32];
    unsigned long id;
    char state[SLURM_FIELD_BYTES];  /* Slurm's word, "RUNNING"; "" where Slurm knows it no longer */
    char reason[SLURM_FIELD_BYTES]; /* "" for none */
    char nodes[SLURM_FIELD_BYTES];  /* "host[1-2]"; "" before it starts */
    char time_left[SLURM_FIELD_BYTES]; /* of its limit, while it runs; "" else */
};

struct slurm_jobs {
    struct slurm_job items[SLURM_JOBS_MAX];
    size_t count;
};

/** Reads RUN/slurm/jobs; no file means no jobs. Lines that are no submission are passed over.
 * Errors: STATUS_IO, STATUS_NO_MEMORY, STATUS_INVALID (larger than it can be). */
enum status slurm_jobs_read(struct slurm_jobs *out, const char *run_folder);

/** Adds a line to RUN/slurm/jobs, on the disk when it returns. Errors: STATUS_IO. */
enum status slurm_jobs_add(const char *run_folder, const char *stage, unsigned long id);

/** Asks squeue, then sacct for those that squeue does not know, and fills in what they say.
 * Errors: STATUS_NOT_FOUND where squeue is not there, STATUS_IO where it cannot reach the
 * controller; the jobs then stay without a state. */
enum status slurm_jobs_ask(struct slurm_jobs *jobs);

/** The job of a stage, or NULL. */
const struct slurm_job *slurm_jobs_find(const struct slurm_jobs *jobs, const char *stage);

/** True for a job that waits, runs, or is on its way from the one to the other. */
bool slurm_job_is_alive(const struct slurm_job *job);

/** True for one that waits. */
bool slurm_job_is_queued(const struct slurm_job *job);

#endif
