#include "bench/pack_sample.h"

#include "bench/spoken_captions.h"
#include "core/random.h"

#include <stdlib.h>
#include <string.h>

enum {
    CAPTIONS = 24000, /* a rank */
    CAPTIONS_A_PICTURE = 2,
    PICTURES = CAPTIONS / CAPTIONS_A_PICTURE,
    UNITS_A_CAPTION = 100,
    LONGER_MAX = 64, /* every other caption has up to so many units more, the next so many less */
    PICTURE_UNITS = PACK_SAMPLE_GRID * PACK_SAMPLE_GRID,
    CHUNK_BYTES = 8 << 10, /* of what is read at random, as pack has it */
    DIFFERENT_TEXTS = 500,
    SEED = 1
};

static void describe(struct pack_sample *sample, size_t rank_count)
{
    const struct store_dataset datasets[PACK_SAMPLE_DATASETS] = {
        [PACK_SAMPLE_TEXT] = { "/captions/text", COLUMN_TEXT, .width = SPOKEN_CAPTION_BYTES / 2,
                               .meaning = "text" },
        [PACK_SAMPLE_IMAGES] = { "/captions/image", COLUMN_U32, .width = 1,
                                 .chunk_bytes = CHUNK_BYTES, .meaning = "row of its picture" },
        [PACK_SAMPLE_OFFSETS] = { "/speech/offsets", COLUMN_U64, .width = 1,
                                  .chunk_bytes = CHUNK_BYTES,
                                  .meaning = "first row of each caption" },
        [PACK_SAMPLE_UNITS] = { "/speech/units", COLUMN_U16, .width = 1, .bits = 8,
                                .chunk_bytes = CHUNK_BYTES, .meaning = "speech units" },
        [PACK_SAMPLE_DURATIONS] = { "/speech/durations", COLUMN_U16, .width = 1, .bits = 5,
                                    .chunk_bytes = CHUNK_BYTES, .meaning = "frames" },
        [PACK_SAMPLE_PICTURES] = { "/images/units", COLUMN_U16, .width = PICTURE_UNITS, .bits = 13,
                                   .chunk_bytes = CHUNK_BYTES, .meaning = "image units" },
    };
    const uint64_t rows[PACK_SAMPLE_DATASETS] = { CAPTIONS,
                                                  CAPTIONS,
                                                  CAPTIONS,
                                                  (uint64_t)CAPTIONS * UNITS_A_CAPTION,
                                                  (uint64_t)CAPTIONS * UNITS_A_CAPTION,
                                                  PICTURES };
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS; d++) {
        sample->datasets[d] = datasets[d];
        sample->datasets[d].rows = rows[d] * rank_count;
        sample->own_rows[d] = rows[d];
        sample->row_bytes[d] =
            datasets[d].width * (datasets[d].type == COLUMN_TEXT  ? 1
                                 : datasets[d].type == COLUMN_U64 ? sizeof(uint64_t)
                                 : datasets[d].type == COLUMN_U32 ? sizeof(uint32_t)
                                                                  : sizeof(uint16_t));
    }
}

static enum status allocate(struct pack_sample *sample)
{
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS; d++) {
        sample->values[d] = calloc(sample->own_rows[d] + 1, sample->row_bytes[d]);
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
    uint32_t *pictures_of = sample->values[PACK_SAMPLE_IMAGES];
    uint64_t *offsets = sample->values[PACK_SAMPLE_OFFSETS];
    uint16_t *units = sample->values[PACK_SAMPLE_UNITS];
    uint16_t *durations = sample->values[PACK_SAMPLE_DURATIONS];
    uint16_t *pictures = sample->values[PACK_SAMPLE_PICTURES];
    for (size_t c = 0; c < CAPTIONS; c++)
        pictures_of[c] = (uint32_t)(rank * PICTURES + c / CAPTIONS_A_PICTURE);
    for (size_t c = 0; c <= CAPTIONS; c++)
        offsets[c] = (rank * CAPTIONS + c) * UNITS_A_CAPTION +
                     (c % 2 == 0 ? 0 : random_below(&stream, LONGER_MAX));
    for (size_t u = 0; u < (size_t)CAPTIONS * UNITS_A_CAPTION; u++) {
        units[u] = (uint16_t)random_below(&stream, PACK_SAMPLE_CLUSTERS);
        durations[u] = 1;
        while (durations[u] < 31 && random_bits(&stream) % 16 < 7)
            durations[u]++;
    }
    for (size_t p = 0; p < (size_t)PICTURES * PICTURE_UNITS; p++)
        pictures[p] = (uint16_t)(random_bits(&stream) % PACK_SAMPLE_CODES);
}

/* Rank 0's first rows decide for all. */
static enum status choose_packing(struct pack_sample *sample, const struct team *team,
                                  size_t blocks, const struct store_options *options)
{
    enum status outcome = STATUS_OK;
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS; d++) {
        struct store_dataset *dataset = &sample->datasets[d];
        if (team->rank == 0 && outcome == STATUS_OK)
            outcome = store_packing_choose(dataset, options, sample->own_rows[d] / blocks,
                                           sample->values[d]);
        bool chosen[2] = { dataset->is_deflated, dataset->is_shuffled };
        team_broadcast(team, chosen, sizeof chosen, 0);
        dataset->is_deflated = chosen[0];
        dataset->is_shuffled = chosen[1];
    }
    return team_agree(team, "choose packing", outcome);
}

enum status pack_sample_make(struct pack_sample *sample, const struct team *team, size_t blocks,
                             const struct store_options *options)
{
    *sample = (struct pack_sample){ 0 };
    describe(sample, (size_t)team->size);
    const enum status outcome = team_agree(team, "make rows", allocate(sample));
    if (outcome != STATUS_OK)
        return outcome;
    fill_texts(sample);
    fill_numbers(sample, (uint64_t)team->rank);
    return choose_packing(sample, team, blocks, options);
}

void pack_sample_end(struct pack_sample *sample)
{
    for (size_t d = 0; d < PACK_SAMPLE_DATASETS; d++)
        free(sample->values[d]);
    *sample = (struct pack_sample){ 0 };
}
