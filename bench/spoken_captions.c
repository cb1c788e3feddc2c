#include "bench/spoken_captions.h"

#include "scenes/caption.h"
#include "scenes/scene.h"

#include <stdint.h>
#include <string.h>

enum { SEED = 1 };

void spoken_captions_make(char (*texts)[SPOKEN_CAPTION_BYTES], size_t count)
{
    memset(texts, 0, count * sizeof *texts);
    for (size_t c = 0; c < count; c++) {
        const uint64_t index = c / CAPTION_FORM_COUNT;
        struct scene scene;
        struct caption_facts facts[CAPTION_FORM_COUNT];
        struct sentence sentence = { .length = 0 };
        scene_compose(&scene, SEED, index);
        caption_draw(facts, &scene, SEED, index, CAPTION_ENGLISH);
        caption_word(&sentence, &scene, &facts[c % CAPTION_FORM_COUNT], CAPTION_ENGLISH);
        const size_t room = SPOKEN_CAPTION_BYTES - 1;
        memcpy(texts[c], sentence.text, sentence.length < room ? sentence.length : room);
    }
}
