/** The stages of a run, in order. */
#ifndef STAGES_STAGE_TABLE_H
#define STAGES_STAGE_TABLE_H

#include "stages/run_directory.h"

struct stage {
    const char *name;
    const char *summary;
    enum status (*run)(const struct run *run); /* Collective */
};

extern const struct stage stage_table[];
extern const size_t stage_count;

/** The stage of that name, or NULL. */
const struct stage *stage_find(const char *name);

/** Collective. Runs one stage, with its name in the log. */
enum status stage_run(const struct stage *stage, const struct run *run);

#endif
