/** Captions: true sentences about a scene, in English and in Arabic.
 *
 * Five to a language and scene, each of another form, so that no two are equal. Every thing,
 * number, colour, size, place and relation that a caption names is so in the scene; none names all
 * of them. */
#ifndef SCENES_CAPTION_H
#define SCENES_CAPTION_H

#include "scenes/scene.h"
#include "scenes/sentence.h"

enum caption_language { CAPTION_ENGLISH, CAPTION_ARABIC, CAPTION_LANGUAGE_COUNT };

enum caption_form {
    CAPTION_LIST,     /* every group */
    CAPTION_SIZES,    /* every group, with sizes */
    CAPTION_RELATION, /* how one group stands to another; where there is no such pair, a count;
                         for a single group its place and the ground */
    CAPTION_PLACES,   /* where one or two groups are */
    CAPTION_GROUND,   /* every group and the ground */
    CAPTION_FORM_COUNT
};

/** What one caption tells, settled before it is worded in a language. */
struct caption_facts {
    enum caption_form form;
    unsigned wording;             /* any number: which of the ways to say it */
    size_t placed_count;          /* 1 or 2 */
    size_t placed[2];             /* groups whose places are told */
    size_t subject, object;       /* groups; with has_relation */
    enum scene_relation relation; /* likewise */
    bool has_relation;
};

/** "en", "ar": as manifests and espeak-ng name them. */
const char *caption_language_name(enum caption_language language);

/** "list", "sizes", "relation", "places", "ground". */
const char *caption_form_name(enum caption_form form);

/** Draws what the five captions of that language tell, in the order in which they are numbered. A
 * function of the scene, (seed, index) and the language. */
void caption_draw(struct caption_facts facts[CAPTION_FORM_COUNT], const struct scene *scene,
                  uint64_t seed, uint64_t index, enum caption_language language);

/** A caption beside the five, for nets that begin to learn what things look like: every thing that
 * has its place for itself, without its colour, from the top left to the bottom right ("At the top
 * there is a car, and on the left there is a star."). Where the scene has none: false. */
bool caption_word_things(struct sentence *sentence, const struct scene *scene,
                         enum caption_language language);

/** Words the facts, as UTF-8, in one sentence with a full stop. It always fits. */
void caption_word(struct sentence *sentence, const struct scene *scene,
                  const struct caption_facts *facts, enum caption_language language);

#endif
