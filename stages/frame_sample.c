#include "stages/frame_sample.h"

#include "cluster/claims.h"
#include "cluster/progress.h"
#include "cluster/stop.h"
#include "core/random.h"
#include "stages/speech_shards.h"

#include <stdlib.h>
#include <string.h>

struct drawn_shard {
    double draw;
    size_t number;
};

static int by_draw(const void *left, const void *right)
{
    const struct drawn_shard *a = left, *b = right;
    return (a->draw > b->draw) - (a->draw < b->draw);
}

static int by_number(const void *left, const void *right)
{
    const size_t a = *(const size_t *)left, b = *(const size_t *)right;
    return (a > b) - (a < b);
}

/* The stream of record or shard `number`, of which there are less than 2^40. */
static struct random_stream stream_for(const struct frame_sample *sample, const struct run *run,
                                       uint64_t number, const char *purpose)
{
    const uint64_t subject = (uint64_t)sample->options.draw << 40 | number;
    return random_stream_numbered(run->plan.seed, subject, purpose);
}

static double draw_for(const struct frame_sample *sample, const struct run *run, uint64_t number,
                       const char *purpose)
{
    struct random_stream stream = stream_for(sample, run, number, purpose);
    return random_uniform(&stream);
}

/* Keeps the FRAME_SAMPLE_SHARDS_MAX smallest draws, in one pass over the shards. */
void frame_sample_begin(struct frame_sample *sample, const struct run *run,
                        const struct frame_sample_options *options)
{
    struct drawn_shard drawn[2 * FRAME_SAMPLE_SHARDS_MAX];
    const size_t shard_count = run_caption_shard_count(run);
    size_t count = 0;
    *sample = (struct frame_sample){ .options = *options };
    for (size_t s = 0; s < shard_count; s++) {
        drawn[count++] = (struct drawn_shard){ draw_for(sample, run, s, "fit-units shard"), s };
        if (count == 2 * FRAME_SAMPLE_SHARDS_MAX) {
            qsort(drawn, count, sizeof drawn[0], by_draw);
            count = FRAME_SAMPLE_SHARDS_MAX;
        }
    }
    if (count > 0)
        qsort(drawn, count, sizeof drawn[0], by_draw);
    sample->block_count = count < options->shards_max ? count : options->shards_max;
    for (size_t b = 0; b < sample->block_count; b++)
        sample->shards[b] = drawn[b].number;
    qsort(sample->shards, sample->block_count, sizeof sample->shards[0], by_number);
}

void frame_sample_end(struct frame_sample *sample)
{
    for (size_t b = 0; b < sample->own_count; b++)
        free(sample->blocks[b].values);
    free(sample->blocks);
    sample->blocks = NULL;
    sample->own_count = 0;
}

/* Chances of a caption, and of a frame of a chosen caption, to be in the sample. */
struct chances {
    double caption, frame;
};

/* What making a block needs. */
struct collecting {
    struct frame_sample *sample;
    const struct run *run;
    struct speech_features *features;
    struct chances chances;
};

static bool takes_caption(const struct collecting *self, const struct shard *speech, size_t row)
{
    const size_t samples = speech_shard_samples(speech, row);
    return speech_features_rows(self->features, samples) > 0 &&
           !speech_shard_is_held_out(self->run, speech, row) &&
           draw_for(self->sample, self->run, shard_kept_record(speech, row), "fit-units caption") <
               self->chances.caption;
}

static enum status take_frames(struct frame_block *block, const struct collecting *self,
                               const struct speech_result *result)
{
    const size_t width = self->sample->width;
    struct random_stream stream =
        stream_for(self->sample, self->run, result->number, "fit-units frames");
    float *grown = realloc(block->values, (block->rows + result->rows) * width * sizeof *grown);
    if (grown == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: %zu frames", self->sample->options.stage,
                           block->rows + result->rows);
    block->values = grown;
    for (size_t frame = 0; frame < result->rows; frame++)
        if (random_uniform(&stream) < self->chances.frame)
            memcpy(block->values + block->rows++ * width, result->values + frame * width,
                   width * sizeof *grown);
    return STATUS_OK;
}

static enum status flush(struct frame_block *block, const struct collecting *self)
{
    const struct speech_result *results = NULL;
    size_t count = 0;
    enum status outcome = speech_features_flush(&results, &count, self->features);
    for (size_t u = 0; u < count && outcome == STATUS_OK; u++)
        outcome = take_frames(block, self, &results[u]);
    return outcome;
}

static enum status add_caption(struct frame_block *block, const struct collecting *self,
                               const struct shard *speech, size_t row)
{
    struct audio audio = { 0 };
    enum status outcome = STATUS_OK;
    if (!speech_features_fits(self->features, speech_shard_samples(speech, row)))
        outcome = flush(block, self);
    if (outcome == STATUS_OK)
        outcome = speech_shard_decode(&audio, speech, row);
    if (outcome == STATUS_OK)
        outcome = speech_features_add(self->features, audio.samples, audio.sample_count,
                                      shard_kept_record(speech, row));
    audio_end(&audio);
    return outcome;
}

static enum status make_block(const struct collecting *self, size_t number)
{
    struct shard *speech = NULL;
    struct frame_block *block = &self->sample->blocks[self->sample->own_count++];
    *block = (struct frame_block){ .number = number };
    enum status outcome = speech_shard_read(&speech, self->run, self->sample->shards[number]);
    for (size_t row = 0; outcome == STATUS_OK && row < shard_kept_count(speech); row++)
        if (takes_caption(self, speech, row)) {
            outcome = add_caption(block, self, speech, row);
            if (outcome == STATUS_OK && stop_requested())
                outcome = status_fail(STATUS_STOPPED,
                                      "stopped by a signal; %s begins anew when it is run again",
                                      self->sample->options.stage);
        }
    if (outcome == STATUS_OK)
        outcome = flush(block, self);
    self->sample->rows[number] = (int64_t)block->rows;
    shard_destroy(speech);
    return outcome;
}

/* The frames that the chosen captions have together; equal on all ranks. */
static enum status count_frames(int64_t *frames, const struct collecting *self)
{
    const struct team *team = self->run->team;
    enum status outcome = STATUS_OK;
    *frames = 0;
    for (size_t b = (size_t)team->rank; b < self->sample->block_count && outcome == STATUS_OK;
         b += (size_t)team->size) {
        struct shard *speech = NULL;
        outcome = speech_shard_read(&speech, self->run, self->sample->shards[b]);
        for (size_t row = 0; outcome == STATUS_OK && row < shard_kept_count(speech); row++)
            if (takes_caption(self, speech, row))
                *frames += (int64_t)speech_features_rows(self->features,
                                                         speech_shard_samples(speech, row));
        shard_destroy(speech);
    }
    outcome = team_agree(team, "count frames", outcome);
    team_sum(team, frames, 1);
    return outcome;
}

static enum status make_blocks(const struct collecting *self)
{
    const struct run *run = self->run;
    struct claims *claims = NULL;
    struct progress *progress = NULL;
    const struct progress_options shown = { .stage = self->sample->options.stage,
                                            .item = "shards",
                                            .total = self->sample->block_count,
                                            .terminal_columns = run->terminal_columns,
                                            .is_quiet =
                                                run->is_quiet || self->sample->options.is_quiet };
    enum status outcome = claims_create(&claims, run->team, self->sample->block_count);
    if (outcome == STATUS_OK)
        outcome = progress_create(&progress, run->team, &shown);
    if (outcome == STATUS_OK) {
        uint64_t item;
        while (outcome == STATUS_OK && claims_next(claims, &item)) {
            outcome = make_block(self, (size_t)item);
            progress_add(progress, 1, 0);
        }
        if (outcome != STATUS_OK)
            claims_close(claims);
        progress_wait(progress);
        outcome = team_agree(run->team, "make frames", outcome);
    }
    progress_destroy(progress);
    claims_destroy(claims);
    return outcome;
}

enum status frame_sample_fill(struct frame_sample *sample, const struct run *run,
                              struct speech_features *features)
{
    struct collecting self = { .sample = sample, .run = run, .features = features };
    int64_t frames = 0;
    size_t captions = 0;
    sample->width = speech_features_width(features);
    for (size_t b = 0; b < sample->block_count; b++)
        captions += run_caption_range(run, sample->shards[b]).count;
    self.chances.caption = sample->options.captions / (double)captions;

    sample->blocks = calloc(sample->block_count + 1, sizeof *sample->blocks);
    enum status outcome = STATUS_OK;
    if (sample->blocks == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: %zu blocks", sample->options.stage,
                              sample->block_count);
    outcome = team_agree(run->team, "prepare frames", outcome);
    if (outcome == STATUS_OK)
        outcome = count_frames(&frames, &self);
    self.chances.frame = sample->options.frames / (double)frames;
    if (outcome == STATUS_OK)
        outcome = make_blocks(&self);
    if (outcome == STATUS_OK) {
        team_sum(run->team, sample->rows, sample->block_count);
        for (size_t b = 0; b < sample->block_count; b++)
            sample->total_rows += (uint64_t)sample->rows[b];
    }
    return outcome;
}
