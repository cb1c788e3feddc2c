#include "bench/pack_sample.h"

#include "bench/spoken_captions.h"
#include "core/random.h"

#include <stdlib.h>
#include <string.h>

enum {
    CAPTIONS = 24000, /* a rank */
    PICTURES = CAPTIONS / 2,
    UNITS_A_CAPTION = 100,
    CLUSTERS = 200,
    CODES = 8192,
    PICTURE_UNITS = 784,
    DIFFERENT_TEXTS = 500,
    SEED = 1
};

static void describe(struct pack_sample *sample, size_t rank_count)
{
    const struct store_dataset datasets[PACK_SAMPLE_DATASETS] = {
        [PACK_SAMPLE_TEXT] = { "/captions/text", COLUMN_TEXT, .width = SPOKEN_CAPTION_BYTES / 2,
                               .meaning = "text" },
        [PACK_SAMPLE_OFFSETS] = { "/speech/offsets", COLUMN_U64, .width = 1,
                                  .meaning = "first row of each caption" },
        [PACK_SAMPLE_UNITS] = { "/speech/units", COLUMN_U16, .width = 1, .bits = 8,
                                .meaning = "speech units" },
        [PACK_SAMPLE_DURATIONS] = { "/speech/durations", COLUMN_U16, .width = 1, .bits = 5,
                                    .meaning = "frames" },
        [PACK_SAMPLE_PICTURES] = { "/images/units", COLUMN_U16, .width = PICTURE_UNITS, .bits = 13,
                                   .meaning = "image units" },
    };
    const uint64_t rows[PACK_SAMPLE_DATASETS] = { CAPTIONS, CAPTIONS,
                                                  (uint64_t)CAPTIONS * UNITS_A_CAPTION,
                                                  (uint64_t)CAPTIONS * UNITS_A_CAPTION, PICTURES };
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS; d++) {
        sample->datasets[d] = datasets[d];
        sample->datasets[d].rows = rows[d] * rank_count;
        sample->own_rows[d] = rows[d];
        sample->row_bytes[d] =
            datasets[d].width * (datasets[d].type == COLUMN_TEXT  ? 1
                                 : datasets[d].type == COLUMN_U64 ? sizeof(uint64_t)
                                                                  : sizeof(uint16_t));
    }
}

static enum status allocate(struct pack_sample *sample)
{
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS; d++) {
        sample->values[d] = calloc(sample->own_rows[d], sample->row_bytes[d]);
        if (sample->values[d] == NULL)
            return status_fail(STATUS_NO_MEMORY, "rows of %s", sample->datasets[d].name);
    }
    return STATUS_OK;
}

static void fill_texts(struct pack_sample *sample)
{
    static char texts[DIFFERENT_TEXTS][SPOKEN_CAPTION_BYTES];
    const size_t width = sample->row_bytes[PACK_SAMPLE_TEXT];
    spoken_captions_make(texts, DIFFERENT_TEXTS);
    for (size_t c = 0; c < CAPTIONS; c++)
        memcpy((char *)sample->values[PACK_SAMPLE_TEXT] + c * width, texts[c % DIFFERENT_TEXTS],
               width);
}

static void fill_numbers(struct pack_sample *sample, uint64_t rank)
{
    struct random_stream stream = random_stream_numbered(SEED, rank, "pack");
    uint64_t *offsets = sample->values[PACK_SAMPLE_OFFSETS];
    uint16_t *units = sample->values[PACK_SAMPLE_UNITS];
    uint16_t *durations = sample->values[PACK_SAMPLE_DURATIONS];
    uint16_t *pictures = sample->values[PACK_SAMPLE_PICTURES];
    for (size_t c = 0; c < CAPTIONS; c++)
        offsets[c] = (rank * CAPTIONS + c) * UNITS_A_CAPTION + random_below(&stream, 8);
    for (size_t u = 0; u < (size_t)CAPTIONS * UNITS_A_CAPTION; u++) {
        units[u] = (uint16_t)random_below(&stream, CLUSTERS);
        durations[u] = 1;
        while (durations[u] < 31 && random_bits(&stream) % 16 < 7)
            durations[u]++;
    }
    for (size_t p = 0; p < (size_t)PICTURES * PICTURE_UNITS; p++)
        pictures[p] = (uint16_t)(random_bits(&stream) % CODES);
}

/* Rank 0's first rows decide for all. */
static enum status choose_packing(struct pack_sample *sample, const struct team *team,
                                  size_t blocks, int deflate_level)
{
    bool pays[PACK_SAMPLE_DATASETS] = { false };
    enum status outcome = STATUS_OK;
    for (size_t d = 0; team->rank == 0 && d < PACK_SAMPLE_DATASETS && outcome == STATUS_OK; d++)
        outcome = store_packing_pays(&pays[d], &sample->datasets[d], sample->own_rows[d] / blocks,
                                     sample->values[d], deflate_level);
    outcome = team_agree(team, "choose packing", outcome);
    team_broadcast(team, pays, sizeof pays, 0);
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS; d++)
        sample->datasets[d].is_deflated = pays[d];
    return outcome;
}

enum status pack_sample_make(struct pack_sample *sample, const struct team *team, size_t blocks,
                             int deflate_level)
{
    *sample = (struct pack_sample){ 0 };
    describe(sample, (size_t)team->size);
    const enum status outcome = team_agree(team, "make rows", allocate(sample));
    if (outcome != STATUS_OK)
        return outcome;
    fill_texts(sample);
    fill_numbers(sample, (uint64_t)team->rank);
    return choose_packing(sample, team, blocks, deflate_level);
}

void pack_sample_end(struct pack_sample *sample)
{
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS; d++)
        free(sample->values[d]);
    *sample = (struct pack_sample){ 0 };
}
