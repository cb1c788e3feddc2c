/** Plan: the one YAML file that describes a run, read against a schema.
 *
 * Every key, with its kind, range, default and meaning, is one line of the table in core/plan.c;
 * reading, --set, the frozen copy in the run directory, comparison and `unitmill run --help` all
 * come from that table. docs/PLAN.md shows it to users. */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "core/digest.h"
#include "core/options.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { PLAN_LAYERS_MAX = 32 };

/** As speech_units.layer: what the weights' configuration says. */
enum { PLAN_LAYER_AUTO = 1001 };

/** As a path: the net of that kind that ships with unitmill. */
extern const char plan_compact[];

struct plan_texts {
    char **items; /* owned by the plan */
    size_t count;
};

/** Values of a plan. Texts and paths are owned by the plan; paths are absolute, or one of the words
 * that a key takes instead; an absent optional text or path is NULL. Keys are the member names:
 * `speak.rate_wpm_min`. */
struct plan {
    char *manifest, *run;
    size_t seed, shard_captions, shard_images;
    double reject_limit;
    struct {
        struct plan_texts voices;
        size_t rate_wpm_min, rate_wpm_max, pitch_min, pitch_max, caption_bytes_max;
    } speak;
    struct {
        size_t clusters, captions_max, frames_max, iterations_max, batch_frames;
        struct plan_texts held_out_voices;
    } fit_units;
    struct {
        char *hubert, *config, *kmeans;
        size_t layer, batch_frames;
        bool features;
        struct plan_texts feature_layers; /* whole numbers */
    } speech_units;
    struct {
        char *vit_vqgan, *config, *resize;
        size_t crop_tokens, batch_images;
    } image_units;
    struct {
        char *clip, *config;
        size_t batch_images;
    } embed_images;
    struct {
        size_t deflate_level, chunk_bytes;
    } pack;
    struct {
        char *objective, *init, *input, *targets, *schedule, *structure;
        size_t steps, batch_captions, accumulate, pass_frames, memory_mib;
        size_t blocks, heads, feed_forward, width, embedding, length_max;
        size_t merged_units;
        size_t image_blocks, image_width, image_patch, image_convolution_channels, prefix_tokens;
        size_t image_shift_units;
        size_t picture_pixels, patch_pixels, codes, code_width, revive_batches, crop_pixels;
        double commitment, absolute_weight, squared_weight, edge_weight;
        bool flip, images_frozen, image_similarities;
        size_t convolution_channels, position_kernel, position_groups, mask_length, crop_samples;
        double mask_probability, unmasked_weight;
        size_t warmup_steps, validate_steps, validate_captions, checkpoint_steps, keep_checkpoints;
        struct plan_texts voices;
        size_t segment_frames, speech_mib;
        double dropout, temperature, learning_rate, final_learning_rate;
        double weight_decay, beta1, beta2, eps, clip_norm, ema_decay;
    } pretrain;
    struct {
        char *im2sp, *config, *vocoder, *vocoder_config, *method;
        size_t beams, captions, top_k, length_max, batch_images;
        double length_penalty, temperature, top_p;
        bool audio;
    } generate;
    struct { /* of a job; a stage may have others: `stages` holds STAGE.KEY=VALUE */
        char *partition, *account, *memory, *rank_memory, *time, *constraint;
        size_t nodes, tasks_per_node, threads;
        struct plan_texts extra, prologue;
        char *container, *launcher, *template, *scratch;
        size_t warning_seconds, requeue_limit;
        struct plan_texts stages;
    } slurm;
    struct { /* written by unitmill into the frozen plan: what the paths above held then */
        char *manifest, *hubert, *hubert_config, *kmeans, *vit_vqgan, *vit_vqgan_config;
        char *clip, *clip_config, *im2sp, *im2sp_config, *vocoder, *vocoder_config, *init;
        size_t manifest_bytes; /* that its digest covers; 0 in runs of before it was kept */
    } digests;
};

/** Local. Reads the plan file and applies the overrides, "KEY=VALUE" each. Relative paths are taken
 * from the plan's folder; those of overrides from the working directory.
 *
 * On success `*out` is the caller's, to end with plan_end; on failure it is empty.
 * Errors: STATUS_NOT_FOUND; STATUS_INVALID with "file:line: key: what is wrong" (or
 * "--set key=value: what is wrong"). */
enum status plan_read(struct plan *out, const char *path, const struct option_texts *overrides);

/** Frees what the plan owns. An all-zero plan is allowed. */
void plan_end(struct plan *plan);

/** Sets a text of the plan (a member of `digests`) to a copy. Errors: STATUS_NO_MEMORY. */
enum status plan_set_text(char **member, const char *text);

/** True where the plan, or the plan that shipped_nets_resolve (stages/shipped_nets.h) has been
 * through, asks for centres that fit-units makes. */
bool plan_fits_units(const struct plan *plan);

/** Writes the plan as YAML that plan_read reads back to the same values. */
void plan_write(FILE *stream, const struct plan *plan);

/** Writes a line "section.name: value" for each key that a training run may not change on its way.
 */
void plan_write_training(FILE *stream, const struct plan *plan);

/** STATUS_OK where both plans give the same content. Paths and what only steers the work (a limit)
 * may differ; the digests decide.
 * Errors: STATUS_INVALID, "key is A, was B in the run", every difference as far as a message holds
 * them; that of a digest names the file too. */
enum status plan_check_same(const struct plan *wanted, const struct plan *frozen);

/** Writes "key  default  meaning", a line each, for help texts and docs. */
void plan_write_keys(FILE *stream);

#endif
