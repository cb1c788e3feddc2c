/** A picture's lines in the manifest and in the ground truth. */
#ifndef STAGES_SCENES_SCENE_LINES_H
#define STAGES_SCENES_SCENE_LINES_H

#include "scenes/scene.h"
#include "storage/jpeg_image.h"
#include "storage/json.h"

#include <stdint.h>
#include <stdio.h>

/** Ways to say it, at most. */
enum { SCENE_WORDINGS = 5 };

/** The form that caption_word_things has, beside those that are drawn. */
#define SCENE_FORM_THINGS "things"

/** Which captions of a picture go into the manifest; they keep the ids that they have among all. */
struct scene_caption_choice {
    const char *language, *form; /* of that one alone; NULL for all */
    size_t groups;               /* that a caption of places tells of at most; 0: one or two */
    size_t wording;              /* 1, 2, ...: always that way to say it; 0: any */
    size_t count;                /* in each language, at the most; 0: all */
};

/** Local. The manifest line of picture `index`: {"id", "image", "split", "captions"}.
 * Errors: STATUS_IO, STATUS_NO_MEMORY; `path` is the file's name, for messages. */
enum status scene_lines_put_manifest(struct json_writer *writer, FILE *file, const char *path,
                                     const struct scene *scene, uint64_t seed, uint64_t index,
                                     const struct scene_caption_choice *chosen);

/** Local. The ground truth line of picture `index`, as docs/SCENES.md describes it. Errors as
 * above. */
enum status scene_lines_put_truth(struct json_writer *writer, FILE *file, const char *path,
                                  const struct scene *scene,
                                  const struct jpeg_image_options *encoder, uint64_t index);

#endif
