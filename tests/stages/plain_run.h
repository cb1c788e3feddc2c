/** A run's inputs without any sense: a manifest, weights that are no weights, and a plan, for tests
 * of what surrounds the stages. */
#ifndef TESTS_STAGES_PLAIN_RUN_H
#define TESTS_STAGES_PLAIN_RUN_H

#include "cluster/team.h"

#include <stddef.h>

enum { PLAIN_RUN_CAPTIONS = 2 }; /* of each picture */

/** Collective. Writes FOLDER/manifest.jsonl with `image_count` pictures (ids "p0", "p1", ...; of
 * split "train", every fifth of "test") and their captions (ids "p0-0", "p0-1", ...; every second
 * in Arabic), weights/hubert, weights/vit and plan.yaml, which has 7 captions and 6 pictures a
 * shard and the run directory FOLDER/run. Gives the path of the plan, valid until the next call. */
const char *plain_run_make(const char *folder, const struct team *team, size_t image_count);

/** Collective. Appends a text to FOLDER/manifest.jsonl. */
void plain_run_append(const char *folder, const struct team *team, const char *text);

/** Local. Writes a text to FOLDER/name. */
void plain_run_write(const char *folder, const char *name, const char *text);

#endif
