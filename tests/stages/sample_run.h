/** A small run made without any net: manifest, pictures, plan, shards written through storage/ and
 * the store that the real pack stage makes of them.
 *
 *     FOLDER/manifest.jsonl, pictures/, weights/, plan.yaml
 *     FOLDER/run/                      as unitmill would have left it
 *
 * Three pictures, of which "gone" has no file; two captions each, in two a shard. Caption
 * "a/../b:1" is rejected by speak, the captions of "gone" by pack. So the store has the pictures
 * "a/../b" and "second", and the captions "a/../b:0", "second:0" and "second:1". */
#ifndef TESTS_STAGES_SAMPLE_RUN_H
#define TESTS_STAGES_SAMPLE_RUN_H

#include "cluster/team.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SAMPLE_GRID = 28,
    SAMPLE_CODES = 8192,
    SAMPLE_CLUSTERS = 100,
    SAMPLE_SECONDS = 2,
    SAMPLE_SAMPLES = 16000 * SAMPLE_SECONDS,
    SAMPLE_RUNS = 40, /* of units in a caption */
    SAMPLE_FRAMES = 99
};

/** Makes everything in `folder`, which is new. Asserts that it worked. */
void sample_run_make(const char *folder, const struct team *team);

/** Sample `index` of caption number `caption` of the manifest. */
int16_t sample_run_sample(size_t caption, size_t index);

/** Unit and duration of run `index` of a caption; the durations of all sum to SAMPLE_FRAMES. */
uint16_t sample_run_unit(size_t caption, size_t index);
uint16_t sample_run_duration(size_t index);

/** Unit of the token `index` of picture number `picture` of the manifest. */
uint16_t sample_run_token(size_t picture, size_t index);

#endif
