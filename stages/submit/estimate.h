/** Estimate: how long each stage of a plan takes on how many nodes, what memory and disk it needs,
 * and which node count to ask for. All functions are local. */
#ifndef STAGES_SUBMIT_ESTIMATE_H
#define STAGES_SUBMIT_ESTIMATE_H

#include "stages/submit/job_chain.h"
#include "stages/submit/sample_run.h"

struct estimate_options {
    struct option_texts
        rates;              /* "STAGE=R": records a second of one rank, instead of a measurement */
    size_t sample_pictures; /* 0: nothing is measured */
    double hours;           /* in which each stage is to end */
};

/** What is known of one stage. */
struct stage_estimate {
    const struct stage *stage; /* NULL: not in the plan */
    size_t records, shards;    /* shards 1: the work is not cut */
    double rate; /* records a second of one rank, or of all where `scales` is false; 0: not known */
    double start_seconds;
    double rank_mib; /* 0: not known */
    double bytes;    /* of its files */
    bool scales;     /* more ranks, less time */
};

struct estimate {
    struct stage_estimate stages[SURVEY_STAGES_MAX];
    size_t ranks_per_node[SURVEY_STAGES_MAX];
    size_t ranks_measured;
};

/** Fills in the estimate: measures what --rate does not give. Errors: those of sample_run_measure
 * and job_request_read; STATUS_INVALID for a rate that is none; STATUS_NOT_FOUND where a stage has
 * neither. */
enum status estimate_take(struct estimate *out, const struct plan *plan, const char *plan_path,
                          const struct option_texts *overrides,
                          const struct estimate_options *options);

/** Seconds that a stage takes on `nodes` nodes: its start, then the shards of its busiest rank. */
double estimate_seconds(const struct stage_estimate *stage, size_t nodes, size_t ranks_per_node);

/** The fewest nodes on which the stage ends within the time; what can be used at most, where none
 * is enough. */
size_t estimate_nodes(const struct stage_estimate *stage, size_t ranks_per_node, double seconds);

/** Writes a table, a line a stage, and the lines that the plan should have. */
void estimate_print(FILE *stream, const struct estimate *estimate,
                    const struct estimate_options *options);

#endif
