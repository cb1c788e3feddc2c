#include "stages/training_objective.h"

#include "stages/hubert_to_train.h"
#include "stages/im2sp_to_train.h"
#include "stages/unit_tables.h"
#include "stages/vit_vqgan_to_train.h"
#include "stages/vocoder_to_train.h"
#include "storage/store_reader.h"
#include "storage/weights_file.h"
#include "training/contrastive.h"

#include <string.h>

/* What the store has, the plan's choices among it, and what its units stand for. */
struct store_facts {
    bool has_features, has_embeddings;
    bool by_features, by_embeddings;
    struct store_batch_shape shape;
    struct unit_table speech, images; /* empty where no units come in */
};

static enum status look_at_store(struct store_facts *facts, struct training_objective *out,
                                 const struct run *run)
{
    struct store_reader *reader;
    enum status outcome = run_path(out->store, run, "store.h5");
    if (outcome == STATUS_OK)
        outcome = store_reader_open(&reader, out->store);
    if (outcome == STATUS_NOT_FOUND)
        return status_fail(outcome, "%s; unitmill pack makes it", status_text());
    if (outcome != STATUS_OK)
        return outcome;
    facts->has_features = store_reader_has(reader, "/speech/features");
    facts->has_embeddings = store_reader_has(reader, "/images/embedding");
    outcome = store_reader_note_text(out->store_recipe, sizeof out->store_recipe, reader, "/",
                                     "recipe_digest");
    store_reader_close(reader);
    return outcome;
}

static bool chosen(const char *choice, const char *named, bool has)
{
    return strcmp(choice, named) == 0 || (strcmp(choice, "auto") == 0 && has);
}

static enum status choose(struct store_facts *facts, const struct training_objective *out,
                          const struct plan *plan)
{
    if (strcmp(plan->pretrain.targets, "speech-units") == 0 ||
        strcmp(plan->pretrain.targets, "mfcc") == 0)
        return status_fail(STATUS_INVALID, "pretrain.targets: %s is for hubert",
                           plan->pretrain.targets);
    if (strcmp(plan->pretrain.input, "embeddings") == 0)
        return status_fail(STATUS_INVALID, "pretrain.input: embeddings is for im2sp");
    facts->by_features = chosen(plan->pretrain.input, "features", facts->has_features);
    facts->by_embeddings = chosen(plan->pretrain.targets, "embeddings", facts->has_embeddings);
    if (facts->by_features && !facts->has_features)
        return status_fail(STATUS_INVALID,
                           "%s: a store without features; speech_units.features keeps them, and "
                           "pretrain.input=units does without",
                           out->store);
    if (facts->by_embeddings && !facts->has_embeddings)
        return status_fail(STATUS_INVALID,
                           "%s: a store without image embeddings; embed_images.clip makes them, "
                           "and pretrain.targets=image-units does without",
                           out->store);
    return STATUS_OK;
}

/* Layers of features stand side by side in the store; how many, the plan says. */
static size_t feature_layers(const struct plan *plan)
{
    const size_t count = plan->speech_units.feature_layers.count;
    return count > 0 ? count : 1;
}

static void set_sizes(struct speech_encoder_config *config, const struct plan *plan, size_t width)
{
    config->sizes.width = width;
    config->sizes.heads = plan->pretrain.heads;
    config->sizes.feed_forward =
        plan->pretrain.feed_forward > 0 ? plan->pretrain.feed_forward : 4 * width;
    config->sizes.dropout = (float)plan->pretrain.dropout;
}

static struct contrastive_options contrastive_options_of(const struct store_facts *facts,
                                                         const struct plan *plan)
{
    const size_t layers = feature_layers(plan);
    const size_t width =
        facts->by_features ? facts->shape.feature_width / layers : plan->pretrain.width;
    const size_t embedding =
        facts->by_embeddings ? facts->shape.embedding_width : plan->pretrain.embedding;
    struct contrastive_options options = {
        .speech = speech_encoder_default(width, embedding),
        .has_image_tower = !facts->by_embeddings,
        .images = speech_encoder_default(plan->pretrain.image_width, embedding),
        .temperature = (float)plan->pretrain.temperature,
        .scale_max = 100.0f,
        .pass_frames = plan->pretrain.pass_frames,
    };
    set_sizes(&options.speech, plan, width);
    set_sizes(&options.images, plan, plan->pretrain.image_width);
    options.speech.blocks = plan->pretrain.blocks;
    options.speech.feature_layers = facts->by_features ? layers : 0;
    options.speech.units = facts->speech.units;
    options.speech.merged_units = facts->by_features ? 1 : plan->pretrain.merged_units;
    options.speech.unit_width = facts->speech.width;
    options.images.blocks = plan->pretrain.image_blocks;
    options.images.feature_layers = 0;
    options.images.units = facts->images.units;
    options.images.merged_units = plan->pretrain.image_patch * plan->pretrain.image_patch;
    options.images.unit_width = facts->images.width;
    options.images.convolution_channels = plan->pretrain.image_convolution_channels;
    options.images.sizes.is_norm_first = true;
    return options;
}

static enum status read_unit_tables(struct store_facts *facts, const struct run *run)
{
    enum status outcome = STATUS_OK;
    if (!facts->by_features)
        outcome = unit_table_of_speech(&facts->speech, run);
    if (outcome == STATUS_OK && !facts->by_embeddings)
        outcome = unit_table_of_images(&facts->images, run);
    if (outcome == STATUS_OK && (facts->shape.speech_codebook > facts->speech.units ||
                                 facts->shape.image_codebook > facts->images.units))
        outcome = status_fail(STATUS_INVALID, "the store has more units than the run's codebooks");
    return outcome;
}

static enum status open_reader(struct store_facts *facts, const char *store)
{
    const struct store_batch_options reading = {
        .parts = (facts->by_features ? STORE_BATCH_FEATURES : STORE_BATCH_SPEECH) |
                 (facts->by_embeddings ? STORE_BATCH_EMBEDDINGS : STORE_BATCH_PICTURES),
        .batch_bytes_max = STORE_BATCH_BYTES_MAX,
    };
    struct store_batch_reader *reader;
    const enum status outcome = store_batch_open(&reader, store, &reading);
    if (outcome != STATUS_OK)
        return outcome;
    facts->shape = *store_batch_shape(reader);
    store_batch_close(reader);
    return STATUS_OK;
}

static enum status open_contrastive(struct training_objective *out, struct store_facts *facts,
                                    const struct run *run)
{
    if (run->plan.pretrain.image_similarities)
        return status_fail(STATUS_INVALID,
                           "pretrain.image_similarities: the image tower of contrastive sees none");
    if (run->plan.pretrain.image_shift_units > 0)
        return status_fail(STATUS_INVALID,
                           "pretrain.image_shift_units: contrastive moves no pictures");
    enum status outcome = choose(facts, out, &run->plan);
    if (outcome == STATUS_OK)
        outcome = open_reader(facts, out->store);
    if (outcome == STATUS_OK)
        outcome = read_unit_tables(facts, run);
    if (outcome != STATUS_OK)
        return outcome;
    struct contrastive_options options = contrastive_options_of(facts, &run->plan);
    options.image_codes = unit_table_codes(&facts->images);
    return contrastive_open(&out->objective, out->set, &options, &facts->shape);
}

static enum status open_im2sp(struct training_objective *out, struct store_facts *facts,
                              const struct run *run)
{
    if (strcmp(run->plan.pretrain.input, "embeddings") == 0 && !facts->has_embeddings)
        return status_fail(STATUS_INVALID,
                           "%s: a store without image embeddings; embed_images.clip makes them, "
                           "and pretrain.input=units does without",
                           out->store);
    return im2sp_to_train_open(out, run);
}

static enum status open_vocoder(struct training_objective *out, struct store_facts *facts,
                                const struct run *run)
{
    (void)facts; /* there need not be a store */
    return vocoder_to_train_open(out, run);
}

static enum status open_vit_vqgan(struct training_objective *out, struct store_facts *facts,
                                  const struct run *run)
{
    (void)facts; /* it learns from the manifest's pictures: units are what comes of it */
    return vit_vqgan_to_train_open(out, run);
}

static enum status open_hubert(struct training_objective *out, struct store_facts *facts,
                               const struct run *run)
{
    (void)facts; /* it learns from the run's speech */
    return hubert_to_train_open(out, run);
}

/* Weights as unitmill trained them, of the same sizes. */
static enum status begin_contrastive_as(struct training_objective *out, const struct run *run,
                                        const struct weights_file *file)
{
    (void)run;
    return parameter_set_read(out->set, &file->table, "");
}

static const struct {
    const char *name;
    enum status (*open)(struct training_objective *out, struct store_facts *facts,
                        const struct run *run);
    enum status (*begin_as)(struct training_objective *out, const struct run *run,
                            const struct weights_file *file);
    bool needs_no_store;
    enum status (*prepare)(struct training_objective *out, const struct run *run); /* or NULL */
} objectives[] = {
    { "contrastive", open_contrastive, begin_contrastive_as, false, NULL },
    { "im2sp", open_im2sp, im2sp_to_train_begin_as, false, NULL },
    { "vocoder", open_vocoder, vocoder_to_train_begin_as, true, NULL },
    { "vit-vqgan", open_vit_vqgan, vit_vqgan_to_train_begin_as, true, NULL },
    { "hubert", open_hubert, hubert_to_train_begin_as, true, hubert_to_train_prepare },
};

static size_t objective_of(const struct plan *plan)
{
    size_t o = 0;
    while (strcmp(objectives[o].name, plan->pretrain.objective) != 0)
        o++;
    return o;
}

/* First values: drawn, then those of a checkpoint. */
static enum status begin_as(struct training_objective *out, const struct run *run)
{
    struct weights_file file;
    if (run->plan.pretrain.init == NULL)
        return STATUS_OK;
    enum status outcome = weights_file_read(&file, run->plan.pretrain.init, NULL);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = objectives[objective_of(&run->plan)].begin_as(out, run, &file);
    weights_file_end(&file);
    return outcome;
}

/* Where the net has such a table, its rows begin as what the units stand for. */
static void fill_table(struct parameter_set *set, const char *name, const struct unit_table *table)
{
    const struct parameter *parameter = parameter_set_find(set, name);
    if (parameter != NULL && parameter->count == table->units * table->width)
        memcpy(parameter->value, table->rows, parameter->count * sizeof *parameter->value);
}

enum status training_objective_open(struct training_objective *out, const struct run *run)
{
    struct store_facts facts = { 0 };
    *out = (struct training_objective){ 0 };
    enum status outcome = STATUS_OK;
    if (!objectives[objective_of(&run->plan)].needs_no_store)
        outcome = look_at_store(&facts, out, run);
    if (outcome == STATUS_OK)
        outcome = parameter_set_create(&out->set);
    if (outcome == STATUS_OK)
        outcome = objectives[objective_of(&run->plan)].open(out, &facts, run);
    if (outcome == STATUS_OK)
        outcome = parameter_set_lay_out(out->set);
    if (outcome == STATUS_OK) {
        out->objective.draw(out->objective.self, run->plan.seed);
        fill_table(out->set, "audio_encoder.unit_embedding.weight", &facts.speech);
        fill_table(out->set, "image_tower.audio_encoder.unit_embedding.weight", &facts.images);
        outcome = begin_as(out, run);
    }
    out->by_features = facts.by_features;
    unit_table_end(&facts.speech);
    unit_table_end(&facts.images);
    return outcome;
}

enum status training_objective_prepare(struct training_objective *objective, const struct run *run)
{
    const size_t o = objective_of(&run->plan);
    return objectives[o].prepare != NULL ? objectives[o].prepare(objective, run) : STATUS_OK;
}

void training_objective_close(struct training_objective *objective)
{
    if (objective->objective.close != NULL)
        objective->objective.close(objective->objective.self);
    parameter_set_destroy(objective->set);
}
