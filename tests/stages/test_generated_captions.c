/* Several captions of a picture in one row of a shard: each found again, and lengths that do not
 * fit told. */
#include "stages/generated_captions.h"
#include "tests/support/check.h"

#include <string.h>

enum { CAPTIONS = 3 };

static const uint16_t units[] = { 5, 6, 7, 9 };
static const uint8_t flac[] = { 10, 11, 12, 13, 14 };

/* A shard of one picture whose captions have these many units: the second says nothing. */
static struct shard *make(size_t captions, const uint32_t counts[CAPTIONS])
{
    const struct shard_identity identity = { .stage = "generate", .record_count = 1, .recipe = "" };
    const float scores[CAPTIONS] = { -1.0f, -2.0f, -3.0f };
    const uint8_t are_cut[CAPTIONS] = { 0, 0, 1 };
    const uint32_t samples[CAPTIONS] = { 20, 0, 30 }, bytes[CAPTIONS] = { 2, 0, 3 };
    const uint32_t rate_hz = 16000;
    struct shard_column columns[GENERATED_COLUMN_COUNT];
    struct shard *shard;
    const size_t count = generated_columns_for(columns, captions);
    check_status(shard_create(&shard, &identity, columns, count), STATUS_OK, NULL);
    shard_add(shard, GENERATED_UNITS, units, 4);
    shard_add(shard, GENERATED_SCORE, scores, 1);
    shard_add(shard, GENERATED_IS_CUT, are_cut, 1);
    shard_add_text(shard, GENERATED_SETTINGS, "method=sample");
    shard_add(shard, GENERATED_FLAC, flac, 5);
    shard_add(shard, GENERATED_SAMPLE_COUNT, samples, 1);
    shard_add(shard, GENERATED_RATE_HZ, &rate_hz, 1);
    if (captions > 1) {
        shard_add(shard, GENERATED_UNIT_COUNT, counts, 1);
        shard_add(shard, GENERATED_FLAC_BYTES, bytes, 1);
    }
    check_status(shard_keep(shard, 0, "a"), STATUS_OK, NULL);
    return shard;
}

static void each_caption_is_found(void)
{
    struct shard *shard = make(CAPTIONS, (const uint32_t[]){ 1, 0, 3 });
    check_status(generated_captions_check(shard), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(generated_captions_count(shard), CAPTIONS);
    const struct generated_caption last = generated_captions_at(shard, 0, 2);
    CU_ASSERT_EQUAL(last.count, 3);
    CU_ASSERT_EQUAL(memcmp(last.units, units + 1, 3 * sizeof *units), 0);
    CU_ASSERT_EQUAL(last.flac_bytes, 3);
    CU_ASSERT_EQUAL(last.flac[0], 12);
    CU_ASSERT_EQUAL(last.score, -3.0f);
    CU_ASSERT(last.is_cut);
    CU_ASSERT_EQUAL(last.sample_count, 30);
    CU_ASSERT_EQUAL(last.rate_hz, 16000);
    const struct generated_caption silent = generated_captions_at(shard, 0, 1);
    CU_ASSERT(silent.count == 0 && silent.flac_bytes == 0 && silent.sample_count == 0);
    shard_destroy(shard);
}

static void one_caption_has_the_whole_row(void)
{
    struct shard *shard = make(1, NULL);
    check_status(generated_captions_check(shard), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(generated_captions_count(shard), 1);
    CU_ASSERT_EQUAL(shard_column_count(shard), GENERATED_UNIT_COUNT);
    const struct generated_caption caption = generated_captions_at(shard, 0, 0);
    CU_ASSERT(caption.count == 4 && caption.flac_bytes == 5 && !caption.is_cut);
    shard_destroy(shard);
}

static void lengths_that_do_not_fit_are_told(void)
{
    static const uint32_t wrong[][CAPTIONS] = {
        { 1, 0, 2 }, { 1, 0, 4 }, { UINT32_MAX, 2, 3 }, { 5, 0, 0 }
    };
    for (size_t w = 0; w < sizeof wrong / sizeof wrong[0]; w++) {
        struct shard *shard = make(CAPTIONS, wrong[w]);
        check_status(generated_captions_check(shard), STATUS_CORRUPT, "a: ");
        shard_destroy(shard);
    }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "each caption is found", each_caption_is_found },
        { "one caption has the whole row", one_caption_has_the_whole_row },
        { "lengths that do not fit are told", lengths_that_do_not_fit_are_told },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "generated_captions", cases);
}
