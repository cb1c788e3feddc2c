/** Job request: what one stage asks Slurm for: the plan's slurm keys with those that the plan gives
 * for this stage alone, and ranks that fit on its nodes. All functions are local. */
#ifndef STAGES_SUBMIT_JOB_REQUEST_H
#define STAGES_SUBMIT_JOB_REQUEST_H

#include "core/plan.h"
#include "stages/stage_table.h"

#include <stdint.h>

struct job_request {
    const struct stage *stage;
    struct plan plan; /* as this stage sees it; only `slurm` differs from stage to stage */
    size_t tasks_per_node;
};

/** The smallest node that a job may get. */
struct node_shape {
    size_t cores;
    uint64_t memory_mib; /* 0: not known */
};

/** STATUS_INVALID where slurm.stages names no stage, or no key that a stage can have. */
enum status job_request_check(const struct plan *plan);

/** Reads the plan as `stage` sees it. The caller ends `*out` with job_request_end, also on failure.
 * tasks_per_node is the plan's. Errors: those of plan_read; STATUS_INVALID for values that cannot
 * stand in a job script. */
enum status job_request_read(struct job_request *out, const struct stage *stage,
                             const char *plan_path, const struct option_texts *overrides);

/** Where the plan leaves tasks_per_node to the node: as many ranks as its cores hold with
 * slurm.threads each, and as its memory, or slurm.memory, holds with slurm.rank_memory each; one at
 * least. */
void job_request_place(struct job_request *request, const struct node_shape *node);

/** Asks sinfo for the smallest node of the request's partition. Errors: those of program_run;
 * STATUS_IO where sinfo fails; STATUS_NOT_FOUND where it lists no node. */
enum status node_shape_ask(struct node_shape *out, const struct job_request *request);

/** "64G" as Slurm reads it, in MiB; 0 where the text is no size. */
uint64_t slurm_memory_mib(const char *text);

/** An all-zero request is allowed. */
void job_request_end(struct job_request *request);

#endif
