/* The audit of tokens: entropies of streams whose entropy is known, also where not all contexts fit
 * into memory; and the sections by language, by step, of entropies and of larger stores. */
#include "core/file.h"
#include "core/random.h"
#include "stages/audit/audit.h"
#include "stages/audit/token_entropy.h"
#include "storage/hdf5_prepare.h"
#include "tests/stages/sample_run.h"
#include "tests/support/check.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD = 500, PAIRS = 1 << 17 };

static struct team team;

/* A stream of `count` tokens that `next` draws, in records of RECORD tokens. */
static struct token_entropy_result
measure(uint16_t (*next)(struct random_stream *, const uint16_t *), size_t count)
{
    struct token_entropy_result result;
    struct token_entropy *entropy = NULL;
    struct random_stream stream = random_stream_numbered(11, count, "tokens");
    check_status(token_entropy_create(&entropy, PAIRS), STATUS_OK, NULL);
    for (size_t at = 0; at < count; at += RECORD) {
        uint16_t tokens[RECORD + 2] = { 0, 0 }; /* with two before the record */
        for (size_t t = 0; t < RECORD; t++)
            tokens[t + 2] = next(&stream, tokens + t);
        token_entropy_begin_record(entropy);
        token_entropy_add(entropy, tokens + 2, RECORD / 2); /* pieces do not matter */
        token_entropy_add(entropy, tokens + 2 + RECORD / 2, RECORD - RECORD / 2);
    }
    token_entropy_finish(&result, entropy);
    token_entropy_destroy(entropy);
    CU_ASSERT_EQUAL(result.tokens, count);
    return result;
}

static uint16_t next_of_64(struct random_stream *stream, const uint16_t *before)
{
    (void)before;
    return (uint16_t)random_below(stream, 64);
}

static uint16_t next_near(struct random_stream *stream, const uint16_t *before)
{
    return (uint16_t)((before[1] + random_below(stream, 4)) % 64);
}

/* Seven times out of eight known from the two before. */
static uint16_t next_of_two(struct random_stream *stream, const uint16_t *before)
{
    const uint16_t expected = (uint16_t)((before[0] * 5 + before[1] * 3 + 1) % 64);
    return random_below(stream, 8) > 0 ? expected : (uint16_t)random_below(stream, 64);
}

static uint16_t next_of_8192(struct random_stream *stream, const uint16_t *before)
{
    (void)before;
    return (uint16_t)random_below(stream, 8192);
}

static uint16_t next_near_of_8192(struct random_stream *stream, const uint16_t *before)
{
    return (uint16_t)((before[1] * 31 + random_below(stream, 16) * 7) % 8192);
}

static uint16_t next_constant(struct random_stream *stream, const uint16_t *before)
{
    (void)stream;
    (void)before;
    return 65535;
}

static void entropies_are_those_of_the_source(void)
{
    struct token_entropy_result result = measure(next_of_64, 2000000);
    for (size_t k = 0; k < TOKEN_ENTROPY_ORDERS; k++)
        CU_ASSERT_DOUBLE_EQUAL(result.bits[k], 6.0, 0.1);
    CU_ASSERT(result.bits[0] > 5.999);
    CU_ASSERT_DOUBLE_EQUAL(result.tokens_per_context[1], 2000000.0 / 65, 1e-6);
    result = measure(next_near, 500000);
    CU_ASSERT_DOUBLE_EQUAL(result.bits[0], 6.0, 0.01);
    CU_ASSERT_DOUBLE_EQUAL(result.bits[1], 2.0, 0.02);
    CU_ASSERT_DOUBLE_EQUAL(result.bits[2], 2.0, 0.02);
    result = measure(next_of_two, 2000000);
    const double hit = 7.0 / 8 + 1.0 / 512, miss = 1.0 / 512;
    CU_ASSERT_DOUBLE_EQUAL(result.bits[2], -hit * log2(hit) - 63 * miss * log2(miss), 0.15);
    CU_ASSERT(result.bits[1] > 5.5);
    result = measure(next_constant, 5000);
    for (size_t k = 0; k < TOKEN_ENTROPY_ORDERS; k++)
        CU_ASSERT_EQUAL(result.bits[k], 0.0);
}

/* 131,072 contexts of 16 pairs each: 16 times what there is room for. */
static void contexts_that_do_not_fit_are_sampled(void)
{
    struct token_entropy_result result = measure(next_near_of_8192, 4000000);
    CU_ASSERT_DOUBLE_EQUAL(result.bits[0], 13.0, 0.02);
    CU_ASSERT_DOUBLE_EQUAL(result.bits[1], 4.0, 0.05);
    CU_ASSERT_DOUBLE_EQUAL(result.tokens_per_context[1], 4000000.0 / 8192, 40.0);
    result = measure(next_of_8192, 1000000);
    CU_ASSERT_DOUBLE_EQUAL(result.bits[0], 13.0, 0.01);
    /* As few tokens a context as 1,000,000 over 8,193 makes known at most the context's own. */
    CU_ASSERT_DOUBLE_EQUAL(result.bits[1], log2(1000000.0 / 8192), 0.1);
}

static void nothing_has_no_entropy(void)
{
    const struct token_entropy_result result = measure(next_of_64, 0);
    CU_ASSERT(isnan(result.bits[0]) && isnan(result.tokens_per_context[2]));
}

/* The report of the sample run's store as JSON. */
static json_t *audit(bool is_quick)
{
    const struct audit_options options = { .format = AUDIT_JSON,
                                           .projected_captions = 3000,
                                           .is_quick = is_quick };
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    check_status(audit_write(stream, check_scratch("sample/run"), &options), STATUS_OK, NULL);
    fclose(stream);
    json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    CU_ASSERT_PTR_NOT_NULL(report);
    free(text);
    return report;
}

static double figure(const json_t *report, const char *section, const char *row,
                     const char *quantity)
{
    const json_t *value =
        json_object_get(json_object_get(json_object_get(report, section), row), quantity);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void languages_add_up(void)
{
    static const char *const quantities[] = { "records", "seconds", "tokens", "raw_bytes" };
    const double expected[] = { 3, 3 * SAMPLE_SECONDS, 3 * SAMPLE_RUNS, 3 * SAMPLE_SAMPLES * 2 };
    json_t *report = audit(false);
    for (size_t q = 0; q < sizeof quantities / sizeof quantities[0]; q++)
        CU_ASSERT_DOUBLE_EQUAL(figure(report, "languages", "en", quantities[q]) +
                                   figure(report, "languages", "ar", quantities[q]),
                               expected[q], 1e-9);
    CU_ASSERT_EQUAL(figure(report, "languages", "en", "text_bytes"),
                    strlen("a red star") + strlen("a blue box"));
    const double stored = figure(report, "modalities", "speech_units", "bytes") +
                          figure(report, "modalities", "speech_durations", "bytes");
    CU_ASSERT_DOUBLE_EQUAL(figure(report, "languages", "en", "stored_bytes") +
                               figure(report, "languages", "ar", "stored_bytes"),
                           stored, 1.0);
    CU_ASSERT_EQUAL(json_object_size(json_object_get(report, "languages")), 2);
    json_decref(report);
}

static void steps_end_at_what_is_stored(void)
{
    json_t *report = audit(false);
    const double frames =
        figure(report, "counts", "speech", "tokens") /
        (1.0 - figure(report, "counts", "speech", "repeats_dropped_percent") / 100);
    CU_ASSERT_DOUBLE_EQUAL(figure(report, "steps", "speech_frames", "bytes"), 2 * frames, 1e-6);
    CU_ASSERT_EQUAL(figure(report, "steps", "speech_runs", "bytes"), 3 * SAMPLE_RUNS * 4);
    CU_ASSERT_EQUAL(figure(report, "steps", "speech_bits", "bytes"),
                    ceil(3.0 * SAMPLE_RUNS * 9 / 8));
    CU_ASSERT_EQUAL(figure(report, "steps", "speech_index", "bytes"),
                    figure(report, "modalities", "speech_units", "bytes") +
                        figure(report, "modalities", "speech_durations", "bytes"));
    CU_ASSERT_DOUBLE_EQUAL(figure(report, "steps", "pictures_bits", "gain_percent"), 100.0 * 3 / 16,
                           1e-9);
    CU_ASSERT_EQUAL(figure(report, "steps", "pictures_index", "bytes"),
                    figure(report, "modalities", "image_units", "bytes"));
    json_decref(report);
}

static void entropies_stand_beside_the_bits(void)
{
    json_t *report = audit(false);
    CU_ASSERT_EQUAL(figure(report, "entropy", "speech_units", "tokens"), 3 * SAMPLE_RUNS);
    CU_ASSERT_EQUAL(figure(report, "entropy", "image_units", "nominal_bits"), 13);
    static const char *const rows[] = { "speech_units", "speech_durations", "image_units" };
    for (size_t r = 0; r < 3; r++) {
        const double order0 = figure(report, "entropy", rows[r], "order0_bits");
        const double order1 = figure(report, "entropy", rows[r], "order1_bits");
        const double order2 = figure(report, "entropy", rows[r], "order2_bits");
        CU_ASSERT(order0 >= order1 - 1e-9 && order1 >= order2 - 1e-9 && order2 >= 0.0);
        CU_ASSERT(order0 > 0.0 && order0 <= figure(report, "entropy", rows[r], "nominal_bits"));
    }
    json_decref(report);
    report = audit(true);
    CU_ASSERT_PTR_NULL(json_object_get(report, "entropy"));
    CU_ASSERT_PTR_NULL(json_object_get(report, "languages"));
    CU_ASSERT_PTR_NOT_NULL(json_object_get(report, "steps"));
    json_decref(report);
}

static void larger_stores_are_this_one_scaled(void)
{
    json_t *report = audit(true);
    CU_ASSERT_EQUAL(figure(report, "projection", "requested", "captions"), 3000);
    CU_ASSERT_EQUAL(figure(report, "projection", "requested", "pictures"), 2000);
    CU_ASSERT_EQUAL(figure(report, "projection", "requested", "raw_audio_bytes"),
                    3000.0 * SAMPLE_SECONDS * 32000);
    CU_ASSERT_EQUAL(figure(report, "projection", "requested", "raw_picture_bytes"),
                    2000.0 * 150528);
    const double of_pictures = figure(report, "modalities", "image_units", "data_bytes") +
                               figure(report, "modalities", "image_units", "index_bytes") +
                               figure(report, "modalities", "image_facts", "data_bytes") +
                               figure(report, "modalities", "image_facts", "index_bytes");
    CU_ASSERT_DOUBLE_EQUAL(figure(report, "projection", "requested", "picture_side_bytes"),
                           1000.0 * of_pictures, 0.6);
    CU_ASSERT(figure(report, "projection", "requested", "store_bytes") <
              1000.0 * figure(report, "modalities", "total", "bytes"));
    CU_ASSERT_EQUAL(figure(report, "projection", "coco", "captions"), 605495);
    CU_ASSERT_EQUAL(figure(report, "projection", "cc3m", "pictures"), 3318333);
    CU_ASSERT_EQUAL(figure(report, "projection", "laion400m", "captions"), 4e8);
    json_decref(report);
}

static void begin(void)
{
    CU_ASSERT_EQUAL(team_begin(&team, MPI_COMM_WORLD), STATUS_OK);
    sample_run_make(check_scratch("sample"), &team);
}

static void end(void)
{
    team_end(&team);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "entropies are those of the source", entropies_are_those_of_the_source },
        { "contexts that do not fit are sampled", contexts_that_do_not_fit_are_sampled },
        { "nothing has no entropy", nothing_has_no_entropy },
        { "languages add up", languages_add_up },
        { "steps end at what is stored", steps_end_at_what_is_stored },
        { "entropies stand beside the bits", entropies_stand_beside_the_bits },
        { "larger stores are this one scaled", larger_stores_are_this_one_scaled },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    hdf5_prepare();
    return check_suite(argc, argv, "audit of tokens", cases);
}
