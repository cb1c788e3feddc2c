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

/* A caption of the shard in hand. */
struct caption {
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
    struct shard *embeddings; /* NULL for a model that sees none */
    size_t row;               /* the next picture */
    char **reasons;           /* [kept pictures], owned: why one is a reject; NULL: it is none */
    struct caption *captions; /* [kept pictures][nets->captions] */
};

static bool sees(const struct generate_nets *nets, enum im2sp_input input)
{
    return im2sp_sizes(picture_speaker_net(nets->speaker))->input == input;
}

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
    const enum status outcome = image_shard_add_digest(recipe, run, range.number);
    if (outcome != STATUS_OK || !sees(nets, IM2SP_EMBEDDINGS))
        return outcome;
    return embedding_shard_add_digest(recipe, run, range.number);
}

static enum status fail_picture(struct making *making, size_t row, const char *reason)
{
    making->reasons[row] = strdup(reason);
    return making->reasons[row] != NULL ? STATUS_OK
                                        : status_fail(STATUS_NO_MEMORY, "reason of a reject");
}

static struct caption *captions_of(const struct making *making, size_t row)
{
    return making->captions + row * making->nets->captions;
}

/* STATUS_NOT_FOUND where embed-images kept none of the picture. */
static enum status look_at_embedding(float *picture, const struct making *making, size_t row)
{
    struct im2sp *net = picture_speaker_net(making->nets->speaker);
    const struct shard *embeddings = making->embeddings;
    const size_t width = im2sp_sizes(net)->encoder.width;
    const size_t found = shard_find(embeddings, shard_kept_record(making->images, row));
    size_t one = 0;
    if (found == SIZE_MAX)
        return status_fail(STATUS_NOT_FOUND, "the picture has no embedding");
    if (shard_column_width(embeddings, EMBEDDING_VALUES) != width)
        return status_fail(STATUS_INVALID, "image embeddings of %zu values, the model sees %zu",
                           shard_column_width(embeddings, EMBEDDING_VALUES), width);
    return im2sp_encode_embeddings(&picture, net,
                                   shard_values(embeddings, EMBEDDING_VALUES, found, &one), 1);
}

/* A model of image units, or of embeddings, finds them in the shard, one of pixels in the file. */
static enum status look(float *picture, const struct making *making, size_t row)
{
    struct im2sp *net = picture_speaker_net(making->nets->speaker);
    const size_t side = im2sp_sizes(net)->encoder.side;
    char path[PATH_BYTES];
    size_t one = 0;
    if (sees(making->nets, IM2SP_EMBEDDINGS))
        return look_at_embedding(picture, making, row);
    if (sees(making->nets, IM2SP_UNITS)) {
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
        if (outcome == STATUS_NO_MEMORY ||
            (outcome != STATUS_NOT_FOUND && !sees(making->nets, IM2SP_PIXELS)))
            return outcome; /* not the picture's fault */
        outcome = fail_picture(making, row, status_text());
        if (outcome == STATUS_OK)
            outcome = shard_stage_tick(making->work);
        if (outcome != STATUS_OK)
            return outcome;
    }
    return STATUS_OK;
}

static bool says_nothing(const struct making *making, size_t row)
{
    for (size_t c = 0; c < making->nets->captions; c++)
        if (captions_of(making, row)[c].count > 0)
            return false;
    return true;
}

static enum status take_caption(void *payload, const struct generation_result *result)
{
    struct making *making = payload;
    struct caption *caption = &captions_of(making, result->number)[result->caption];
    const struct im2sp *net = picture_speaker_net(making->nets->speaker);
    enum status outcome =
        caption_units(&caption->units, &caption->count, im2sp_sizes(net)->ids, result);
    caption->score = result->score;
    caption->is_cut = result->is_cut;
    if (outcome != STATUS_OK || result->caption + 1 < making->nets->captions)
        return outcome;
    if (says_nothing(making, result->number))
        outcome = fail_picture(making, result->number, "the model says nothing");
    return outcome == STATUS_OK ? shard_stage_tick(making->work) : outcome;
}

/* Adds the caption's sound as FLAC; nothing where none is asked for. */
static enum status add_flac(struct shard *out, size_t *flac_bytes, size_t *sample_count,
                            const struct making *making, const struct caption *caption)
{
    struct unit_vocoder *vocoder = making->nets->vocoder;
    uint8_t *flac = NULL;
    int16_t *samples = NULL;
    *flac_bytes = *sample_count = 0;
    if (vocoder == NULL || caption->count == 0)
        return STATUS_OK;
    enum status outcome =
        unit_speech_make_short(&samples, sample_count, vocoder, caption->units, caption->count);
    if (outcome == STATUS_OK)
        outcome = flac_encode(&flac, flac_bytes, samples, *sample_count,
                              (unsigned)unit_vocoder_sizes(vocoder)->rate_hz);
    if (outcome == STATUS_OK)
        outcome = shard_add(out, GENERATED_FLAC, flac, *flac_bytes);
    free(samples);
    free(flac);
    return outcome;
}

/* Rows of the columns that have a value a caption. */
struct caption_rows {
    float scores[GENERATION_BEAMS_MAX];
    uint8_t are_cut[GENERATION_BEAMS_MAX];
    uint32_t sample_counts[GENERATION_BEAMS_MAX];
    uint32_t unit_counts[GENERATION_BEAMS_MAX], flac_bytes[GENERATION_BEAMS_MAX];
};

static enum status add_captions(struct shard *out, struct caption_rows *rows,
                                const struct making *making, size_t row)
{
    enum status outcome = STATUS_OK;
    for (size_t c = 0; c < making->nets->captions && outcome == STATUS_OK; c++) {
        const struct caption *caption = &captions_of(making, row)[c];
        size_t flac_bytes = 0, sample_count = 0;
        outcome = shard_add(out, GENERATED_UNITS, caption->units, caption->count);
        if (outcome == STATUS_OK)
            outcome = add_flac(out, &flac_bytes, &sample_count, making, caption);
        if (flac_bytes > UINT32_MAX)
            outcome = status_fail(STATUS_INVALID, "a caption of %zu bytes of FLAC", flac_bytes);
        rows->scores[c] = caption->score;
        rows->are_cut[c] = caption->is_cut;
        rows->sample_counts[c] = (uint32_t)sample_count;
        rows->unit_counts[c] = (uint32_t)caption->count;
        rows->flac_bytes[c] = (uint32_t)flac_bytes;
    }
    return outcome;
}

static enum status keep(struct shard *out, const struct making *making, size_t row)
{
    const struct unit_vocoder *vocoder = making->nets->vocoder;
    const uint32_t rate_hz = vocoder == NULL ? 0 : (uint32_t)unit_vocoder_sizes(vocoder)->rate_hz;
    struct caption_rows rows;
    const struct {
        enum generated_column column;
        const void *values;
    } columns[] = { { GENERATED_SCORE, rows.scores },
                    { GENERATED_IS_CUT, rows.are_cut },
                    { GENERATED_SAMPLE_COUNT, rows.sample_counts },
                    { GENERATED_RATE_HZ, &rate_hz },
                    { GENERATED_UNIT_COUNT, rows.unit_counts },
                    { GENERATED_FLAC_BYTES, rows.flac_bytes } };
    enum status outcome = add_captions(out, &rows, making, row);
    if (outcome == STATUS_OK)
        outcome = shard_add_text(out, GENERATED_SETTINGS, making->nets->settings);
    for (size_t c = 0; c < sizeof columns / sizeof columns[0] && outcome == STATUS_OK; c++)
        if (columns[c].column < shard_column_count(out))
            outcome = shard_add(out, columns[c].column, columns[c].values, 1);
    return outcome;
}

/* Captions end in any order; the shard has them in that of the pictures. */
static enum status put_captions(struct shard *out, const struct making *making)
{
    enum status outcome = STATUS_OK;
    for (size_t row = 0; row < shard_kept_count(making->images) && outcome == STATUS_OK; row++) {
        const size_t record = shard_kept_record(making->images, row);
        const char *id = shard_kept_id(making->images, row);
        if (!shard_stage_wants(making->work, record))
            continue;
        if (making->reasons[row] != NULL) {
            outcome = shard_reject(out, record, id, making->reasons[row]);
            continue;
        }
        outcome = keep(out, making, row);
        if (outcome == STATUS_OK)
            outcome = shard_keep(out, record, id);
    }
    return outcome;
}

static enum status begin_making(struct making *making, size_t count)
{
    const size_t captions = making->nets->captions;
    making->reasons = calloc(count + 1, sizeof *making->reasons);
    making->captions = calloc(count * captions + 1, sizeof *making->captions);
    return making->reasons != NULL && making->captions != NULL
               ? STATUS_OK
               : status_fail(STATUS_NO_MEMORY, "%zu captions", count * captions);
}

static void end_making(struct making *making, size_t count)
{
    for (size_t row = 0; row < count && making->reasons != NULL; row++)
        free(making->reasons[row]);
    for (size_t c = 0; c < count * making->nets->captions && making->captions != NULL; c++)
        free(making->captions[c].units);
    free(making->reasons);
    free(making->captions);
    shard_destroy(making->images);
    shard_destroy(making->embeddings);
}

static enum status fill(void *self, struct shard *out, struct shard_work *work,
                        const struct run *run, struct shard_range range)
{
    struct making making = { .nets = self, .run = run, .work = work };
    const struct generation_ends ends = { next_picture, take_caption, &making };
    enum status outcome = image_shard_read(&making.images, run, range.number);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t count = shard_kept_count(making.images);
    if (sees(self, IM2SP_EMBEDDINGS))
        outcome = embedding_shard_read(&making.embeddings, run, range.number);
    if (outcome == STATUS_OK)
        outcome = begin_making(&making, count);
    if (outcome == STATUS_OK)
        outcome = generation_run(making.nets->generation, &ends);
    if (outcome == STATUS_OK)
        outcome = put_captions(out, &making);
    end_making(&making, count);
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
        struct shard_column columns[GENERATED_COLUMN_COUNT];
        const struct shard_stage stage = {
            .name = "generate",
            .folder = "generated",
            .item = "pictures",
            .columns = columns,
            .column_count = generated_columns_for(columns, nets.captions),
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
