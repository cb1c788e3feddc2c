/** What each language implements for caption_word. */
#ifndef SCENES_CAPTION_WORDING_H
#define SCENES_CAPTION_WORDING_H

#include "scenes/caption.h"

void english_word(struct sentence *sentence, const struct scene *scene,
                  const struct caption_facts *facts);

/** Undiacritised Modern Standard Arabic, with dual and plural, gender and case as far as they
 * show in writing. No noun stands in the accusative, so no tanwin is needed. */
void arabic_word(struct sentence *sentence, const struct scene *scene,
                 const struct caption_facts *facts);

#endif
