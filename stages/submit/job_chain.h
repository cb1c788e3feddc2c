/** Job chain: the stages of a run that are to be submitted, in order, each after the one before, as
 * scripts and as jobs. All functions are local. */
#ifndef STAGES_SUBMIT_JOB_CHAIN_H
#define STAGES_SUBMIT_JOB_CHAIN_H

#include "stages/run_survey.h"
#include "stages/submit/job_request.h"

struct job_link {
    struct job_request request;
    char *script;     /* owned */
    unsigned long id; /* once it is submitted */
};

struct job_chain {
    struct job_link links[SURVEY_STAGES_MAX];
    size_t count;
    char run[PATH_BYTES]; /* the run directory */
};

/** The stages to run, in order: those that `survey` does not find done, and a stage that gathers
 * after any of them. `survey` is NULL for a run that is not there yet. The caller
 * ends the chain with job_chain_end, also on failure.
 * Errors: those of job_request_read, node_shape_ask and job_script_fill. */
enum status job_chain_make(struct job_chain *out, const struct plan *plan, const char *plan_path,
                           const struct option_texts *overrides, const struct run_survey *survey);

/** Writes the graph, a line a job, and the scripts. */
void job_chain_print(FILE *stream, const struct job_chain *chain);

/** Writes the scripts to RUN/slurm, hands them to sbatch in order, each depending on the success of
 * the one before, and keeps their numbers. Where one is refused, those before it are cancelled.
 * Errors: STATUS_IO with what sbatch said; those of file_write and program_run. */
enum status job_chain_submit(struct job_chain *chain);

/** An all-zero chain is allowed. */
void job_chain_end(struct job_chain *chain);

#endif
