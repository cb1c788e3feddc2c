#include "stages/slurm_jobs.h"

#include "core/file.h"
#include "core/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1 << 20, IDS_BYTES = SLURM_JOBS_MAX * 24 };

static enum status jobs_path(char out[PATH_BYTES], const char *run_folder)
{
    return path_join(out, run_folder, "slurm/jobs");
}

static struct slurm_job *find(struct slurm_jobs *jobs, const char *stage)
{
    for (size_t j = 0; j < jobs->count; j++)
        if (strcmp(jobs->items[j].stage, stage) == 0)
            return &jobs->items[j];
    return NULL;
}

const struct slurm_job *slurm_jobs_find(const struct slurm_jobs *jobs, const char *stage)
{
    for (size_t j = 0; j < jobs->count; j++)
        if (strcmp(jobs->items[j].stage, stage) == 0)
            return &jobs->items[j];
    return NULL;
}

static void take_line(struct slurm_jobs *jobs, const char *line)
{
    struct slurm_job job = { 0 };
    if (sscanf(line, "%31s %lu", job.stage, &job.id) != 2 || job.id == 0)
        return;
    struct slurm_job *before = find(jobs, job.stage);
    if (before != NULL)
        *before = job;
    else if (jobs->count < SLURM_JOBS_MAX)
        jobs->items[jobs->count++] = job;
}

enum status slurm_jobs_read(struct slurm_jobs *out, const char *run_folder)
{
    char path[PATH_BYTES], *line, *rest;
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    *out = (struct slurm_jobs){ 0 };
    enum status outcome = jobs_path(path, run_folder);
    if (outcome != STATUS_OK || !file_exists(path))
        return outcome;
    outcome = file_read(&bytes, &byte_count, path, FILE_BYTES_MAX);
    rest = (char *)bytes;
    while (outcome == STATUS_OK && (line = strsep(&rest, "\n")) != NULL)
        take_line(out, line);
    free(bytes);
    return outcome;
}

enum status slurm_jobs_add(const char *run_folder, const char *stage, unsigned long id)
{
    char path[PATH_BYTES], line[64];
    const enum status outcome = jobs_path(path, run_folder);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t bytes = (size_t)snprintf(line, sizeof line, "%.31s %lu\n", stage, id);
    const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0)
        return file_fail(path, "cannot keep the job's number");
    const bool is_kept = write(file, line, bytes) == (ssize_t)bytes && fsync(file) == 0;
    const bool is_closed = close(file) == 0;
    return is_kept && is_closed ? STATUS_OK : file_fail(path, "cannot keep the job's number");
}

/* "17,18" of the jobs without a state. */
static void list_ids(char out[IDS_BYTES], const struct slurm_jobs *jobs)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t j = 0; j < jobs->count; j++)
        if (jobs->items[j].state[0] == '\0')
            used += (size_t)snprintf(out + used, IDS_BYTES - used, "%s%lu", used > 0 ? "," : "",
                                     jobs->items[j].id);
}

static void take_field(char out[SLURM_FIELD_BYTES], char **rest)
{
    const char *field = strsep(rest, "|");
    const bool says_nothing = field == NULL || strcmp(field, "None") == 0 ||
                              strcmp(field, "N/A") == 0 || strcmp(field, "None assigned") == 0 ||
                              strcmp(field, "INVALID") == 0;
    snprintf(out, SLURM_FIELD_BYTES, "%s", says_nothing ? "" : field);
}

/* Lines of "ID|STATE|REASON|NODES|TIME LEFT", the last perhaps absent. */
static void take_answer(struct slurm_jobs *jobs, char *text)
{
    char *line;
    while ((line = strsep(&text, "\n")) != NULL) {
        char *rest = line, *end = NULL;
        const char *first = strsep(&rest, "|");
        const unsigned long id = strtoul(first, &end, 10);
        for (size_t j = 0; j < jobs->count && end != first && *end == '\0'; j++) {
            struct slurm_job *job = &jobs->items[j];
            if (job->id != id || job->state[0] != '\0')
                continue;
            take_field(job->state, &rest);
            job->state[strcspn(job->state, " ")] = '\0'; /* sacct: "CANCELLED by 1000" */
            take_field(job->reason, &rest);
            take_field(job->nodes, &rest);
            take_field(job->time_left, &rest);
            break;
        }
    }
}

static enum status ask(struct slurm_jobs *jobs, char *const argv[])
{
    struct program_result result;
    enum status outcome = program_run(&result, argv);
    if (outcome != STATUS_OK)
        return outcome;
    /* A number that is known no longer is an error of its own, not one of the controller. */
    if (result.exit_code == 0)
        take_answer(jobs, result.output);
    else if (strstr(result.errors, "Invalid job id") == NULL)
        outcome = status_fail(STATUS_IO, "%s: %.*s", argv[0], (int)strcspn(result.errors, "\n"),
                              result.errors);
    program_end(&result);
    return outcome;
}

enum status slurm_jobs_ask(struct slurm_jobs *jobs)
{
    char ids[IDS_BYTES];
    list_ids(ids, jobs);
    if (ids[0] == '\0')
        return STATUS_OK;
    char *const squeue[] = {
        "squeue", "--noheader", "--states=all", "--format=%i|%T|%r|%N|%L", "--jobs", ids, NULL
    };
    const enum status outcome = ask(jobs, squeue);
    if (outcome != STATUS_OK)
        return outcome;
    list_ids(ids, jobs);
    char *const sacct[] = { "sacct",         "--noheader", "--parsable2",
                            "--allocations", "--format",   "JobID,State,Reason,NodeList",
                            "--jobs",        ids,          NULL };
    if (ids[0] != '\0')
        (void)ask(jobs, sacct); /* many sites keep no accounts */
    for (size_t j = 0; j < jobs->count; j++)
        if (strcmp(jobs->items[j].state, "RUNNING") != 0)
            jobs->items[j].time_left[0] = '\0';
    return STATUS_OK;
}

static bool is_among(const char *state, const char *const states[], size_t count)
{
    for (size_t s = 0; s < count; s++)
        if (strcmp(state, states[s]) == 0)
            return true;
    return false;
}

bool slurm_job_is_queued(const struct slurm_job *job)
{
    static const char *const states[] = { "PENDING",      "CONFIGURING",  "REQUEUED",
                                          "REQUEUE_FED",  "REQUEUE_HOLD", "SPECIAL_EXIT",
                                          "RESV_DEL_HOLD" };
    return is_among(job->state, states, sizeof states / sizeof states[0]);
}

bool slurm_job_is_alive(const struct slurm_job *job)
{
    static const char *const states[] = { "RUNNING",   "SUSPENDED", "COMPLETING", "SIGNALING",
                                          "STAGE_OUT", "RESIZING",  "STOPPED" };
    return slurm_job_is_queued(job) ||
           is_among(job->state, states, sizeof states / sizeof states[0]);
}
