#include "stages/generate/generate.h"

#include "core/log.h"
#include "stages/caption_units.h"
#include "stages/generate/generate_nets.h"
#include "stages/image_shards.h"
#include "stages/picture_records.h"
#include "stages/shard_stage.h"
#include "stages/unit_speech.h"
#include "storage/flac_encoder.h"

#include <stdlib.h>
#include <string.h>

/* What one picture of the shard in hand became. */
struct caption {
    bool is_there;
    char *reason;    /* owned: why it is not */
    uint16_t *units; /* [count], owned */
    size_t count;
    float score;
    bool is_cut;
};

/* The shard in hand. */
struct making {
    struct generate_nets *nets;
    const struct run *run;
    struct shard_work *work;
    struct shard *images;
    size_t row;               /* the next picture */
    struct caption *captions; /* [kept pictures] */
};

static enum status add_recipe(void *self, struct digest *recipe, const struct run *run,
                              struct shard_range range)
{
    const struct generate_nets *nets = self;
    const struct plan *plan = &run->plan;
    const char *const digests[] = { plan->digests.im2sp, plan->digests.im2sp_config,
                                    plan->digests.vit_vqgan };
    const char *const audio[] = { plan->digests.vocoder, plan->digests.vocoder_config };
    for (size_t d = 0; d < sizeof digests / sizeof digests[0]; d++)
        digest_add_text(recipe, digests[d] == NULL ? "" : digests[d]);
    for (size_t d = 0; nets->vocoder != NULL && d < sizeof audio / sizeof audio[0]; d++)
        digest_add_text(recipe, audio[d] == NULL ? "" : audio[d]);
    digest_add_text(recipe, nets->settings);
    picture_records_add(recipe, run, range);
    return image_shard_add_digest(recipe, run, range.number);
}

static enum status fail_caption(struct caption *caption, const char *reason)
{
    caption->reason = strdup(reason);
    return caption->reason != NULL ? STATUS_OK
                                   : status_fail(STATUS_NO_MEMORY, "reason of a reject");
}

/* A model of image units finds them in the shard, one of pixels in the file. */
static enum status look(float *picture, const struct making *making, size_t row)
{
    struct im2sp *net = picture_speaker_net(making->nets->speaker);
    const size_t side = im2sp_sizes(net)->encoder.side;
    char path[PATH_BYTES];
    size_t one = 0;
    if (im2sp_sizes(net)->input == IM2SP_UNITS) {
        if (shard_column_width(making->images, IMAGE_UNITS) != side * side)
            return status_fail(STATUS_INVALID, "%zu image units a picture, the model sees %zu",
                               shard_column_width(making->images, IMAGE_UNITS), side * side);
        const uint16_t *units = shard_values(making->images, IMAGE_UNITS, row, &one);
        return im2sp_encode_units(&picture, net, units, 1);
    }
    enum status outcome =
        picture_record_path(path, making->run, shard_kept_record(making->images, row));
    if (outcome == STATUS_OK)
        outcome = picture_speaker_look(picture, making->nets->speaker, path);
    if (outcome == STATUS_OK || outcome == STATUS_NO_MEMORY)
        return outcome;
    return status_fail(outcome, "%s", picture_record_reason(path));
}

/* The next picture that can be looked at. */
static enum status next_picture(void *payload, bool *is_there, float *picture, size_t *number,
                                const char **subject)
{
    struct making *making = payload;
    const struct im2sp *net = picture_speaker_net(making->nets->speaker);
    for (*is_there = false; making->row < shard_kept_count(making->images);) {
        const size_t row = making->row++;
        if (!shard_stage_wants(making->work, shard_kept_record(making->images, row)))
            continue;
        enum status outcome = look(picture, making, row);
        if (outcome == STATUS_OK) {
            *is_there = true;
            *number = row;
            *subject = shard_kept_id(making->images, row);
            return STATUS_OK;
        }
        if (outcome == STATUS_NO_MEMORY || im2sp_sizes(net)->input == IM2SP_UNITS)
            return outcome; /* not the picture's fault */
        outcome = fail_caption(&making->captions[row], status_text());
        if (outcome == STATUS_OK)
            outcome = shard_stage_tick(making->work);
        if (outcome != STATUS_OK)
            return outcome;
    }
    return STATUS_OK;
}

static enum status take_caption(void *payload, const struct generation_result *result)
{
    struct making *making = payload;
    struct caption *caption = &making->captions[result->number];
    const struct im2sp *net = picture_speaker_net(making->nets->speaker);
    enum status outcome =
        caption_units(&caption->units, &caption->count, im2sp_sizes(net)->ids, result);
    caption->score = result->score;
    caption->is_cut = result->is_cut;
    caption->is_there = outcome == STATUS_OK && caption->count > 0;
    if (outcome == STATUS_OK && !caption->is_there)
        outcome = fail_caption(caption, "the model says nothing");
    return outcome == STATUS_OK ? shard_stage_tick(making->work) : outcome;
}

/* The caption's sound as FLAC; nothing where none is asked for. */
static enum status add_sound(struct shard *out, const struct making *making,
                             const struct caption *caption)
{
    uint8_t *flac = NULL;
    int16_t *samples = NULL;
    size_t flac_bytes = 0, sample_count = 0;
    uint32_t rate_hz = 0;
    enum status outcome = STATUS_OK;
    if (making->nets->vocoder != NULL) {
        rate_hz = (uint32_t)unit_vocoder_sizes(making->nets->vocoder)->rate_hz;
        outcome = unit_speech_make_short(&samples, &sample_count, making->nets->vocoder,
                                         caption->units, caption->count);
        if (outcome == STATUS_OK)
            outcome = flac_encode(&flac, &flac_bytes, samples, sample_count, rate_hz);
    }
    const uint32_t count = (uint32_t)sample_count;
    if (outcome == STATUS_OK)
        outcome = shard_add(out, GENERATED_FLAC, flac, flac_bytes);
    if (outcome == STATUS_OK)
        outcome = shard_add(out, GENERATED_SAMPLE_COUNT, &count, 1);
    if (outcome == STATUS_OK)
        outcome = shard_add(out, GENERATED_RATE_HZ, &rate_hz, 1);
    free(samples);
    free(flac);
    return outcome;
}

static enum status keep(struct shard *out, const struct making *making, size_t row)
{
    const struct caption *caption = &making->captions[row];
    const uint8_t is_cut = caption->is_cut;
    enum status outcome = shard_add(out, GENERATED_UNITS, caption->units, caption->count);
    if (outcome == STATUS_OK)
        outcome = shard_add(out, GENERATED_SCORE, &caption->score, 1);
    if (outcome == STATUS_OK)
        outcome = shard_add(out, GENERATED_IS_CUT, &is_cut, 1);
    if (outcome == STATUS_OK)
        outcome = shard_add_text(out, GENERATED_SETTINGS, making->nets->settings);
    return outcome == STATUS_OK ? add_sound(out, making, caption) : outcome;
}

/* Captions end in any order; the shard has them in that of the pictures. */
static enum status put_captions(struct shard *out, const struct making *making)
{
    enum status outcome = STATUS_OK;
    for (size_t row = 0; row < shard_kept_count(making->images) && outcome == STATUS_OK; row++) {
        const struct caption *caption = &making->captions[row];
        const size_t record = shard_kept_record(making->images, row);
        const char *id = shard_kept_id(making->images, row);
        if (!shard_stage_wants(making->work, record))
            continue;
        if (!caption->is_there) {
            outcome = shard_reject(out, record, id, caption->reason);
            continue;
        }
        outcome = keep(out, making, row);
        if (outcome == STATUS_OK)
            outcome = shard_keep(out, record, id);
    }
    return outcome;
}

static enum status fill(void *self, struct shard *out, struct shard_work *work,
                        const struct run *run, struct shard_range range)
{
    struct making making = { .nets = self, .run = run, .work = work };
    const struct generation_ends ends = { next_picture, take_caption, &making };
    size_t count = 0;
    enum status outcome = image_shard_read(&making.images, run, range.number);
    if (outcome == STATUS_OK) {
        count = shard_kept_count(making.images);
        making.captions = calloc(count + 1, sizeof *making.captions);
        if (making.captions == NULL)
            outcome = status_fail(STATUS_NO_MEMORY, "%zu captions", count);
    }
    if (outcome == STATUS_OK)
        outcome = generation_run(making.nets->generation, &ends);
    if (outcome == STATUS_OK)
        outcome = put_captions(out, &making);
    for (size_t row = 0; row < count && making.captions != NULL; row++) {
        free(making.captions[row].reason);
        free(making.captions[row].units);
    }
    free(making.captions);
    shard_destroy(making.images);
    return outcome;
}

enum status generate_run(const struct run *run)
{
    struct generate_nets nets = { 0 };
    if (run->plan.generate.im2sp == NULL) {
        log_say("generate: the plan names no generate.im2sp, so there are no generated captions");
        return STATUS_OK;
    }
    enum status outcome =
        team_agree(run->team, "load generation nets", generate_nets_load(&nets, &run->plan));
    if (outcome == STATUS_OK) {
        const struct im2sp *net = picture_speaker_net(nets.speaker);
        const struct shard_stage stage = {
            .name = "generate",
            .folder = "generated",
            .item = "pictures",
            .columns = generated_columns,
            .column_count = GENERATED_COLUMN_COUNT,
            .shard_count = run_image_shard_count(run),
            .record_count = run->manifest.image_count,
            .codebook = im2sp_sizes(net)->units,
            .range = run_image_range,
            .add_recipe = add_recipe,
            .fill = fill,
        };
        outcome = shard_stage_run(&stage, run, &nets);
    }
    generate_nets_end(&nets);
    return outcome;
}
