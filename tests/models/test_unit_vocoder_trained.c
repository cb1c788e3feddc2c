/* The vocoder that is trained gives what the one of inference gives with its weights; its first
 * values are quiet and keep loudness; mel filters. */
#include "models/mel_filters.h"
#include "models/unit_vocoder.h"
#include "models/unit_vocoder_trained.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CODES = 30, LENGTH = 23, CUT = 9 };

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
        .duration_hidden = 10,
        .rate_hz = 8000,
    };
}

struct trained {
    struct parameter_set *set;
    struct unit_vocoder_trained *model;
    struct tape *tape;
};

static void begin_trained(struct trained *trained, const struct unit_vocoder_config *config)
{
    check_status(parameter_set_create(&trained->set), STATUS_OK, NULL);
    check_status(unit_vocoder_trained_create(&trained->model, trained->set, config), STATUS_OK,
                 NULL);
    check_status(parameter_set_lay_out(trained->set), STATUS_OK, NULL);
    check_status(tape_create(&trained->tape, (size_t)64 << 20), STATUS_OK, NULL);
    unit_vocoder_trained_draw(trained->model, 3);
    for (size_t p = 0; p < parameter_set_count(trained->set); p++) { /* biases that matter */
        struct parameter *parameter = parameter_set_at(trained->set, p);
        if (parameter->dimension_count == 1)
            for (size_t i = 0; i < parameter->count; i++)
                parameter->value[i] += 0.1f * sinf((float)(i + p));
    }
}

static void end_trained(struct trained *trained)
{
    unit_vocoder_trained_destroy(trained->model);
    parameter_set_destroy(trained->set);
    tape_destroy(trained->tape);
}

static struct unit_vocoder *exported(const struct trained *trained)
{
    struct tensor_table table;
    struct unit_vocoder *net = NULL;
    struct settings *settings = settings_create("test");
    check_status(parameter_set_write(trained->set, &table), STATUS_OK, NULL);
    check_status(unit_vocoder_config_write(settings, unit_vocoder_trained_sizes(trained->model)),
                 STATUS_OK, NULL);
    check_status(unit_vocoder_create(&net, &table, settings), STATUS_OK, NULL);
    settings_destroy(settings);
    tensor_table_end(&table);
    if (net == NULL)
        abort();
    return net;
}

/* Two utterances at once on the tape, one by one in inference. */
static void check_waveforms(struct unit_vocoder_config config)
{
    static const size_t starts[] = { 0, CUT, LENGTH };
    const size_t hop = unit_vocoder_config_hop(&config);
    const struct segments segments = { 2, starts };
    struct segments samples;
    struct trained trained;
    int32_t codes[LENGTH];
    uint16_t narrow[LENGTH];
    float *expected = malloc(LENGTH * hop * sizeof *expected), worst = 0.0f, loudest = 0.0f;
    begin_trained(&trained, &config);
    for (size_t i = 0; i < LENGTH; i++)
        codes[i] = narrow[i] = (uint16_t)(i * 7 % CODES);
    struct unit_vocoder *net = exported(&trained);
    unit_vocoder_run(expected, net, narrow, CUT);
    unit_vocoder_run(expected + CUT * hop, net, narrow + CUT, LENGTH - CUT);
    const struct array *wave =
        unit_vocoder_trained_run(&samples, trained.model, trained.tape, codes, &segments);
    check_status(tape_status(trained.tape), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(wave->rows, LENGTH * hop);
    CU_ASSERT_EQUAL(wave->columns, 1);
    CU_ASSERT(samples.count == 2 && samples.starts[1] == CUT * hop);
    for (size_t i = 0; i < LENGTH * hop; i++) {
        worst = fmaxf(worst, fabsf(wave->value[i] - expected[i]));
        loudest = fmaxf(loudest, fabsf(expected[i]));
    }
    CU_ASSERT(loudest > 0.02f && loudest < 0.9f);
    CU_ASSERT(worst <= 1e-5f);
    free(expected);
    unit_vocoder_destroy(net);
    end_trained(&trained);
}

static void waveforms_are_those_of_inference(void)
{
    check_waveforms(uneven());
    check_waveforms(unit_vocoder_config_small(CODES, 32, 8));
}

static void durations_are_those_of_inference(void)
{
    static const size_t starts[] = { 0, CUT, LENGTH };
    const struct segments segments = { 2, starts };
    const struct unit_vocoder_config config = uneven();
    struct trained trained;
    int32_t units[LENGTH];
    uint16_t narrow[LENGTH];
    size_t expected[LENGTH], other = 0;
    begin_trained(&trained, &config);
    struct parameter *out = parameter_set_find(trained.set, "dur_predictor.proj.weight");
    for (size_t i = 0; i < out->count; i++) /* so that they differ */
        out->value[i] *= 3.0f;
    for (size_t i = 0; i < LENGTH; i++)
        units[i] = narrow[i] = (uint16_t)(i * 11 % CODES);
    struct unit_vocoder *net = exported(&trained);
    check_status(unit_vocoder_durations(expected, net, narrow, CUT), STATUS_OK, NULL);
    check_status(unit_vocoder_durations(expected + CUT, net, narrow + CUT, LENGTH - CUT), STATUS_OK,
                 NULL);
    const struct array *logs =
        unit_vocoder_trained_durations(trained.model, trained.tape, units, &segments);
    check_status(tape_status(trained.tape), STATUS_OK, NULL);
    for (size_t i = 0; i < LENGTH; i++) {
        CU_ASSERT_EQUAL(unit_vocoder_round_duration(logs->value[i]), expected[i]);
        other += expected[i] != expected[0];
    }
    CU_ASSERT(other > 0);
    unit_vocoder_destroy(net);
    end_trained(&trained);
}

static void refuse(struct unit_vocoder_config config)
{
    struct parameter_set *set;
    struct unit_vocoder_trained *model;
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    check_status(unit_vocoder_trained_create(&model, set, &config), STATUS_INVALID, "vocoder: ");
    CU_ASSERT_PTR_NULL(model);
    parameter_set_destroy(set);
}

static void sizes_that_do_not_fit_are_refused(void)
{
    struct unit_vocoder_config config = uneven();
    config.channels = 20;
    refuse(config);
    config = uneven();
    config.codes = 0;
    refuse(config);
    config.codes = UNIT_VOCODER_CODES_MAX + 1;
    refuse(config);
    config = uneven();
    config.width = UNIT_VOCODER_CHANNELS_MAX + 1;
    refuse(config);
}

/* Recorded from librosa's definition, computed in double: bands 0, 1, 40 and 79 of 80. */
static void mel_filters_are_the_usual_ones(void)
{
    enum { BANDS = 80, WINDOW = 1024, BINS = WINDOW / 2 + 1 };
    static const struct {
        size_t band, bin;
        double value;
    } recorded[] = { { 0, 1, 0.011267280 },    { 0, 2, 0.022534561 },    { 0, 3, 0.019904991 },
                     { 0, 4, 0.008637710 },    { 1, 3, 0.006948425 },    { 1, 4, 0.018215706 },
                     { 1, 5, 0.024223846 },    { 1, 6, 0.012956565 },    { 1, 7, 0.001689285 },
                     { 40, 107, 0.003517074 }, { 40, 109, 0.010801809 }, { 40, 111, 0.012266616 },
                     { 40, 113, 0.005256340 }, { 79, 475, 0.000155437 }, { 79, 487, 0.002341351 },
                     { 79, 499, 0.002278854 }, { 79, 511, 0.000175296 } };
    static float filters[BANDS * BINS];
    mel_filters_fill(filters, BANDS, WINDOW, 16000.0, 0.0, 8000.0);
    for (size_t r = 0; r < sizeof recorded / sizeof recorded[0]; r++)
        CU_ASSERT_DOUBLE_EQUAL((double)filters[recorded[r].band * BINS + recorded[r].bin],
                               recorded[r].value, 1e-6);
    for (size_t b = 0; b < BANDS; b++) {
        double sum = 0.0;
        for (size_t k = 0; k < BINS; k++)
            sum += (double)filters[b * BINS + k];
        CU_ASSERT(sum > 0.0);
    }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "waveforms are those of inference", waveforms_are_those_of_inference },
        { "durations are those of inference", durations_are_those_of_inference },
        { "sizes that do not fit are refused", sizes_that_do_not_fit_are_refused },
        { "mel filters are the usual ones", mel_filters_are_the_usual_ones },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "trained unit vocoder", cases);
}
