/** The nets of the generate stage, and what they were asked. All functions are local. */
#ifndef STAGES_GENERATE_GENERATE_NETS_H
#define STAGES_GENERATE_GENERATE_NETS_H

#include "models/unit_vocoder.h"
#include "stages/generation_method.h"
#include "stages/picture_speaker.h"
#include "stages/run_directory.h"

struct generate_nets {
    struct picture_speaker *speaker;
    struct unit_vocoder *vocoder; /* NULL where no sound is asked for */
    struct generation *generation;
    size_t captions; /* of a picture */
    char settings[GENERATION_TEXT_BYTES];
};

/** Loads what the plan names. On success the caller ends `*out` with generate_nets_end; on failure
 * it is empty. Errors: as generate_run. */
enum status generate_nets_load(struct generate_nets *out, const struct plan *plan);

/** An all-zero one is allowed. */
void generate_nets_end(struct generate_nets *nets);

#endif
