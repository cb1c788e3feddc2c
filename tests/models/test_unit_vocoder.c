/* The unit vocoder's seams and bad input, on nets drawn from a seed. */
#include "models/unit_vocoder.h"
#include "models/unit_vocoder_untrained.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CODES = 30 };

/* Small and uneven: rates and kernels that meet in no simple way. */
static struct unit_vocoder_config uneven(void)
{
    return (struct unit_vocoder_config){
        .codes = CODES,
        .width = 6,
        .channels = 24,
        .pre_kernel = 5,
        .post_kernel = 9,
        .stage_count = 3,
        .block_count = 2,
        .stages = { { 3, 7 }, { 5, 5 }, { 2, 10 } },
        .blocks = { { 3, 2, { 1, 4 } }, { 5, 3, { 2, 1, 3 } } },
        .rate_hz = 8000,
    };
}

static struct unit_vocoder *make(struct tensor_table *table,
                                 const struct unit_vocoder_config *config)
{
    struct unit_vocoder *net = NULL;
    struct settings *settings = settings_create("test");
    check_status(unit_vocoder_untrained(table, config, 3), STATUS_OK, NULL);
    check_status(unit_vocoder_config_write(settings, config), STATUS_OK, NULL);
    check_status(unit_vocoder_create(&net, table, settings), STATUS_OK, NULL);
    settings_destroy(settings);
    if (net == NULL)
        abort();
    return net;
}

static void check_seams(struct unit_vocoder_config config, size_t count)
{
    struct tensor_table table;
    struct unit_vocoder *net = make(&table, &config);
    const size_t hop = unit_vocoder_config_hop(&config);
    uint16_t *codes = malloc(count * sizeof *codes);
    float *whole = malloc(count * hop * sizeof *whole),
          *parts = malloc(count * hop * sizeof *parts);
    for (size_t i = 0; i < count; i++)
        codes[i] = (uint16_t)(i * 7 % config.codes);
    check_status(unit_vocoder_set_piece(net, count), STATUS_OK, NULL);
    unit_vocoder_run(whole, net, codes, count);
    const size_t pieces[] = { 1, 2, 5, count / 2 + 1 };
    for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
        check_status(unit_vocoder_set_piece(net, pieces[p]), STATUS_OK, NULL);
        memset(parts, 0, count * hop * sizeof *parts);
        unit_vocoder_run(parts, net, codes, count);
        CU_ASSERT_EQUAL(memcmp(parts, whole, count * hop * sizeof *parts), 0);
    }
    float loudest = 0.0f;
    for (size_t i = 0; i < count * hop; i++)
        loudest = fmaxf(loudest, fabsf(whole[i]));
    CU_ASSERT(loudest > 0.01f && loudest <= 1.0f);
    free(codes);
    free(whole);
    free(parts);
    unit_vocoder_destroy(net);
    tensor_table_end(&table);
}

static void pieces_are_bit_by_bit_the_whole(void)
{
    check_seams(uneven(), 61);
    check_seams(unit_vocoder_config_compact(CODES), 48);
}

static void the_settings_are_read_back(void)
{
    struct tensor_table table;
    const struct unit_vocoder_config config = uneven();
    struct unit_vocoder *net = make(&table, &config);
    const struct unit_vocoder_config *read = unit_vocoder_sizes(net);
    CU_ASSERT_EQUAL(read->stage_count, config.stage_count);
    for (size_t s = 0; s < config.stage_count; s++) {
        CU_ASSERT_EQUAL(read->stages[s].rate, config.stages[s].rate);
        CU_ASSERT_EQUAL(read->stages[s].kernel, config.stages[s].kernel);
    }
    for (size_t b = 0; b < config.block_count; b++)
        CU_ASSERT_EQUAL(memcmp(&read->blocks[b], &config.blocks[b], sizeof config.blocks[b]), 0);
    CU_ASSERT_EQUAL(read->rate_hz, config.rate_hz);
    CU_ASSERT_EQUAL(read->duration_hidden, 0);
    unit_vocoder_destroy(net);
    tensor_table_end(&table);
}

static void rates_are_not_guessed(void)
{
    struct tensor_table table;
    struct unit_vocoder *net = NULL;
    const struct unit_vocoder_config config = unit_vocoder_config_small(CODES, 32, 6);
    check_status(unit_vocoder_untrained(&table, &config, 3), STATUS_OK, NULL);
    check_status(unit_vocoder_create(&net, &table, NULL), STATUS_INVALID, "no upsample_rates");
    CU_ASSERT_PTR_NULL(net);
    tensor_table_end(&table);
}

static void expect_refused(struct unit_vocoder *net, const int64_t *units, size_t count,
                           bool with_durations, const char *fragment)
{
    float *samples = NULL;
    size_t sample_count = 0;
    check_status(unit_vocoder_speak(&samples, &sample_count, net, units, count, with_durations),
                 STATUS_INVALID, fragment);
    CU_ASSERT_PTR_NULL(samples);
}

static void bad_units_are_refused(void)
{
    struct tensor_table table;
    const struct unit_vocoder_config config = uneven();
    struct unit_vocoder *net = make(&table, &config);
    const int64_t units[] = { -1, -7, CODES, 3, INT64_MAX };
    expect_refused(net, units, 0, false, "no units");
    expect_refused(net, units, 2, false, "no units");
    expect_refused(net, units, 3, false, "unit 30: the vocoder has units 0 .. 29");
    expect_refused(net, units + 4, 1, false, "unit 9223372036854775807");
    expect_refused(net, units + 3, 1, true, "no duration predictor");
    unit_vocoder_destroy(net);
    tensor_table_end(&table);
}

/* Creates a net of `table` under settings with `key` = `value`. */
static void expect_create(const struct tensor_table *table, const char *key, double value,
                          enum status expected, const char *fragment)
{
    struct unit_vocoder *net = NULL;
    const struct unit_vocoder_config config = uneven();
    struct settings *settings = settings_create("test");
    check_status(unit_vocoder_config_write(settings, &config), STATUS_OK, NULL);
    if (key != NULL)
        check_status(settings_put_number(settings, key, value), STATUS_OK, NULL);
    check_status(unit_vocoder_create(&net, table, settings), expected, fragment);
    unit_vocoder_destroy(net);
    settings_destroy(settings);
}

static void bad_settings_are_refused(void)
{
    struct tensor_table table;
    const struct unit_vocoder_config config = uneven();
    check_status(unit_vocoder_untrained(&table, &config, 3), STATUS_OK, NULL);
    expect_create(&table, NULL, 0.0, STATUS_OK, NULL);
    expect_create(&table, "upsample_rates.1", 4.0, STATUS_INVALID, "kernel 5, rate 4");
    expect_create(&table, "upsample_rates.1", 6.0, STATUS_INVALID, "kernel 5, rate 6");
    expect_create(&table, "upsample_rates.1", 0.0, STATUS_INVALID, "upsample_rates.1");
    expect_create(&table, "upsample_rates.3", 2.0, STATUS_INVALID, "3 stages");
    expect_create(&table, "resblock_dilation_sizes.0.1", 1e9, STATUS_INVALID, "dilation");
    expect_create(&table, "num_embeddings", 99.0, STATUS_INVALID, "num_embeddings");
    expect_create(&table, "code_hop_size", 31.0, STATUS_INVALID, "code_hop_size");
    tensor_table_end(&table);
}

static void bad_weights_are_refused(void)
{
    struct tensor_table table;
    const struct unit_vocoder_config config = uneven();
    check_status(unit_vocoder_untrained(&table, &config, 3), STATUS_OK, NULL);
    struct tensor *gain = (struct tensor *)tensor_table_find(&table, "ups.1.weight_g");
    struct tensor *bias = (struct tensor *)tensor_table_find(&table, "conv_post.bias");
    struct tensor *value = (struct tensor *)tensor_table_find(&table, "resblocks.0.convs1.0.bias");
    const size_t rows = gain->shape[0];
    gain->shape[0] = 1;
    expect_create(&table, NULL, 0.0, STATUS_CORRUPT, "ups.1.weight_g");
    gain->shape[0] = rows;
    bias->count = 2;
    expect_create(&table, NULL, 0.0, STATUS_CORRUPT, "conv_post.bias");
    bias->count = 1;
    ((float *)value->owned)[0] = NAN;
    expect_create(&table, NULL, 0.0, STATUS_CORRUPT, "resblocks.0.convs1.0.bias");
    ((float *)value->owned)[0] = 0.0f;
    struct tensor *weight = (struct tensor *)tensor_table_find(&table, "conv_post.weight_v");
    memset(weight->owned, 0, weight->count * sizeof(float));
    expect_create(&table, NULL, 0.0, STATUS_CORRUPT, "row 0 has no length");
    tensor_table_end(&table);

    struct unit_vocoder *net = NULL;
    struct tensor_table empty = { .source = "nothing" };
    check_status(unit_vocoder_create(&net, &empty, NULL), STATUS_CORRUPT, "no unit vocoder");
    CU_ASSERT_PTR_NULL(net);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "pieces are bit by bit the whole", pieces_are_bit_by_bit_the_whole },
        { "the settings are read back", the_settings_are_read_back },
        { "rates are not guessed", rates_are_not_guessed },
        { "bad units are refused", bad_units_are_refused },
        { "bad settings are refused", bad_settings_are_refused },
        { "bad weights are refused", bad_weights_are_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "unit_vocoder", cases);
}
