#include "stages/submit/submit.h"

#include "core/log.h"
#include "stages/shipped_nets.h"
#include "stages/slurm_jobs.h"
#include "stages/submit/estimate.h"
#include "stages/submit/job_chain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

const char submit_command_help[] =
    "Submitting again submits what is missing; while jobs of the run are queued it refuses.\n"
    "docs/slurm.md goes from an account on a cluster to a packed store.\n";

/* Two that submit the same run at once would each find nothing queued. */
static enum status take_lock(int *lock, const char *run_folder)
{
    char path[PATH_BYTES];
    enum status outcome = path_join(path, run_folder, "slurm");
    if (outcome == STATUS_OK)
        outcome = folder_make(path);
    if (outcome == STATUS_OK)
        outcome = path_join(path, run_folder, "slurm/.lock");
    if (outcome != STATUS_OK)
        return outcome;
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*lock < 0)
        return file_fail(path, "cannot lock");
    if (flock(*lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return status_fail(STATUS_INVALID, "%s: is being submitted by another unitmill",
                           run_folder);
    return STATUS_OK;
}

static enum status refuse_while_queued(const char *run_folder)
{
    struct slurm_jobs jobs;
    char list[400] = "";
    size_t used = 0;
    enum status outcome = slurm_jobs_read(&jobs, run_folder);
    if (outcome == STATUS_OK)
        outcome = slurm_jobs_ask(&jobs);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t j = 0; j < jobs.count && used + 1 < sizeof list; j++)
        if (slurm_job_is_alive(&jobs.items[j]))
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s job %lu %s",
                                     used > 0 ? ", " : "", jobs.items[j].stage, jobs.items[j].id,
                                     jobs.items[j].state);
    return used == 0
               ? STATUS_OK
               : status_fail(STATUS_INVALID, "%.100s: submitted already: %.300s", run_folder, list);
}

/* Checks the plan against the run, freezes it, and writes what the jobs read: the plan as it is
 * now, overrides applied. */
static enum status settle_plan(const struct command_line *line)
{
    struct run run;
    char path[PATH_BYTES], *text = NULL;
    size_t bytes = 0;
    enum status outcome = run_open(&run, &line->team, line->operands[0], &line->sets);
    if (outcome != STATUS_OK)
        return outcome;
    FILE *stream = open_memstream(&text, &bytes);
    if (stream == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", run.plan.run);
    else {
        fputs("# The plan of the jobs beside it, overrides applied. Written by unitmill submit.\n",
              stream);
        shipped_nets_write_plan(stream, &run.plan);
        fclose(stream);
        outcome = run_path(path, &run, "slurm/plan.yaml");
    }
    if (outcome == STATUS_OK)
        outcome = file_write(path, text, bytes);
    free(text);
    run_close(&run);
    return outcome;
}

static enum status make_chain(struct job_chain *chain, const struct command_line *line,
                              const struct plan *plan)
{
    char frozen[PATH_BYTES];
    struct run run;
    struct run_survey survey = { 0 };
    *chain = (struct job_chain){ 0 };
    enum status outcome = path_join(frozen, plan->run, "plan.yaml");
    if (outcome != STATUS_OK)
        return outcome;
    if (!file_exists(frozen))
        return job_chain_make(chain, plan, line->operands[0], &line->sets, NULL);
    outcome = run_view(&run, &line->team, plan->run);
    if (outcome == STATUS_OK)
        outcome = run_survey_take(&survey, &run);
    if (outcome == STATUS_OK)
        outcome = job_chain_make(chain, plan, line->operands[0], &line->sets, &survey);
    run_survey_end(&survey);
    run_close(&run);
    return outcome;
}

static enum status submit(const struct command_line *line, const struct plan *plan)
{
    struct job_chain chain = { 0 };
    int lock = -1;
    enum status outcome = take_lock(&lock, plan->run);
    if (outcome == STATUS_OK)
        outcome = refuse_while_queued(plan->run);
    if (outcome == STATUS_OK)
        outcome = settle_plan(line);
    if (outcome == STATUS_OK)
        outcome = make_chain(&chain, line, plan);
    if (outcome == STATUS_OK)
        outcome = job_chain_submit(&chain);
    for (size_t l = 0; l < chain.count && outcome == STATUS_OK; l++)
        printf("%-14s job %lu\n", chain.links[l].request.stage->name, chain.links[l].id);
    if (outcome == STATUS_OK && chain.count == 0)
        log_say("%s: every stage is done, nothing to submit", plan->run);
    job_chain_end(&chain);
    if (lock >= 0)
        close(lock);
    return outcome;
}

static enum status print_chain(const struct command_line *line, const struct plan *plan)
{
    struct job_chain chain;
    const enum status outcome = make_chain(&chain, line, plan);
    if (outcome == STATUS_OK)
        job_chain_print(stdout, &chain);
    job_chain_end(&chain);
    return outcome;
}

static enum status print_estimate(const struct command_line *line, const struct plan *plan,
                                  const struct estimate_options *options)
{
    struct estimate estimate;
    const enum status outcome =
        estimate_take(&estimate, plan, line->operands[0], &line->sets, options);
    if (outcome == STATUS_OK)
        estimate_print(stdout, &estimate, options);
    return outcome;
}

enum status submit_command(struct command_line *line, int argc, char **argv)
{
    bool is_dry = false, is_estimate = false;
    struct estimate_options wanted = { .sample_pictures = 24, .hours = 1.0 };
    const struct option options[] = {
        { "dry-run", OPTION_SWITCH, &is_dry, NULL, "print the jobs and their scripts" },
        { "estimate", OPTION_SWITCH, &is_estimate, NULL,
          "measure the stages here on a sample, and say what the whole takes" },
        { "sample", OPTION_COUNT, &wanted.sample_pictures, "N",
          "pictures to measure with (default 24)" },
        { "rate", OPTION_TEXTS, &wanted.rates, "STAGE=R",
          "records a second of one rank, instead of measuring; repeatable" },
        { "hours", OPTION_NUMBER, &wanted.hours, "H",
          "in which each stage is to end (default 1), for the advice on nodes" },
    };
    struct plan plan;
    if (!command_begin(line, options, sizeof options / sizeof options[0], argc, argv))
        return STATUS_OK;
    if (!(wanted.hours > 0.0))
        return command_usage(line, "--hours must be positive");
    enum status outcome = plan_read(&plan, line->operands[0], &line->sets);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = is_estimate ? print_estimate(line, &plan, &wanted)
              : is_dry    ? print_chain(line, &plan)
                          : submit(line, &plan);
    plan_end(&plan);
    return outcome;
}
