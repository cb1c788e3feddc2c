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

static bool names_clip(const struct plan *plan)
{
    return plan->embed_images.clip != NULL;
}

static bool names_im2sp(const struct plan *plan)
{
    return plan->generate.im2sp != NULL;
}

static bool asks_for_steps(const struct plan *plan)
{
    return plan->pretrain.steps > 0;
}

const struct stage stage_table[] = {
    { "speak", "speaks the captions with espeak-ng", speak_run, STAGE_CAPTION_SHARDS, "speech",
      false, NULL, NULL },
    { "fit-units", "fits speech units: k-means over HuBERT features of a sample", fit_units_run,
      STAGE_FILE, "kmeans.h5", false, plan_fits_units, NULL },
    { "speech-units", "turns speech into units with durations", speech_units_run,
      STAGE_CAPTION_SHARDS, "units", false, NULL, speech_units_recipe },
    { "image-units", "turns pictures into ViT-VQGAN units", image_units_run, STAGE_IMAGE_SHARDS,
      "images", false, NULL, image_units_recipe },
    { "embed-images", "turns pictures into CLIP embeddings, where the plan names a CLIP",
      embed_images_run, STAGE_IMAGE_SHARDS, "embeddings", false, names_clip, embed_images_recipe },
    { "pack", "gathers all shards into one compressed store", pack_run, STAGE_STORE, "store.h5",
      true, NULL, NULL },
    { "pretrain", "trains a model on the store, where the plan asks for steps", pretrain_run,
      STAGE_MODEL, "checkpoints/model.safetensors", true, asks_for_steps, NULL },
    { "generate", "says captions of the pictures, where the plan names a model", generate_run,
      STAGE_IMAGE_SHARDS, "generated", true, names_im2sp, NULL },
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
    const enum status outcome = stage->run(run);
    if (outcome != STATUS_OK)
        return outcome;
    return team_agree(run->team, "look at the plan's files again",
                      run->team->rank == 0 ? run_files_check(run->files) : STATUS_OK);
}
