/** Job report: what Slurm and the jobs' own files say of a run, beside its survey. All functions
 * are local. */
#ifndef STAGES_STATUS_JOB_REPORT_H
#define STAGES_STATUS_JOB_REPORT_H

#include "stages/run_survey.h"
#include "stages/slurm_jobs.h"

enum { JOB_TEXT_BYTES = 512 };

/** Of one stage; all zero where it was never submitted. */
struct stage_job {
    const struct slurm_job *job;     /* borrowed from the report */
    char reason[JOB_TEXT_BYTES];     /* why it waits, or why it did not end well; "" for none */
    char last_error[JOB_TEXT_BYTES]; /* the last line of its log that tells of a failure, or "" */
};

struct job_report {
    struct slurm_jobs jobs;
    struct stage_job stages[SURVEY_STAGES_MAX]; /* in the order of the survey */
    char slurm_error[JOB_TEXT_BYTES];           /* why Slurm could not be asked; "" where it was */
};

/** Reads and asks, and corrects the states of the survey: a job that waits makes its stage queued,
 * one that runs running, one that ended badly failed or cancelled. Without jobs the report is empty
 * and the survey stays. Slurm that is not there or does not answer is no failure.
 * Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status job_report_take(struct job_report *out, struct run_survey *survey,
                            const struct run *run);

#endif
