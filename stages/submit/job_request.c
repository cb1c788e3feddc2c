#include "stages/submit/job_request.h"

#include "core/plan_table.h"
#include "core/program.h"

#include <stdlib.h>
#include <string.h>

/* "image-units.nodes=8": the stage it is for; the rest into `*setting`. */
static const struct stage *stage_of(const char *item, const char **setting)
{
    char name[64];
    const size_t bytes = strcspn(item, ".");
    *setting = item[bytes] == '.' ? item + bytes + 1 : NULL;
    snprintf(name, sizeof name, "%.*s", (int)bytes, item);
    return bytes < sizeof name && *setting != NULL ? stage_find(name) : NULL;
}

enum status job_request_check(const struct plan *plan)
{
    for (size_t i = 0; i < plan->slurm.stages.count; i++) {
        const char *item = plan->slurm.stages.items[i], *setting = NULL;
        char key[128];
        if (stage_of(item, &setting) == NULL)
            return status_fail(STATUS_INVALID,
                               "slurm.stages: \"%.100s\" is not STAGE.KEY=VALUE with a stage of "
                               "this program",
                               item);
        snprintf(key, sizeof key, "slurm.%.*s", (int)strcspn(setting, "="), setting);
        if (strchr(setting, '=') == NULL || plan_key_find(key) == NULL ||
            strcmp(key, "slurm.stages") == 0)
            return status_fail(STATUS_INVALID, "slurm.stages: \"%.100s\": no such key of slurm",
                               item);
    }
    return STATUS_OK;
}

/* The plan's settings for this stage alone, as overrides; `texts` keeps them. */
static enum status join_overrides(struct option_texts *joined, char **texts,
                                  const struct plan *plan, const struct stage *stage,
                                  const struct option_texts *overrides)
{
    *joined = *overrides;
    size_t bytes = 1;
    for (size_t i = 0; i < plan->slurm.stages.count; i++)
        bytes += strlen(plan->slurm.stages.items[i]) + sizeof "slurm.";
    char *at = *texts = malloc(bytes);
    if (at == NULL)
        return status_fail(STATUS_NO_MEMORY, "slurm.stages: no memory");
    for (size_t i = 0; i < plan->slurm.stages.count; i++) {
        const char *setting = NULL;
        if (stage_of(plan->slurm.stages.items[i], &setting) != stage)
            continue;
        if (joined->count == OPTION_TEXTS_MAX)
            return status_fail(STATUS_INVALID, "slurm.stages: more than %d settings with --set",
                               OPTION_TEXTS_MAX);
        joined->items[joined->count++] = at;
        at += sprintf(at, "slurm.%s", setting) + 1;
    }
    return STATUS_OK;
}

/* Options of a line of their own: what would begin another one, or end it, is refused. */
static enum status check_option(const char *key, const char *text)
{
    if (text != NULL && strpbrk(text, " \t\n\r\"'\\#") != NULL)
        return status_fail(STATUS_INVALID, "slurm.%s: \"%.100s\" holds a blank, a quote or a #",
                           key, text);
    return STATUS_OK;
}

static enum status check_values(const struct plan *plan)
{
    const char *const options[][2] = {
        { "partition", plan->slurm.partition },   { "account", plan->slurm.account },
        { "memory", plan->slurm.memory },         { "time", plan->slurm.time },
        { "constraint", plan->slurm.constraint },
    };
    for (size_t o = 0; o < sizeof options / sizeof options[0]; o++) {
        const enum status outcome = check_option(options[o][0], options[o][1]);
        if (outcome != STATUS_OK)
            return outcome;
    }
    if (plan->slurm.memory != NULL && plan->slurm.memory[0] != '\0' &&
        slurm_memory_mib(plan->slurm.memory) == 0)
        return status_fail(STATUS_INVALID, "slurm.memory: \"%.40s\" is no size, as in 64G",
                           plan->slurm.memory);
    if (slurm_memory_mib(plan->slurm.rank_memory) == 0)
        return status_fail(STATUS_INVALID, "slurm.rank_memory: \"%.40s\" is no size, as in 2G",
                           plan->slurm.rank_memory);
    for (size_t e = 0; e < plan->slurm.extra.count; e++)
        if (plan->slurm.extra.items[e][0] != '-')
            return status_fail(STATUS_INVALID, "slurm.extra: \"%.100s\" is no option of sbatch",
                               plan->slurm.extra.items[e]);
    return STATUS_OK;
}

enum status job_request_read(struct job_request *out, const struct stage *stage,
                             const char *plan_path, const struct option_texts *overrides)
{
    struct plan plan;
    struct option_texts joined;
    char *texts = NULL;
    *out = (struct job_request){ .stage = stage };
    enum status outcome = plan_read(&plan, plan_path, overrides);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = join_overrides(&joined, &texts, &plan, stage, overrides);
    if (outcome == STATUS_OK) {
        outcome = plan_read(&out->plan, plan_path, &joined);
        if (outcome != STATUS_OK && joined.count > overrides->count)
            outcome = status_fail(outcome, "slurm.stages, %s: %s", stage->name, status_text());
    }
    free(texts);
    plan_end(&plan);
    if (outcome == STATUS_OK)
        outcome = check_values(&out->plan);
    out->tasks_per_node = out->plan.slurm.tasks_per_node;
    return outcome;
}

uint64_t slurm_memory_mib(const char *text)
{
    char *end = NULL;
    const double number = strtod(text, &end);
    if (end == text || !(number > 0.0 && number < 1e9))
        return 0;
    const double mib = *end == 'K' || *end == 'k'                   ? number / 1024
                       : *end == 'G' || *end == 'g'                 ? number * 1024
                       : *end == 'T' || *end == 't'                 ? number * 1024 * 1024
                       : *end == 'M' || *end == 'm' || *end == '\0' ? number
                                                                    : 0.0;
    return *end != '\0' && end[1] != '\0' ? 0 : (uint64_t)mib;
}

void job_request_place(struct job_request *request, const struct node_shape *node)
{
    const char *memory = request->plan.slurm.memory;
    uint64_t memory_mib = memory == NULL ? 0 : slurm_memory_mib(memory);
    const uint64_t rank_mib = slurm_memory_mib(request->plan.slurm.rank_memory);
    if (request->tasks_per_node > 0)
        return;
    if (memory_mib == 0)
        memory_mib = node->memory_mib;
    const size_t by_cores = node->cores / request->plan.slurm.threads;
    const uint64_t by_memory = memory_mib == 0 ? by_cores : memory_mib / rank_mib;
    const size_t fitting = by_memory < by_cores ? (size_t)by_memory : by_cores;
    request->tasks_per_node = fitting > 0 ? fitting : 1;
}

enum status node_shape_ask(struct node_shape *out, const struct job_request *request)
{
    struct program_result result;
    char partition[256] = "--all";
    if (request->plan.slurm.partition != NULL && request->plan.slurm.partition[0] != '\0')
        snprintf(partition, sizeof partition, "--partition=%.200s", request->plan.slurm.partition);
    char *const argv[] = { "sinfo", "--noheader", "--exact", "--format=%c %m", partition, NULL };
    *out = (struct node_shape){ 0 };
    enum status outcome = program_run(&result, argv);
    if (outcome != STATUS_OK)
        return outcome;
    if (result.exit_code != 0)
        outcome =
            status_fail(STATUS_IO, "sinfo: %.*s", (int)strcspn(result.errors, "\n"), result.errors);
    char *line, *rest = result.output;
    while (outcome == STATUS_OK && (line = strsep(&rest, "\n")) != NULL) {
        size_t cores = 0;
        unsigned long long memory_mib = 0;
        if (sscanf(line, "%zu %llu", &cores, &memory_mib) != 2)
            continue;
        if (out->cores == 0 || cores < out->cores)
            out->cores = cores;
        if (out->memory_mib == 0 || memory_mib < out->memory_mib)
            out->memory_mib = memory_mib;
    }
    program_end(&result);
    if (outcome == STATUS_OK && out->cores == 0)
        outcome = status_fail(STATUS_NOT_FOUND,
                              "sinfo lists no node for %s; give "
                              "slurm.tasks_per_node",
                              request->stage->name);
    return outcome;
}

void job_request_end(struct job_request *request)
{
    plan_end(&request->plan);
    *request = (struct job_request){ 0 };
}
