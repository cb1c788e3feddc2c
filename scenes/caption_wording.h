/** How a language words what a caption tells; caption_word chooses what to tell. */
#ifndef SCENES_CAPTION_WORDING_H
#define SCENES_CAPTION_WORDING_H

#include "scenes/caption.h"

/** One clause each, without the full stop. `wording` picks among paraphrases. */
struct caption_words {
    void (*list)(struct sentence *sentence, const struct scene *scene, unsigned wording,
                 bool with_sizes);
    void (*relation)(struct sentence *sentence, const struct scene *scene,
                     const struct caption_facts *facts);
    void (*place_and_ground)(struct sentence *sentence, const struct scene *scene,
                             unsigned wording);
    void (*count)(struct sentence *sentence, const struct scene *scene);
    void (*place)(struct sentence *sentence, const struct scene *scene, size_t group,
                  unsigned wording);
    void (*thing)(struct sentence *sentence, const struct scene_object *object);
    void (*ground)(struct sentence *sentence, const struct scene *scene, unsigned wording);
    const char *and_then; /* between two clauses */
};

extern const struct caption_words caption_words_english;

/** Undiacritised Modern Standard Arabic, with dual and plural, gender and case as far as they
 * show in writing. No noun stands in the accusative, so no tanwin is needed. */
extern const struct caption_words caption_words_arabic;

#endif
