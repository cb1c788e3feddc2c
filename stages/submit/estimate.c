#include "stages/submit/estimate.h"

#include "cluster/launch.h"
#include "storage/manifest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t shown_nodes[] = { 1, 2, 4, 8, 16, 32 };

enum { SHOWN_COUNT = sizeof shown_nodes / sizeof shown_nodes[0], NODES_MAX = 4096 };

/* Records of a stage's work. The fit looks at a sample of its own. */
static size_t work_of(const struct stage *stage, const struct plan *plan, size_t captions,
                      size_t pictures)
{
    if (stage->output == STAGE_IMAGE_SHARDS)
        return pictures;
    if (stage->output == STAGE_MODEL)
        return plan->pretrain.steps;
    if (stage->output == STAGE_FILE && captions > plan->fit_units.captions_max)
        return plan->fit_units.captions_max;
    return captions;
}

static size_t shards_of(const struct stage *stage, const struct plan *plan, size_t records)
{
    if (stage->output == STAGE_STORE || stage->output == STAGE_MODEL)
        return 1;
    return shard_range_count(records, stage->output == STAGE_IMAGE_SHARDS ? plan->shard_images
                                                                          : plan->shard_captions);
}

/* "STAGE=R" among the rates; 0 where it is not. */
static enum status given_rate(double *rate, const struct stage *stage,
                              const struct option_texts *rates)
{
    const size_t bytes = strlen(stage->name);
    *rate = 0.0;
    for (size_t r = 0; r < rates->count; r++) {
        const char *item = rates->items[r];
        char *end = NULL;
        if (strncmp(item, stage->name, bytes) != 0 || item[bytes] != '=')
            continue;
        *rate = strtod(item + bytes + 1, &end);
        if (end == item + bytes + 1 || *end != '\0' || !(*rate > 0.0 && *rate < 1e12))
            return status_fail(STATUS_INVALID, "--rate %.100s: no rate", item);
    }
    return STATUS_OK;
}

static enum status check_rates(const struct option_texts *rates)
{
    for (size_t r = 0; r < rates->count; r++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(rates->items[r], "="), rates->items[r]);
        if (stage_find(name) == NULL)
            return status_fail(STATUS_INVALID, "--rate %.100s: expected STAGE=RECORDS_A_SECOND",
                               rates->items[r]);
    }
    return STATUS_OK;
}

/* Where nothing is known of its start. */
static const double default_start_seconds = 1.0;

static enum status take_stage(struct stage_estimate *out, const struct stage *stage,
                              const struct plan *plan, const struct manifest *manifest,
                              const struct sample_run *sample, const struct stage_measure *measure,
                              const struct option_texts *rates)
{
    const double sampled = (double)work_of(stage, plan, sample->captions, sample->pictures);
    *out = (struct stage_estimate){ .stage = stage,
                                    .start_seconds = default_start_seconds,
                                    .scales = stage->output != STAGE_STORE &&
                                              stage->output != STAGE_MODEL };
    out->records = work_of(stage, plan, manifest->caption_count, manifest->image_count);
    out->shards = shards_of(stage, plan, out->records);
    enum status outcome = given_rate(&out->rate, stage, rates);
    if (measure->work_seconds > 0.0) {
        const bool is_small = stage->output == STAGE_FILE;
        out->start_seconds = measure->start_seconds;
        out->rank_mib = measure->rank_mib;
        out->bytes = (double)measure->bytes * (is_small ? 1.0 : (double)out->records / sampled);
        if (out->rate == 0.0)
            out->rate =
                sampled / measure->work_seconds / (out->scales ? (double)sample->ranks : 1.0);
    }
    if (outcome == STATUS_OK && out->rate == 0.0 && stage->output != STAGE_MODEL)
        outcome =
            status_fail(STATUS_NOT_FOUND, "%s: neither measured nor given by --rate", stage->name);
    return outcome;
}

/* Ranks that measure here are as many as one node gets, as far as there are cores. */
static enum status place(struct estimate *out, const char *plan_path,
                         const struct option_texts *overrides, const struct plan *plan)
{
    enum status outcome = job_request_check(plan);
    for (size_t s = 0; s < stage_count && outcome == STATUS_OK; s++) {
        struct job_request request;
        struct node_shape node;
        if (stage_table[s].is_planned != NULL && !stage_table[s].is_planned(plan))
            continue;
        outcome = job_request_read(&request, &stage_table[s], plan_path, overrides);
        if (outcome == STATUS_OK && request.tasks_per_node == 0) {
            if (node_shape_ask(&node, &request) != STATUS_OK) /* no Slurm here: a node like this */
                node = (struct node_shape){ .cores = launch_core_count() };
            job_request_place(&request, &node);
        }
        out->ranks_per_node[s] = request.tasks_per_node;
        job_request_end(&request);
    }
    return outcome;
}

static bool is_all_given(const struct plan *plan, const struct option_texts *rates)
{
    for (size_t s = 0; s < stage_count; s++) {
        double rate = 0.0;
        const bool is_planned =
            stage_table[s].output != STAGE_MODEL &&
            (stage_table[s].is_planned == NULL || stage_table[s].is_planned(plan));
        if (is_planned && (given_rate(&rate, &stage_table[s], rates) != STATUS_OK || rate == 0.0))
            return false;
    }
    return true;
}

enum status estimate_take(struct estimate *out, const struct plan *plan, const char *plan_path,
                          const struct option_texts *overrides,
                          const struct estimate_options *options)
{
    struct manifest manifest = { 0 };
    struct sample_run sample = { 0 };
    *out = (struct estimate){ .ranks_measured = launch_core_count() };
    enum status outcome = check_rates(&options->rates);
    if (outcome == STATUS_OK)
        outcome = place(out, plan_path, overrides, plan);
    if (outcome == STATUS_OK)
        outcome = manifest_read(&manifest, plan->manifest);
    if (outcome == STATUS_OK && options->sample_pictures > 0 &&
        !is_all_given(plan, &options->rates))
        outcome = sample_run_measure(&sample, plan, plan_path, overrides, options->sample_pictures,
                                     out->ranks_measured);
    for (size_t s = 0; s < stage_count && outcome == STATUS_OK; s++)
        if (out->ranks_per_node[s] > 0)
            outcome = take_stage(&out->stages[s], &stage_table[s], plan, &manifest, &sample,
                                 &sample.stages[s], &options->rates);
    manifest_end(&manifest);
    return outcome;
}

double estimate_seconds(const struct stage_estimate *stage, size_t nodes, size_t ranks_per_node)
{
    if (!stage->scales || stage->shards == 0)
        return stage->start_seconds + (double)stage->records / stage->rate;
    const size_t ranks = nodes * ranks_per_node;
    const double shard_seconds = (double)stage->records / (double)stage->shards / stage->rate;
    const size_t most = stage->shards / ranks + (stage->shards % ranks != 0);
    return stage->start_seconds + (double)most * shard_seconds;
}

size_t estimate_nodes(const struct stage_estimate *stage, size_t ranks_per_node, double seconds)
{
    const size_t useful = stage->scales ? (stage->shards + ranks_per_node - 1) / ranks_per_node : 1;
    const size_t most = useful == 0 ? 1 : useful < NODES_MAX ? useful : NODES_MAX;
    size_t nodes = 1;
    while (nodes < most && estimate_seconds(stage, nodes, ranks_per_node) > seconds)
        nodes++;
    return nodes;
}

static void write_seconds(FILE *stream, double seconds)
{
    if (seconds < 99.5)
        fprintf(stream, "  %5.*f s", seconds < 9.95 ? 1 : 0, seconds);
    else if (seconds < 5970)
        fprintf(stream, "  %3.0f min", seconds / 60);
    else
        fprintf(stream, "  %5.1f h", seconds / 3600);
}

static void write_amount(FILE *stream, double mib)
{
    if (mib <= 0.0)
        fprintf(stream, "  %10s", "-");
    else if (mib < 1024)
        fprintf(stream, "  %6.0f MiB", mib);
    else
        fprintf(stream, "  %6.1f GiB", mib / 1024);
}

static void write_stage(FILE *stream, const struct stage_estimate *stage, size_t ranks_per_node)
{
    if (stage->rate == 0.0) {
        fprintf(stream, "%-14s  %10zu  %7zu  not measured: --rate %s=UPDATES_A_SECOND\n",
                stage->stage->name, stage->records, stage->shards, stage->stage->name);
        return;
    }
    fprintf(stream, "%-14s  %10zu  %7zu  %9.4g", stage->stage->name, stage->records, stage->shards,
            stage->rate);
    for (size_t n = 0; n < SHOWN_COUNT; n++)
        write_seconds(stream, estimate_seconds(stage, shown_nodes[n], ranks_per_node));
    write_amount(stream, stage->rank_mib * (double)ranks_per_node);
    write_amount(stream, stage->bytes / 1048576);
    fputc('\n', stream);
}

static void write_total(FILE *stream, const struct estimate *estimate)
{
    double bytes = 0.0;
    fprintf(stream, "%-14s  %10s  %7s  %9s", "together", "", "", "");
    for (size_t n = 0; n < SHOWN_COUNT; n++) {
        double seconds = 0.0;
        for (size_t s = 0; s < stage_count; s++)
            if (estimate->stages[s].rate > 0.0)
                seconds += estimate_seconds(&estimate->stages[s], shown_nodes[n],
                                            estimate->ranks_per_node[s]);
        write_seconds(stream, seconds);
    }
    for (size_t s = 0; s < stage_count; s++)
        bytes += estimate->stages[s].bytes;
    write_amount(stream, 0.0);
    write_amount(stream, bytes / 1048576);
    fputc('\n', stream);
}

void estimate_print(FILE *stream, const struct estimate *estimate,
                    const struct estimate_options *options)
{
    fprintf(stream, "%-14s  %10s  %7s  %9s", "stage", "records", "shards", "a second");
    for (size_t n = 0; n < SHOWN_COUNT; n++)
        fprintf(stream, "  %2zu nodes", shown_nodes[n]);
    fprintf(stream, "  %10s  %10s\n", "node memory", "disk");
    for (size_t s = 0; s < stage_count; s++)
        if (estimate->stages[s].stage != NULL)
            write_stage(stream, &estimate->stages[s], estimate->ranks_per_node[s]);
    write_total(stream, estimate);
    fprintf(
        stream,
        "\nA second: records of one rank; of all ranks for the stage that writes one file. Node "
        "memory counts\nweights once a rank; the ranks of a node share them, so it needs less."
        "\n\nEach stage within %g hours:\n\nslurm:\n  stages:\n",
        options->hours);
    for (size_t s = 0; s < stage_count; s++) {
        const struct stage_estimate *stage = &estimate->stages[s];
        if (stage->rate > 0.0)
            fprintf(stream, "    - %s.nodes=%zu\n", stage->stage->name,
                    estimate_nodes(stage, estimate->ranks_per_node[s], options->hours * 3600));
        if (stage->rank_mib > 0.0) /* a quarter more than was seen on the sample */
            fprintf(stream, "    - %s.rank_memory=%.0fM\n", stage->stage->name,
                    ceil(stage->rank_mib * 1.25 / 64) * 64);
    }
}
