/** What the plan's tests share: plan files from text. */
#ifndef TESTS_CORE_PLAN_SCRATCH_H
#define TESTS_CORE_PLAN_SCRATCH_H

/** The required keys, in four lines. */
#define PLAN_MINIMUM                                                                               \
    "manifest: m.jsonl\n"                                                                          \
    "run: run\n"                                                                                   \
    "speech_units: {hubert: hubert.safetensors}\n"                                                 \
    "image_units: {vit_vqgan: vit.safetensors}\n"

/** Writes `text` to the scratch file "plan.yaml" and gives its path. */
const char *plan_scratch(const char *text);

#endif
