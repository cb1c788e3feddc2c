/* The designed HuBERT: it hears vowels whatever their pitch and loudness, and blocks after the
 * first change nothing. */
#include "nn/matmul.h"
#include "tests/support/check.h"
#include "tokenizers/speech/hubert.h"
#include "tokenizers/speech/hubert_designed.h"

#include <math.h>
#include <stdlib.h>

enum { SAMPLES = 8000, FRAMES = 24, WIDTH = 128, LAYERS = 4 };

static const double pi = 3.14159265358979323846;
static struct tensor_table table;
static struct hubert *model;
static struct hubert_workspace *workspace;

static void the_net_is_made(void)
{
    const struct hubert_config config = hubert_config_compact();
    matmul_use_one_thread();
    check_status(hubert_designed(&table), STATUS_OK, NULL);
    check_status(hubert_create(&model, &table, &config), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    check_status(hubert_workspace_create(&workspace, model, FRAMES), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(workspace);
    CU_ASSERT_EQUAL(hubert_frame_count(model, SAMPLES), FRAMES);
}

/* Pulses through two resonators, as a throat and a mouth have them. */
static void sing(float *audio, double pitch_hz, double first_hz, double second_hz, double loudness)
{
    const double formants[] = { first_hz, second_hz };
    double memory[2][2] = { { 0 } }, phase = 0.0;
    for (size_t i = 0; i < SAMPLES; i++) {
        phase += pitch_hz / HUBERT_SAMPLE_RATE_HZ;
        double value = phase >= 1.0 ? 1.0 : 0.0;
        phase -= floor(phase);
        for (size_t f = 0; f < 2; f++) {
            const double radius = exp(-pi * 90.0 / HUBERT_SAMPLE_RATE_HZ);
            const double angle = 2.0 * pi * formants[f] / HUBERT_SAMPLE_RATE_HZ;
            value += 2.0 * radius * cos(angle) * memory[f][0] - radius * radius * memory[f][1];
            memory[f][1] = memory[f][0];
            memory[f][0] = value;
        }
        audio[i] = (float)(loudness * value);
    }
}

/* Features of a sound at a layer, averaged over frames. */
static void average(double mean[WIDTH], const float *audio, size_t layer)
{
    static float features[FRAMES * WIDTH];
    check_status(hubert_features(features, model, workspace, audio, SAMPLES, layer), STATUS_OK,
                 NULL);
    for (size_t d = 0; d < WIDTH; d++) {
        mean[d] = 0.0;
        for (size_t t = 0; t < FRAMES; t++)
            mean[d] += (double)features[t * WIDTH + d] / FRAMES;
    }
}

static double distance(const double a[WIDTH], const double b[WIDTH])
{
    double sum = 0.0;
    for (size_t d = 0; d < WIDTH; d++)
        sum += (a[d] - b[d]) * (a[d] - b[d]);
    return sqrt(sum);
}

static void vowels_are_told_apart_whatever_the_voice(void)
{
    static const double formants[3][2] = { { 300, 2300 }, { 700, 1200 }, { 320, 800 } };
    static float audio[SAMPLES];
    double usual[3][WIDTH], other[3][WIDTH];
    for (size_t v = 0; v < 3; v++) {
        sing(audio, 110.0, formants[v][0], formants[v][1], 0.02);
        average(usual[v], audio, 3);
        sing(audio, 145.0, 1.03 * formants[v][0], 1.03 * formants[v][1], 0.001);
        average(other[v], audio, 3);
    }
    for (size_t v = 0; v < 3; v++)
        for (size_t w = 0; w < 3; w++)
            if (v != w)
                CU_ASSERT(3.0 * distance(usual[v], other[v]) < distance(usual[v], other[w]));
}

static void blocks_after_the_first_change_nothing(void)
{
    static float audio[SAMPLES];
    double first[WIDTH], later[WIDTH];
    sing(audio, 120.0, 500.0, 1500.0, 0.02);
    average(first, audio, 1);
    for (size_t layer = 2; layer <= LAYERS; layer++) {
        average(later, audio, layer);
        CU_ASSERT(distance(first, later) < 0.05);
    }
    average(later, audio, 0);
    CU_ASSERT(distance(first, later) > 0.5);
}

static void silence_gives_finite_features(void)
{
    static float audio[SAMPLES];
    double mean[WIDTH];
    for (size_t i = 0; i < SAMPLES; i++)
        audio[i] = 0.0f;
    average(mean, audio, LAYERS);
    for (size_t d = 0; d < WIDTH; d++)
        CU_ASSERT(isfinite(mean[d]));
}

static void a_table_that_has_it_already_is_refused(void)
{
    check_status(hubert_designed(&table), STATUS_INVALID, "conv_layers.0");
}

static void all_is_released(void)
{
    hubert_workspace_destroy(workspace);
    hubert_destroy(model);
    tensor_table_end(&table);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the net is made", the_net_is_made },
        { "vowels are told apart whatever the voice", vowels_are_told_apart_whatever_the_voice },
        { "blocks after the first change nothing", blocks_after_the_first_change_nothing },
        { "silence gives finite features", silence_gives_finite_features },
        { "a table that has it already is refused", a_table_that_has_it_already_is_refused },
        { "all is released", all_is_released },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "designed HuBERT", cases);
}
