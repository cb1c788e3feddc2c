#include "stages/vocoder_to_train.h"

#include "core/log.h"
#include "stages/speech_shards.h"
#include "training/vocoder.h"

#include <stdlib.h>
#include <string.h>

static bool is_chosen(const struct plan_texts *voices, const char *voice)
{
    for (size_t v = 0; v < voices->count; v++)
        if (strcmp(voices->items[v], voice) == 0)
            return true;
    return voices->count == 0;
}

/* Speech, units and where they go. */
struct filling {
    const struct run *run;
    struct speech_memory *memory;
    struct shard *speech, *units;
    size_t codebook; /* of the units */
};

static enum status check_units(const struct filling *filling, const uint16_t *units, size_t count,
                               const char *id)
{
    for (size_t u = 0; u < count; u++)
        if (units[u] >= filling->codebook)
            return status_fail(STATUS_CORRUPT, "%s: unit %u of %zu", id, units[u],
                               filling->codebook);
    return STATUS_OK;
}

/* A caption: kept row `row` of speech, `unit_row` of units. */
static enum status add_caption(const struct filling *filling, size_t row, size_t unit_row)
{
    const struct manifest *manifest = &filling->run->manifest;
    const size_t name = shard_kept_record(filling->speech, row);
    size_t count = 0, durations = 0;
    struct audio audio = { 0 };
    struct speech_record record = {
        .name = name,
        .split = manifest->images[manifest->captions[name].image].split,
        .units = shard_values(filling->units, UNIT_UNITS, unit_row, &count),
        .durations = shard_values(filling->units, UNIT_DURATIONS, unit_row, &durations),
    };
    record.unit_count = count < durations ? count : durations;
    enum status outcome =
        check_units(filling, record.units, record.unit_count, shard_kept_id(filling->speech, row));
    if (outcome == STATUS_OK)
        outcome = speech_shard_decode(&audio, filling->speech, row);
    if (outcome != STATUS_OK)
        return outcome;
    int16_t *samples = malloc((audio.sample_count + 1) * sizeof *samples);
    if (samples == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "speech of %zu samples", audio.sample_count);
    else {
        audio_quantise(samples, audio.samples, audio.sample_count);
        record.samples = samples;
        record.sample_count = audio.sample_count;
        outcome = speech_memory_add(filling->memory, &record);
    }
    free(samples);
    audio_end(&audio);
    return outcome;
}

static enum status add_rows(const struct filling *filling)
{
    const struct plan_texts *voices = &filling->run->plan.pretrain.voices;
    enum status outcome = STATUS_OK;
    for (size_t row = 0; row < shard_kept_count(filling->speech) && outcome == STATUS_OK; row++) {
        const size_t unit_row = shard_find(filling->units, shard_kept_record(filling->speech, row));
        if (unit_row != SIZE_MAX &&
            is_chosen(voices, shard_text(filling->speech, SPEECH_VOICE, row)))
            outcome = add_caption(filling, row, unit_row);
    }
    return outcome;
}

static enum status read_units(struct filling *filling, size_t number)
{
    enum status outcome =
        run_read_shard(&filling->units, filling->run, "units",
                       run_caption_range(filling->run, number), unit_columns, UNIT_FEATURES);
    if (outcome == STATUS_NOT_FOUND)
        return status_fail(outcome, "%s; unitmill speech-units makes it", status_text());
    if (outcome == STATUS_OK && filling->codebook > 0 &&
        shard_identity(filling->units)->codebook != filling->codebook)
        return status_fail(STATUS_INVALID, "shard %zu of units has another codebook", number);
    if (outcome == STATUS_OK)
        filling->codebook = shard_identity(filling->units)->codebook;
    return outcome;
}

static enum status add_shard(struct filling *filling, struct digest *recipe, size_t number)
{
    char content[DIGEST_TEXT_BYTES];
    filling->speech = filling->units = NULL;
    enum status outcome = speech_shard_add_digest(recipe, filling->run, number);
    if (outcome == STATUS_OK)
        outcome = speech_shard_read(&filling->speech, filling->run, number);
    if (outcome == STATUS_OK)
        outcome = read_units(filling, number);
    if (outcome == STATUS_OK)
        outcome = shard_content_digest(content, filling->units);
    if (outcome == STATUS_OK) {
        digest_add_text(recipe, content);
        outcome = add_rows(filling);
    }
    shard_destroy(filling->speech);
    shard_destroy(filling->units);
    return outcome;
}

static enum status fill_memory(struct filling *filling, struct training_objective *out)
{
    struct digest *recipe = digest_begin();
    enum status outcome =
        recipe != NULL ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "a digest of speech and units");
    for (size_t n = 0; n < run_caption_shard_count(filling->run) && outcome == STATUS_OK; n++)
        outcome = add_shard(filling, recipe, n);
    if (outcome == STATUS_OK && speech_memory_count(filling->memory) == 0)
        outcome = status_fail(STATUS_INVALID, "no caption of pretrain.voices has speech and units");
    if (recipe != NULL)
        digest_end(out->store_recipe, recipe);
    return outcome;
}

/* Sizes, from the plan or from the checkpoint that it names. */
static enum status choose_config(struct unit_vocoder_config *config, const struct plan *plan,
                                 size_t codes)
{
    char prefix[UNIT_VOCODER_PREFIX_BYTES];
    struct weights_file file;
    *config = unit_vocoder_config_small(codes, plan->pretrain.width, plan->pretrain.embedding);
    if (plan->pretrain.init == NULL)
        return STATUS_OK;
    enum status outcome = weights_file_read(&file, plan->pretrain.init, NULL);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = unit_vocoder_prefix(prefix, &file.table);
    if (outcome == STATUS_OK)
        outcome = unit_vocoder_config_read(config, &file.table, prefix, file.settings);
    if (outcome == STATUS_OK && config->codes < codes)
        outcome = status_fail(STATUS_INVALID, "%s: a vocoder of %zu codes; the run has %zu",
                              plan->pretrain.init, config->codes, codes);
    weights_file_end(&file);
    return outcome;
}

static enum status open_filled(struct training_objective *out, const struct filling *filling)
{
    const struct plan *plan = &filling->run->plan;
    struct vocoder_objective_options options = { .segment_frames = plan->pretrain.segment_frames,
                                                 .pass_frames = plan->pretrain.pass_frames };
    const enum status outcome = choose_config(&options.model, plan, filling->codebook);
    return outcome == STATUS_OK
               ? vocoder_objective_open(&out->objective, out->set, &options, filling->memory)
               : outcome;
}

enum status vocoder_to_train_open(struct training_objective *out, const struct run *run)
{
    struct filling filling = { .run = run };
    enum status outcome =
        speech_memory_create(&filling.memory, run->plan.pretrain.speech_mib << 20);
    if (outcome == STATUS_OK)
        outcome = fill_memory(&filling, out);
    if (outcome == STATUS_OK)
        outcome = open_filled(out, &filling);
    if (outcome != STATUS_OK)
        speech_memory_destroy(filling.memory);
    return outcome;
}

enum status vocoder_to_train_begin_as(struct training_objective *out, const struct run *run,
                                      const struct weights_file *file)
{
    (void)run;
    return parameter_set_read(out->set, &file->table, "");
}
