/** Sample run: the plan's stages on a few of its pictures, on this machine, to tell what the whole
 * will take. All functions are local.
 *
 * The sample is spread evenly over the manifest and lies in a folder of its own below $TMPDIR,
 * which is removed at the end. Each stage is run twice: the second time, with nothing to do, tells
 * what of the first was starting. */
#ifndef STAGES_SUBMIT_SAMPLE_RUN_H
#define STAGES_SUBMIT_SAMPLE_RUN_H

#include "core/plan.h"
#include "stages/run_survey.h"

#include <stdint.h>

struct stage_measure {
    double start_seconds, work_seconds; /* 0: not measured */
    uint64_t bytes;                     /* of its files, for the sample */
    double rank_mib;                    /* memory of the largest rank, shared weights included */
};

struct sample_run {
    size_t ranks, captions, pictures;
    struct stage_measure stages[SURVEY_STAGES_MAX]; /* in the order of stage_table */
};

/** Measures every stage that the plan asks for on at most `pictures` pictures with `ranks` ranks.
 * Errors: those of reading the plan's files; STATUS_IO with what a stage said that failed. */
enum status sample_run_measure(struct sample_run *out, const struct plan *plan,
                               const char *plan_path, const struct option_texts *overrides,
                               size_t pictures, size_t ranks);

#endif
