/* Resampling: lengths, levels, aliases, and that nothing of one signal reaches the next. */
#include "tests/support/check.h"
#include "tts/resample.h"

#include <math.h>
#include <string.h>

enum { INPUT = 44100, OUTPUT = 32000 };

static float input[INPUT], output[2 * INPUT], again[2 * INPUT];

static void make_tone(double frequency_hz, double rate_hz)
{
    for (size_t i = 0; i < INPUT; i++)
        input[i] = (float)(0.5 * sin(6.283185307179586 * frequency_hz * (double)i / rate_hz));
}

/* Level in dB against a sine of amplitude 0.5, away from the ends. */
static double level_db(const float *samples, size_t first, size_t last)
{
    double sum = 0.0;
    for (size_t i = first; i < last; i++)
        sum += (double)samples[i] * (double)samples[i];
    return 10.0 * log10(sum / (double)(last - first) / 0.125 + 1e-30);
}

static double tone_through(double frequency_hz)
{
    struct resampler *resampler = NULL;
    check_status(resampler_create(&resampler, 22050, 16000), STATUS_OK, NULL);
    make_tone(frequency_hz, 22050.0);
    check_status(resampler_run(output, resampler, input, INPUT), STATUS_OK, NULL);
    resampler_destroy(resampler);
    return level_db(output, OUTPUT / 8, OUTPUT - OUTPUT / 8);
}

static void what_is_heard_stays_and_aliases_go(void)
{
    const double kept[] = { 100.0, 1000.0, 4000.0, 7000.0, 7300.0 };
    const double gone[] = { 8050.0, 8200.0, 8700.0, 9500.0, 10900.0 };
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        CU_ASSERT(fabs(tone_through(kept[i])) < 0.1);
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        CU_ASSERT(tone_through(gone[i]) < -100.0);
}

static void time_stays_in_place(void)
{
    struct resampler *resampler = NULL;
    check_status(resampler_create(&resampler, 22050, 16000), STATUS_OK, NULL);
    memset(input, 0, sizeof input);
    input[22050] = 1.0f;
    check_status(resampler_run(output, resampler, input, INPUT), STATUS_OK, NULL);
    size_t loudest = 0;
    for (size_t i = 0; i < OUTPUT; i++)
        if (fabsf(output[i]) > fabsf(output[loudest]))
            loudest = i;
    CU_ASSERT_EQUAL(loudest, 16000);
    resampler_destroy(resampler);
}

static void lengths_are_rounded_and_met(void)
{
    const unsigned rates[][2] = { { 22050, 16000 }, { 16000, 22050 }, { 8000, 16000 },
                                  { 44100, 16000 }, { 48000, 16000 }, { 16000, 16000 },
                                  { 11025, 16000 }, { 96000, 16000 } };
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
        struct resampler *resampler = NULL;
        check_status(resampler_create(&resampler, rates[r][0], rates[r][1]), STATUS_OK, NULL);
        make_tone(300.0, rates[r][0]);
        for (size_t count = 1; count < 3000; count = count * 3 / 2 + 1) {
            const size_t expected = resampler_output_count(resampler, count);
            const double exact = (double)count * rates[r][1] / rates[r][0];
            CU_ASSERT(expected == 1 || fabs((double)expected - exact) <= 0.5);
            output[expected] = 77.0f;
            check_status(resampler_run(output, resampler, input, count), STATUS_OK, NULL);
            CU_ASSERT_EQUAL(output[expected], 77.0f);
        }
        resampler_destroy(resampler);
    }
}

static void one_signal_leaves_nothing_to_the_next(void)
{
    struct resampler *used = NULL, *fresh = NULL;
    check_status(resampler_create(&used, 22050, 16000), STATUS_OK, NULL);
    check_status(resampler_create(&fresh, 22050, 16000), STATUS_OK, NULL);
    for (size_t count = 100; count < INPUT; count *= 3) {
        make_tone(5000.0, 22050.0);
        check_status(resampler_run(output, used, input, INPUT - count), STATUS_OK, NULL);
    }
    make_tone(440.0, 22050.0);
    check_status(resampler_run(output, used, input, 12345), STATUS_OK, NULL);
    check_status(resampler_run(again, fresh, input, 12345), STATUS_OK, NULL);
    const size_t count = resampler_output_count(used, 12345);
    CU_ASSERT_EQUAL(memcmp(output, again, count * sizeof *output), 0);
    CU_ASSERT(level_db(output, 1000, count - 1000) > -0.1);
    resampler_destroy(used);
    resampler_destroy(fresh);
}

static void equal_rates_copy_and_nothing_is_nothing(void)
{
    struct resampler *resampler = NULL;
    check_status(resampler_create(&resampler, 16000, 16000), STATUS_OK, NULL);
    make_tone(440.0, 16000.0);
    check_status(resampler_run(output, resampler, input, INPUT), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(memcmp(output, input, sizeof input), 0);
    CU_ASSERT_EQUAL(resampler_output_count(resampler, 0), 0);
    resampler_destroy(resampler);
    resampler_destroy(NULL);
}

static void impossible_rates_are_refused(void)
{
    struct resampler *resampler = NULL;
    check_status(resampler_create(&resampler, 0, 16000), STATUS_INVALID, "0 to 16000");
    check_status(resampler_create(&resampler, 999, 16000), STATUS_INVALID, "999 to 16000");
    check_status(resampler_create(&resampler, 16000, 2000000), STATUS_INVALID, "2000000");
    CU_ASSERT_PTR_NULL(resampler);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "what is heard stays and aliases go", what_is_heard_stays_and_aliases_go },
        { "time stays in place", time_stays_in_place },
        { "lengths are rounded and met", lengths_are_rounded_and_met },
        { "one signal leaves nothing to the next", one_signal_leaves_nothing_to_the_next },
        { "equal rates copy", equal_rates_copy_and_nothing_is_nothing },
        { "impossible rates are refused", impossible_rates_are_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "resample", cases);
}
