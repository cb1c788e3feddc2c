/** Run survey: what the files of a run say of themselves, stage by stage, for every stage of
 * stage_table. All functions are local. */
#ifndef STAGES_RUN_SURVEY_H
#define STAGES_RUN_SURVEY_H

#include "stages/reject_list.h"
#include "stages/run_directory.h"

enum { SURVEY_STAGES_MAX = 32 };

enum survey_state {
    SURVEY_MISSING,
    SURVEY_RUNNING,
    SURVEY_STOPPED,
    SURVEY_DONE,
    SURVEY_QUEUED,     /* these three only where jobs were submitted: a job waits, */
    SURVEY_FAILED,     /* ended without success, */
    SURVEY_CANCELLED,  /* was cancelled */
    SURVEY_NOT_PLANNED /* the plan does not ask for this stage; it is not shown */
};

struct survey_stage {
    const char *name;
    enum survey_state state;
    size_t shards_done, shards;
    size_t records_done, records; /* rejected ones are done too; records 0: not known */
    size_t rejected, damaged;
    uint64_t bytes;
    double first_seconds, last_seconds; /* when the first and the last shard were finished */
    size_t first_records;               /* of the shard that was finished first */
};

struct survey_damage {
    char *file, *reason; /* owned by the survey */
};

struct run_survey {
    struct survey_stage stages[SURVEY_STAGES_MAX]; /* in the order of stage_table */
    size_t stage_count;
    bool is_running; /* somebody holds the run's lock */
    struct reject_list rejects;
    struct survey_damage *damages;
    size_t damage_count;
};

/** On success the caller ends `*out` with run_survey_end; on failure it is empty. Damaged files are
 * no failure. Errors: STATUS_NO_MEMORY, STATUS_IO. */
enum status run_survey_take(struct run_survey *out, const struct run *run);

/** Records a second; 0 where there is nothing to tell it from. */
double survey_rate(const struct survey_stage *stage);

/** Seconds until the stage is done; negative where not known. */
double survey_seconds_left(const struct survey_stage *stage);

/** True where the stage rejected more than the share that a plan allows: it fails at its end,
 * though every shard is there. */
bool survey_is_over_limit(const struct survey_stage *stage, double reject_limit);

/** "missing", "running", "stopped", "done", "queued", "failed", "cancelled", "not planned". */
const char *survey_state_name(enum survey_state state);

/** An all-zero survey is allowed. */
void run_survey_end(struct run_survey *survey);

#endif
