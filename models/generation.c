#include "models/generation.h"

#include "models/generation_beams.h"
#include "models/generation_choice.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    bool is_busy;
    size_t number;
    float *picture;                                     /* owned */
    struct random_stream streams[GENERATION_BEAMS_MAX]; /* of sampling: one a caption */
    struct generation_beams search; /* without beam search a beam is a caption */
};

struct generation {
    struct im2sp *net;
    struct generation_options options;
    struct slot *slots;                      /* [batch] */
    struct im2sp_row *rows;                  /* [batch * beams] */
    float *logits;                           /* [batch * beams][V] */
    struct generation_candidate *candidates; /* [V] */
    uint16_t *ids;                           /* [batch][beams + ended ones][length_max] */
};

static enum status check_options(const struct generation_options *options, const struct im2sp *net)
{
    if (options->length_max < 2 || options->length_max > im2sp_sizes(net)->length_max)
        return status_fail(STATUS_INVALID, "sequences of %zu ids: the model takes 2 .. %zu",
                           options->length_max, im2sp_sizes(net)->length_max);
    if (options->batch < 1 || options->batch > GENERATION_BATCH_MAX || options->beams < 1 ||
        options->beams > GENERATION_BEAMS_MAX ||
        (options->method == GENERATION_BEAM && 2 * options->beams > im2sp_sizes(net)->vocabulary))
        return status_fail(STATUS_INVALID, "%zu beams in a batch of %zu", options->beams,
                           options->batch);
    if (options->method == GENERATION_GREEDY && options->captions != 1)
        return status_fail(STATUS_INVALID,
                           "%zu captions of a picture: greedy search says one; sample and beam say "
                           "several",
                           options->captions);
    if (options->captions < 1 || options->captions > options->beams)
        return status_fail(STATUS_INVALID, "%zu captions of a picture: 1 to %zu can be had",
                           options->captions, options->beams);
    if (!(options->temperature > 0.0) || !(options->top_p > 0.0) || !(options->top_p <= 1.0) ||
        !isfinite(options->length_penalty))
        return status_fail(STATUS_INVALID, "temperature %g, top_p %g, length penalty %g",
                           options->temperature, options->top_p, options->length_penalty);
    return STATUS_OK;
}

/* Buffers of a slot; ids come from one array for all. */
static bool begin_slot(struct slot *slot, const struct generation *generation, uint16_t *ids)
{
    const size_t length = generation->options.length_max;
    bool fits = true;
    slot->picture = malloc(im2sp_picture_count(generation->net) * sizeof *slot->picture);
    for (size_t b = 0; b < generation->options.beams; b++) {
        struct generation_beam *beam = &slot->search.beams[b];
        beam->cache = calloc(im2sp_cache_count(generation->net, length), sizeof *beam->cache);
        beam->ids = ids + b * length;
        fits = fits && beam->cache != NULL;
    }
    for (size_t e = 0; e <= generation->options.beams; e++)
        slot->search.ended[e].ids = ids + (generation->options.beams + e) * length;
    return fits && slot->picture != NULL;
}

static enum status begin_slots(struct generation *generation)
{
    const struct generation_options *options = &generation->options;
    const size_t V = im2sp_sizes(generation->net)->vocabulary;
    const size_t rows = options->batch * options->beams;
    const size_t slot_ids = (2 * options->beams + 1) * options->length_max;
    generation->slots = calloc(options->batch, sizeof *generation->slots);
    generation->rows = calloc(rows, sizeof *generation->rows);
    generation->logits = malloc(rows * V * sizeof *generation->logits);
    generation->candidates = malloc(V * sizeof *generation->candidates);
    generation->ids = calloc(options->batch * slot_ids, sizeof *generation->ids);
    bool fits = generation->slots != NULL && generation->rows != NULL &&
                generation->logits != NULL && generation->candidates != NULL &&
                generation->ids != NULL;
    for (size_t s = 0; s < options->batch && fits; s++)
        fits = begin_slot(&generation->slots[s], generation, generation->ids + s * slot_ids);
    return fits ? STATUS_OK
                : status_fail(STATUS_NO_MEMORY, "%zu sequences of %zu ids", rows,
                              options->length_max);
}

enum status generation_create(struct generation **out, struct im2sp *net,
                              const struct generation_options *options)
{
    *out = NULL;
    struct generation *generation = calloc(1, sizeof *generation);
    if (generation == NULL)
        return status_fail(STATUS_NO_MEMORY, "generation");
    generation->net = net;
    generation->options = *options;
    if (options->method != GENERATION_BEAM)
        generation->options.beams = options->method == GENERATION_SAMPLE ? options->captions : 1;
    enum status outcome = check_options(&generation->options, net);
    if (outcome == STATUS_OK)
        outcome = begin_slots(generation);
    if (outcome != STATUS_OK) {
        generation_destroy(generation);
        return outcome;
    }
    *out = generation;
    return STATUS_OK;
}

void generation_destroy(struct generation *generation)
{
    if (generation == NULL)
        return;
    for (size_t s = 0; generation->slots != NULL && s < generation->options.batch; s++) {
        free(generation->slots[s].picture);
        for (size_t b = 0; b < generation->options.beams; b++)
            free(generation->slots[s].search.beams[b].cache);
    }
    free(generation->slots);
    free(generation->rows);
    free(generation->logits);
    free(generation->candidates);
    free(generation->ids);
    free(generation);
}

static struct random_stream caption_stream(uint64_t seed, const char *subject, size_t caption)
{
    char purpose[32] = "generate";
    if (caption > 0)
        snprintf(purpose, sizeof purpose, "generate %zu", caption);
    return random_stream_for(seed, subject, purpose);
}

static void begin_search(struct slot *slot, const struct generation_options *options,
                         const char *subject)
{
    struct generation_beams *search = &slot->search;
    slot->is_busy = true;
    search->beam_count = options->method == GENERATION_SAMPLE ? options->captions : 1;
    search->length = 1;
    search->ended_count = 0;
    for (size_t b = 0; b < search->beam_count; b++) {
        search->beams[b].score = 0.0f;
        search->beams[b].caption = b;
        search->beams[b].ids[0] = UNIT_ID_BEGIN;
        slot->streams[b] = caption_stream(options->seed, subject, b);
    }
}

/* Gives every slot that is free a picture, as long as there are some. Returns how many are busy. */
static enum status fill_slots(size_t *busy, bool *has_more, struct generation *generation,
                              const struct generation_ends *ends)
{
    *busy = 0;
    for (size_t s = 0; s < generation->options.batch; s++) {
        struct slot *slot = &generation->slots[s];
        const char *subject = "";
        if (!slot->is_busy && *has_more) {
            const enum status outcome =
                ends->next(ends->payload, has_more, slot->picture, &slot->number, &subject);
            if (outcome != STATUS_OK)
                return outcome;
            if (*has_more)
                begin_search(slot, &generation->options, subject);
        }
        *busy += slot->is_busy;
    }
    return STATUS_OK;
}

/* One row for each sequence that grows. */
static size_t list_rows(struct generation *generation)
{
    size_t count = 0;
    for (size_t s = 0; s < generation->options.batch; s++) {
        const struct slot *slot = &generation->slots[s];
        const struct generation_beams *search = &slot->search;
        for (size_t b = 0; slot->is_busy && b < search->beam_count; b++)
            generation->rows[count++] =
                (struct im2sp_row){ .picture = slot->picture,
                                    .cache = search->beams[b].cache,
                                    .position = search->length - 1,
                                    .id = search->beams[b].ids[search->length - 1] };
    }
    return count;
}

static void end_caption(struct generation_beams *search, const struct generation_beam *beam,
                        size_t count, bool is_cut, double length_penalty)
{
    struct generation_hypothesis *ended = &search->ended[beam->caption];
    memcpy(ended->ids, beam->ids, count * sizeof *ended->ids);
    ended->count = count;
    ended->score = beam->score / (float)pow((double)count, length_penalty);
    ended->is_cut = is_cut;
    search->ended_count++;
}

/* Greedy search and sampling: the next id of each sequence by itself. True where all are over. */
static bool grow_alone(struct generation *generation, struct slot *slot, const float *logits)
{
    const struct generation_options *options = &generation->options;
    const struct generation_sampling sampling = { options->temperature, options->top_p,
                                                  options->top_k };
    const size_t V = im2sp_sizes(generation->net)->vocabulary;
    struct generation_beams *search = &slot->search;
    size_t growing = 0;
    for (size_t b = 0; b < search->beam_count; b++, logits += V) {
        struct generation_beam beam = search->beams[b];
        const uint16_t id =
            options->method == GENERATION_SAMPLE
                ? generation_draw(logits, V, &sampling, &slot->streams[beam.caption],
                                  generation->candidates)
                : generation_likeliest(logits, V);
        const bool has_end = id == UNIT_ID_END;
        beam.score += (float)((double)logits[id] - generation_log_sum(logits, V));
        if (!has_end)
            beam.ids[search->length] = id;
        /* Those that go on stay in front; the others' buffers change places with them. */
        search->beams[b] = search->beams[growing];
        search->beams[growing] = beam;
        if (has_end || search->length + 1 == options->length_max)
            end_caption(search, &beam, search->length + !has_end, !has_end,
                        options->length_penalty);
        else
            growing++;
    }
    search->beam_count = growing;
    search->length++;
    return growing == 0;
}

static enum status hand_over(const struct generation *generation, struct slot *slot,
                             const struct generation_ends *ends)
{
    enum status outcome = STATUS_OK;
    slot->is_busy = false;
    assert(slot->search.ended_count >= generation->options.captions);
    for (size_t c = 0; c < generation->options.captions && outcome == STATUS_OK; c++) {
        const struct generation_hypothesis *ended = &slot->search.ended[c];
        const struct generation_result result = { .number = slot->number,
                                                  .caption = c,
                                                  .ids = ended->ids,
                                                  .count = ended->count,
                                                  .score = ended->score,
                                                  .is_cut = ended->is_cut };
        outcome = ends->take(ends->payload, &result);
    }
    return outcome;
}

/* Grows all sequences of a slot, which have `logits`. */
static enum status grow_slot(struct generation *generation, struct slot *slot, const float *logits,
                             const struct generation_ends *ends)
{
    if (generation->options.method != GENERATION_BEAM)
        return grow_alone(generation, slot, logits) ? hand_over(generation, slot, ends) : STATUS_OK;
    if (!generation_beams_grow(&slot->search, generation->net, &generation->options, logits))
        return STATUS_OK;
    generation_beams_rank(&slot->search);
    return hand_over(generation, slot, ends);
}

enum status generation_run(struct generation *generation, const struct generation_ends *ends)
{
    const size_t V = im2sp_sizes(generation->net)->vocabulary;
    size_t busy = 0;
    bool has_more = true;
    for (size_t s = 0; s < generation->options.batch; s++)
        generation->slots[s].is_busy = false;
    for (;;) {
        enum status outcome = fill_slots(&busy, &has_more, generation, ends);
        if (outcome != STATUS_OK || busy == 0)
            return outcome;
        im2sp_step(generation->logits, generation->net, generation->rows, list_rows(generation),
                   generation->options.length_max);
        const float *logits = generation->logits;
        for (size_t s = 0; s < generation->options.batch && outcome == STATUS_OK; s++) {
            struct slot *slot = &generation->slots[s];
            const size_t rows = slot->search.beam_count;
            if (!slot->is_busy)
                continue;
            outcome = grow_slot(generation, slot, logits, ends);
            logits += rows * V;
        }
        if (outcome != STATUS_OK)
            return outcome;
    }
}
