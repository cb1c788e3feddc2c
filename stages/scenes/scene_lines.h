/** A picture's lines in the manifest and in the ground truth. */
#ifndef STAGES_SCENES_SCENE_LINES_H
#define STAGES_SCENES_SCENE_LINES_H

#include "scenes/scene.h"
#include "storage/jpeg_image.h"
#include "storage/json.h"

#include <stdint.h>
#include <stdio.h>

/** Local. The manifest line of picture `index`: {"id", "image", "split", "captions"}.
 * Errors: STATUS_IO, STATUS_NO_MEMORY; `path` is the file's name, for messages. */
enum status scene_lines_put_manifest(struct json_writer *writer, FILE *file, const char *path,
                                     const struct scene *scene, uint64_t seed, uint64_t index);

/** Local. The ground truth line of picture `index`, as docs/SCENES.md describes it. Errors as
 * above. */
enum status scene_lines_put_truth(struct json_writer *writer, FILE *file, const char *path,
                                  const struct scene *scene,
                                  const struct jpeg_image_options *encoder, uint64_t index);

#endif
