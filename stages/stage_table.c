#include "stages/stage_table.h"

#include "core/log.h"
#include "stages/embed_images/embed_images.h"
#include "stages/fit_units/fit_units.h"
#include "stages/generate/generate.h"
#include "stages/image_units/image_units.h"
#include "stages/pack/pack.h"
#include "stages/pretrain/pretrain.h"
#include "stages/speak/speak.h"
#include "stages/speech_units/speech_units.h"

#include <string.h>

const struct stage stage_table[] = {
    { "speak", "speaks the captions with espeak-ng", speak_run },
    { "fit-units", "fits speech units: k-means over HuBERT features of a sample", fit_units_run },
    { "speech-units", "turns speech into units with durations", speech_units_run },
    { "image-units", "turns pictures into ViT-VQGAN units", image_units_run },
    { "embed-images", "turns pictures into CLIP embeddings, where the plan names a CLIP",
      embed_images_run },
    { "pack", "gathers all shards into one compressed store", pack_run },
    { "pretrain", "trains a model on the store, where the plan asks for steps", pretrain_run },
    { "generate", "says captions of the pictures, where the plan names a model", generate_run },
};

const size_t stage_count = sizeof stage_table / sizeof stage_table[0];

const struct stage *stage_find(const char *name)
{
    for (size_t s = 0; s < stage_count; s++)
        if (strcmp(stage_table[s].name, name) == 0)
            return &stage_table[s];
    return NULL;
}

enum status stage_run(const struct stage *stage, const struct run *run)
{
    log_enter_stage(stage->name);
    return stage->run(run);
}
