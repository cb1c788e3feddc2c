#include "stages/submit/job_chain.h"

#include "core/log.h"
#include "core/program.h"
#include "core/shipped_file.h"
#include "stages/slurm_jobs.h"
#include "stages/submit/job_script.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEMPLATE_BYTES_MAX = 1 << 20, WEIGHTS_MAX = 4 };

/* Single texts that a script is filled with; what they point at lives as long as they do. */
struct script_texts {
    char name[64], nodes[24], tasks[24], threads[24], warning[24], requeues[24];
    char log[PATH_BYTES + 64], launch[256], unitmill[PATH_BYTES], plan[PATH_BYTES];
    const char *memory;
};

static enum status write_folder(char out[PATH_BYTES], const struct job_chain *chain,
                                const char *name)
{
    char folder[PATH_BYTES];
    const enum status outcome = path_join(folder, chain->run, "slurm");
    return outcome == STATUS_OK ? path_join(out, folder, name) : outcome;
}

/* "%" begins a pattern of Slurm's in the name of a log. */
static void write_log_path(char *out, size_t out_bytes, const char *run, const char *stage)
{
    size_t used = 0;
    for (; *run != '\0' && used + 2 < out_bytes; run++) {
        if (*run == '%')
            out[used++] = '%';
        out[used++] = *run;
    }
    snprintf(out + used, out_bytes - used, "/slurm/%s.log", stage);
}

/* One core for each rank and never two on one; the ranks of a failed stage have time to say why. */
static void write_launch(char *out, size_t out_bytes, const struct job_request *request)
{
    const char *launcher = request->plan.slurm.launcher;
    const size_t threads = request->plan.slurm.threads;
    if (strcmp(launcher, "srun") == 0)
        snprintf(out, out_bytes,
                 "srun --mpi=pmix --cpus-per-task=%zu --cpu-bind=cores --kill-on-bad-exit=0 "
                 "--wait=30",
                 threads);
    else if (strcmp(launcher, "mpirun") == 0)
        snprintf(out, out_bytes, "mpirun --quiet --map-by ppr:%zu:node:pe=%zu --bind-to core",
                 request->tasks_per_node, threads);
    else
        snprintf(out, out_bytes, "%s", launcher);
}

static enum status write_texts(struct script_texts *out, const struct job_chain *chain,
                               const struct job_request *request)
{
    const struct plan *plan = &request->plan;
    const bool is_contained = plan->slurm.container != NULL && plan->slurm.container[0] != '\0';
    char folder[PATH_BYTES];
    enum status outcome = write_folder(out->plan, chain, "plan.yaml");
    if (outcome == STATUS_OK)
        outcome = write_folder(folder, chain, "");
    snprintf(out->name, sizeof out->name, "unitmill-%s", request->stage->name);
    snprintf(out->nodes, sizeof out->nodes, "%zu", plan->slurm.nodes);
    snprintf(out->tasks, sizeof out->tasks, "%zu", request->tasks_per_node);
    snprintf(out->threads, sizeof out->threads, "%zu", plan->slurm.threads);
    snprintf(out->warning, sizeof out->warning, "%zu", plan->slurm.warning_seconds);
    snprintf(out->requeues, sizeof out->requeues, "%zu", plan->slurm.requeue_limit);
    write_log_path(out->log, sizeof out->log, chain->run, request->stage->name);
    write_launch(out->launch, sizeof out->launch, request);
    memset(out->unitmill, 0, sizeof out->unitmill);
    if (is_contained) /* what lies in the image, not what lies here */
        strcpy(out->unitmill, "unitmill");
    else if (readlink("/proc/self/exe", out->unitmill, sizeof out->unitmill - 1) <= 0)
        return file_fail("/proc/self/exe", "cannot find myself");
    return outcome;
}

static struct script_value value_of(const char *name, const char *const *text, bool is_shell)
{
    const bool is_there = *text != NULL && (*text)[0] != '\0';
    return (struct script_value){ name, text, is_there, is_shell };
}

static struct script_value list_of(const char *name, const struct plan_texts *texts, bool is_shell)
{
    return (struct script_value){ name, (const char *const *)texts->items, texts->count, is_shell };
}

/* "speech_units.hubert=/weights/model.safetensors": what the stage reads whole, and every rank of
 * it, so that a copy on the node's own disk pays; not the nets that ship with unitmill, which are
 * small and the plan's other defaults go by them. `texts` has room for WEIGHTS_MAX. */
static size_t list_weights(const char **texts, char *room, size_t room_bytes,
                           const struct job_request *request)
{
    const struct plan *plan = &request->plan;
    const struct {
        const char *stage, *key, *path;
    } weights[] = {
        { "fit-units", "speech_units.hubert", plan->speech_units.hubert },
        { "speech-units", "speech_units.hubert", plan->speech_units.hubert },
        { "image-units", "image_units.vit_vqgan", plan->image_units.vit_vqgan },
        { "embed-images", "embed_images.clip", plan->embed_images.clip },
        { "generate", "generate.im2sp", plan->generate.im2sp },
        { "generate", "generate.vocoder", plan->generate.vocoder },
    };
    size_t count = 0;
    for (size_t w = 0; w < sizeof weights / sizeof weights[0] && count < WEIGHTS_MAX; w++) {
        if (strcmp(weights[w].stage, request->stage->name) != 0 || weights[w].path == NULL ||
            strcmp(weights[w].path, plan_compact) == 0)
            continue;
        const int bytes = snprintf(room, room_bytes, "%s=%s", weights[w].key, weights[w].path);
        if (bytes < 0 || (size_t)bytes >= room_bytes)
            break;
        texts[count++] = room;
        room += bytes + 1;
        room_bytes -= (size_t)bytes + 1;
    }
    return count;
}

static enum status fill_script(char **script, const struct job_chain *chain,
                               const struct job_request *request, const char *template_text,
                               const char *template_path)
{
    const struct plan *plan = &request->plan;
    struct script_texts texts;
    const char *weights[WEIGHTS_MAX];
    char room[WEIGHTS_MAX * PATH_BYTES];
    const size_t weight_count = list_weights(weights, room, sizeof room, request);
    const enum status outcome = write_texts(&texts, chain, request);
    if (outcome != STATUS_OK)
        return outcome;
    const char *const singles[] = { texts.name,     texts.log,     texts.nodes,    texts.tasks,
                                    texts.threads,  texts.warning, texts.requeues, texts.launch,
                                    texts.unitmill, texts.plan,    chain->run };
    const struct script_value values[] = {
        value_of("job_name", &singles[0], false),
        value_of("log", &singles[1], false),
        value_of("nodes", &singles[2], false),
        value_of("tasks_per_node", &singles[3], false),
        value_of("threads", &singles[4], false),
        value_of("warning_seconds", &singles[5], false),
        value_of("requeue_limit", &singles[6], false),
        value_of("launch", &singles[7], true),
        value_of("unitmill", &singles[8], false),
        value_of("plan", &singles[9], false),
        value_of("run", &singles[10], false),
        value_of("stage", &request->stage->name, false),
        value_of("partition", (const char *const *)&plan->slurm.partition, false),
        value_of("account", (const char *const *)&plan->slurm.account, false),
        value_of("memory", (const char *const *)&plan->slurm.memory, false),
        value_of("time", (const char *const *)&plan->slurm.time, false),
        value_of("constraint", (const char *const *)&plan->slurm.constraint, false),
        value_of("container", (const char *const *)&plan->slurm.container, true),
        value_of("scratch", (const char *const *)&plan->slurm.scratch, true),
        { "weights", weights, weight_count, false },
        list_of("extra", &plan->slurm.extra, false),
        list_of("prologue", &plan->slurm.prologue, true),
    };
    return job_script_fill(script, template_text, template_path, values,
                           sizeof values / sizeof values[0]);
}

static enum status read_template(uint8_t **text, char path[PATH_BYTES], const struct plan *plan)
{
    size_t bytes = 0;
    enum status outcome = STATUS_OK;
    if (plan->slurm.template != NULL)
        snprintf(path, PATH_BYTES, "%s", plan->slurm.template);
    else
        outcome = shipped_file_find(path, "templates", "jobs/templates", "stage.sh");
    return outcome == STATUS_OK ? file_read(text, &bytes, path, TEMPLATE_BYTES_MAX) : outcome;
}

static enum status add_link(struct job_chain *chain, const struct stage *stage,
                            const char *plan_path, const struct option_texts *overrides)
{
    struct job_link *link = &chain->links[chain->count++];
    char path[PATH_BYTES];
    uint8_t *text = NULL;
    enum status outcome = job_request_read(&link->request, stage, plan_path, overrides);
    if (outcome == STATUS_OK && link->request.tasks_per_node == 0) {
        struct node_shape node;
        outcome = node_shape_ask(&node, &link->request);
        if (outcome == STATUS_OK)
            job_request_place(&link->request, &node);
    }
    if (outcome == STATUS_OK)
        outcome = read_template(&text, path, &link->request.plan);
    if (outcome == STATUS_OK)
        outcome = fill_script(&link->script, chain, &link->request, (const char *)text, path);
    free(text);
    return outcome;
}

enum status job_chain_make(struct job_chain *out, const struct plan *plan, const char *plan_path,
                           const struct option_texts *overrides, const struct run_survey *survey)
{
    *out = (struct job_chain){ 0 };
    snprintf(out->run, sizeof out->run, "%s", plan->run);
    enum status outcome = job_request_check(plan);
    for (size_t s = 0; s < stage_count && outcome == STATUS_OK; s++) {
        const struct stage *stage = &stage_table[s];
        const bool is_planned = stage->is_planned == NULL || stage->is_planned(plan);
        const bool is_done =
            survey != NULL && survey->stages[s].state == SURVEY_DONE &&
            (stage->gathers || !survey_is_over_limit(&survey->stages[s], plan->reject_limit));
        if (is_planned && (!is_done || (stage->gathers && out->count > 0)))
            outcome = add_link(out, stage, plan_path, overrides);
    }
    return outcome;
}

void job_chain_print(FILE *stream, const struct job_chain *chain)
{
    fprintf(stream, "%s: %zu jobs\n\n", chain->run, chain->count);
    for (size_t l = 0; l < chain->count; l++) {
        const struct job_request *request = &chain->links[l].request;
        const char *memory = request->plan.slurm.memory, *time = request->plan.slurm.time;
        fprintf(stream, "  %-14s %zu nodes x %zu ranks x %zu cores, %s, %s", request->stage->name,
                request->plan.slurm.nodes, request->tasks_per_node, request->plan.slurm.threads,
                memory == NULL ? "memory as the site gives" : memory, time);
        if (l > 0)
            fprintf(stream, ", after %s", chain->links[l - 1].request.stage->name);
        fputc('\n', stream);
    }
    for (size_t l = 0; l < chain->count; l++)
        fprintf(stream, "\n---- %s/slurm/%s.sh\n%s", chain->run,
                chain->links[l].request.stage->name, chain->links[l].script);
}

/* "17", or "17;cluster" */
static enum status take_id(unsigned long *id, const struct program_result *said)
{
    char *end = NULL;
    *id = strtoul(said->output, &end, 10);
    if (said->exit_code != 0 || end == said->output || *id == 0)
        return status_fail(STATUS_IO, "%.*s", (int)strcspn(said->errors, "\n"),
                           said->errors[0] == '\0' ? "sbatch gave no number" : said->errors);
    return STATUS_OK;
}

static enum status submit_link(struct job_link *link, const struct job_chain *chain,
                               unsigned long after)
{
    char name[96], path[PATH_BYTES], dependency[64];
    struct program_result said = { 0 };
    snprintf(name, sizeof name, "%s.sh", link->request.stage->name);
    snprintf(dependency, sizeof dependency, "--dependency=afterok:%lu", after);
    enum status outcome = write_folder(path, chain, name);
    if (outcome == STATUS_OK)
        outcome = file_write(path, link->script, strlen(link->script));
    char *const first[] = { "sbatch", "--parsable", path, NULL };
    /* Without the second option the jobs after one that failed would wait for ever. */
    char *const later[] = { "sbatch", "--parsable", dependency, "--kill-on-invalid-dep=yes",
                            path,     NULL };
    if (outcome == STATUS_OK)
        outcome = program_run(&said, after == 0 ? first : later);
    if (outcome == STATUS_OK)
        outcome = take_id(&link->id, &said);
    program_end(&said);
    if (outcome == STATUS_OK)
        outcome = slurm_jobs_add(chain->run, link->request.stage->name, link->id);
    return outcome;
}

static void cancel(const struct job_chain *chain)
{
    for (size_t l = 0; l < chain->count; l++) {
        char id[24];
        struct program_result said = { 0 };
        snprintf(id, sizeof id, "%lu", chain->links[l].id);
        char *const argv[] = { "scancel", id, NULL };
        if (chain->links[l].id != 0)
            (void)program_run(&said, argv);
        program_end(&said);
    }
}

enum status job_chain_submit(struct job_chain *chain)
{
    enum status outcome = STATUS_OK;
    unsigned long after = 0;
    for (size_t l = 0; l < chain->count && outcome == STATUS_OK; l++) {
        outcome = submit_link(&chain->links[l], chain, after);
        after = chain->links[l].id;
    }
    if (outcome != STATUS_OK) {
        char why[STATUS_TEXT_BYTES];
        snprintf(why, sizeof why, "%s", status_text());
        cancel(chain);
        outcome = status_fail(outcome, "%s; nothing stays submitted", why);
    }
    return outcome;
}

void job_chain_end(struct job_chain *chain)
{
    for (size_t l = 0; l < chain->count; l++) {
        job_request_end(&chain->links[l].request);
        free(chain->links[l].script);
    }
    *chain = (struct job_chain){ 0 };
}
