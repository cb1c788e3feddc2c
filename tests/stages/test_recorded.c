/* Recorded audio as speak takes it: any rate becomes 16 kHz, what already is so stays as it was,
 * and what cannot be read is a reason without a path. */
#include "core/file.h"
#include "stages/speak/recorded.h"
#include "storage/audio_file.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE_HZ = 16000 };

/* A tone of 440 Hz. */
static const char *write_tone(const char *name, unsigned rate_hz, size_t count)
{
    int16_t *samples = malloc(count * sizeof *samples);
    CU_ASSERT_PTR_NOT_NULL_FATAL(samples);
    for (size_t s = 0; s < count; s++)
        samples[s] = (int16_t)lrint(9000.0 * sin(2764.601535159018 * (double)s / rate_hz));
    const char *path = check_scratch(name);
    check_status(audio_file_write_wav(path, samples, count, rate_hz), STATUS_OK, NULL);
    free(samples);
    return path;
}

static void speech_at_16_khz_stays_as_it_was(void)
{
    struct recorded *recorded = recorded_create();
    struct speech speech;
    struct audio audio = { 0 };
    const char *path = write_tone("same.wav", RATE_HZ, 5000);
    check_status(recorded_read(&speech, recorded, path), STATUS_OK, NULL);
    check_status(audio_file_read(&audio, path, 5000), STATUS_OK, NULL);
    CU_ASSERT(speech.sample_count == 5000 && speech.phone_count == 0);
    size_t wrong = 0;
    for (size_t s = 0; s < speech.sample_count && s < audio.sample_count; s++)
        wrong += (float)speech.samples[s] != 32768.0f * audio.samples[s];
    CU_ASSERT_EQUAL(wrong, 0);
    audio_end(&audio);
    recorded_destroy(recorded);
}

static void other_rates_become_16_khz(void)
{
    static const unsigned rates[] = { 8000, 22050, 44100, 48000, 44100 };
    struct recorded *recorded = recorded_create();
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
        struct speech speech;
        double worst = 0.0;
        const char *path = write_tone("other.wav", rates[r], rates[r] / 2);
        check_status(recorded_read(&speech, recorded, path), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(speech.sample_count, RATE_HZ / 2);
        for (size_t s = 500; s + 500 < speech.sample_count; s++)
            worst = fmax(worst, fabs(speech.samples[s] -
                                     9000.0 * sin(2764.601535159018 * (double)s / RATE_HZ)));
        CU_ASSERT(worst < 90.0); /* a hundredth */
    }
    recorded_destroy(recorded);
}

static void what_cannot_be_read_is_a_reason_without_a_path(void)
{
    struct recorded *recorded = recorded_create();
    struct speech speech;
    const char *path = check_scratch("absent.wav");
    CU_ASSERT(recorded_read(&speech, recorded, path) != STATUS_OK);
    check_status(STATUS_NOT_FOUND, STATUS_NOT_FOUND, "recorded audio: ");
    CU_ASSERT_PTR_NULL(strstr(status_text(), path));

    path = check_scratch("text.wav");
    check_status(file_write(path, "no audio at all", 15), STATUS_OK, NULL);
    check_status(recorded_read(&speech, recorded, path), STATUS_CORRUPT, "recorded audio: ");
    CU_ASSERT_PTR_NULL(strstr(status_text(), path));

    path = write_tone("long.wav", 1000, (RECORDED_DURATION_MAX_SECONDS + 1) * 1000);
    check_status(recorded_read(&speech, recorded, path), STATUS_INVALID, "more than 600 s");
    CU_ASSERT(speech.samples == NULL && speech.sample_count == 0);

    path = write_tone("good.wav", RATE_HZ, 800); /* the next one is read as if nothing were */
    check_status(recorded_read(&speech, recorded, path), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(speech.sample_count, 800);
    recorded_destroy(recorded);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "speech at 16 kHz stays as it was", speech_at_16_khz_stays_as_it_was },
        { "other rates become 16 kHz", other_rates_become_16_khz },
        { "what cannot be read is a reason without a path",
          what_cannot_be_read_is_a_reason_without_a_path },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "recorded speech", cases);
}
