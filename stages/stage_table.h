/** The stages of a run, in order. */
#ifndef STAGES_STAGE_TABLE_H
#define STAGES_STAGE_TABLE_H

#include "stages/picture_firsts.h"
#include "stages/run_directory.h"

/** What a stage leaves in the run directory. */
enum stage_output {
    STAGE_CAPTION_SHARDS, /* a folder of them, cut by run_caption_range */
    STAGE_IMAGE_SHARDS,   /* likewise, by run_image_range */
    STAGE_FILE,           /* one file */
    STAGE_STORE,          /* one file, which is a store */
    STAGE_MODEL           /* one file, a model that is trained in pretrain.steps updates */
};

struct stage {
    const char *name;
    const char *summary;
    enum status (*run)(const struct run *run); /* Collective */
    enum stage_output output;
    const char *path; /* of the folder or the file, in the run directory */
    bool gathers;     /* reads what all stages before it make, so it runs after any of them */
    bool (*is_planned)(const struct plan *plan); /* NULL: always */

    /** Local. The recipe digest that its shard `number` has, from the run's files alone. NULL for a
     * stage without shards, and for speak, whose recipe names the espeak-ng at hand. Errors: those
     * of reading what the recipe is taken from. */
    enum status (*shard_recipe)(char text[DIGEST_TEXT_BYTES], const struct run *run, size_t number,
                                const struct picture_firsts *firsts);
};

extern const struct stage stage_table[];
extern const size_t stage_count;

/** The stage of that name, or NULL. */
const struct stage *stage_find(const char *name);

/** Collective. Runs one stage, with its name in the log. Errors: the stage's own; STATUS_INVALID
 * where a file that the plan names was changed meanwhile. */
enum status stage_run(const struct stage *stage, const struct run *run);

#endif
