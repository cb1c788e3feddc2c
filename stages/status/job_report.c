#include "stages/status/job_report.h"

#include <stdlib.h>
#include <string.h>

enum { LOG_TAIL_BYTES = 16384, END_BYTES = 256 };

static enum status stage_path(char out[PATH_BYTES], const struct run *run, const char *stage,
                              const char *ending)
{
    char name[96];
    snprintf(name, sizeof name, "slurm/%s.%s", stage, ending);
    return run_path(out, run, name);
}

/* The last bytes of a text file; the caller frees them. NULL where there is none. */
static char *read_tail(const char *path)
{
    FILE *file = NULL;
    char *text = calloc(1, LOG_TAIL_BYTES + 1);
    if (text == NULL || file_open(&file, path) != STATUS_OK) {
        free(text);
        return NULL;
    }
    if (fseek(file, -(long)LOG_TAIL_BYTES, SEEK_END) != 0)
        rewind(file);
    const size_t bytes = fread(text, 1, LOG_TAIL_BYTES, file);
    text[bytes] = '\0';
    fclose(file);
    return text;
}

/* What a stage says itself comes before what Slurm and MPI say of its end. */
static void find_last_error(char out[JOB_TEXT_BYTES], char *text)
{
    char *line;
    bool is_own = false;
    while ((line = strsep(&text, "\n")) != NULL) {
        const bool tells = strncmp(line, "unitmill ", 9) == 0;
        if (tells || (!is_own && strstr(line, "error:") != NULL))
            snprintf(out, JOB_TEXT_BYTES, "%s", line);
        is_own = is_own || tells;
    }
}

static void read_last_error(char out[JOB_TEXT_BYTES], const struct run *run, const char *stage)
{
    char path[PATH_BYTES];
    char *text = stage_path(path, run, stage, "log") == STATUS_OK ? read_tail(path) : NULL;
    if (text != NULL)
        find_last_error(out, text);
    free(text);
}

/* What the job's script noted at its end, "17 failed with exit code 1", if it was this job. */
static void read_end(char out[END_BYTES], const struct run *run, const struct slurm_job *job)
{
    char path[PATH_BYTES];
    char *text = stage_path(path, run, job->stage, "end") == STATUS_OK ? read_tail(path) : NULL;
    out[0] = '\0';
    if (text == NULL)
        return;
    char *rest = NULL;
    if (strtoul(text, &rest, 10) == job->id && *rest == ' ')
        snprintf(out, END_BYTES, "%.*s", (int)strcspn(rest + 1, "\n"), rest + 1);
    free(text);
}

static bool was_cancelled(const struct slurm_job *job)
{
    return strcmp(job->state, "CANCELLED") == 0;
}

static bool ended_badly(const struct slurm_job *job, const char *end)
{
    if (job->state[0] == '\0') /* forgotten by Slurm */
        return end[0] != '\0' && strcmp(end, "done") != 0;
    return !slurm_job_is_alive(job) && strcmp(job->state, "COMPLETED") != 0;
}

/* The stage before whose job did not end well; NULL for none. */
static const char *failed_before(const struct run_survey *survey, size_t stage)
{
    for (size_t s = 0; s < stage; s++)
        if (survey->stages[s].state == SURVEY_FAILED || survey->stages[s].state == SURVEY_CANCELLED)
            return survey->stages[s].name;
    return NULL;
}

static void settle_state(struct survey_stage *stage, const struct slurm_job *job, const char *end,
                         double reject_limit)
{
    if (stage->state == SURVEY_DONE && !survey_is_over_limit(stage, reject_limit))
        return;
    if (slurm_job_is_queued(job))
        stage->state = SURVEY_QUEUED;
    else if (slurm_job_is_alive(job))
        stage->state = SURVEY_RUNNING;
    else if (stage->state == SURVEY_RUNNING)
        return; /* somebody else is at work */
    else if (was_cancelled(job))
        stage->state = SURVEY_CANCELLED;
    else if (ended_badly(job, end))
        stage->state = SURVEY_FAILED;
}

static void explain(struct stage_job *out, const struct run_survey *survey, size_t stage,
                    const struct run *run, const char *end)
{
    const enum survey_state state = survey->stages[stage].state;
    const struct slurm_job *job = out->job;
    const char *culprit = failed_before(survey, stage);
    if (state == SURVEY_DONE)
        return;
    if (state == SURVEY_FAILED)
        read_last_error(out->last_error, run, job->stage);
    if (state == SURVEY_CANCELLED && culprit != NULL &&
        strcmp(job->reason, "DependencyNeverSatisfied") == 0)
        snprintf(out->reason, sizeof out->reason, "%s did not succeed (%s)", culprit, job->reason);
    else
        snprintf(out->reason, sizeof out->reason, "%s%s%s", job->reason,
                 job->reason[0] != '\0' && end[0] != '\0' ? ": " : "", end);
}

enum status job_report_take(struct job_report *out, struct run_survey *survey,
                            const struct run *run)
{
    *out = (struct job_report){ 0 };
    const enum status outcome = slurm_jobs_read(&out->jobs, run->plan.run);
    if (outcome != STATUS_OK || out->jobs.count == 0)
        return outcome;
    if (slurm_jobs_ask(&out->jobs) != STATUS_OK)
        snprintf(out->slurm_error, sizeof out->slurm_error, "%s", status_text());
    for (size_t s = 0; s < survey->stage_count; s++) {
        const struct slurm_job *job = slurm_jobs_find(&out->jobs, survey->stages[s].name);
        char end[END_BYTES];
        if (job == NULL)
            continue;
        out->stages[s].job = job;
        read_end(end, run, job);
        settle_state(&survey->stages[s], job, end, run->plan.reject_limit);
        explain(&out->stages[s], survey, s, run, end);
        survey->is_running = survey->is_running || strcmp(job->state, "RUNNING") == 0;
    }
    return STATUS_OK;
}
