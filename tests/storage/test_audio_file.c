/* Audio files: kinds and widths of samples, channels, there and back, and what is refused. */
#include "storage/audio_file.h"
#include "storage/flac_encoder.h"
#include "tests/support/check.h"

#include "core/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 5000, LIMIT = 100000 };

static int16_t sound[COUNT];

static void make_sound(void)
{
    for (size_t i = 0; i < COUNT; i++)
        sound[i] = (int16_t)(12000.0 * sin(0.05 * (double)i) + (double)(i * 7919 % 301) - 150.0);
    sound[0] = INT16_MIN;
    sound[1] = INT16_MAX;
    sound[2] = 0;
}

/* A RIFF file of one `fmt ` and one `data` chunk. */
struct wave {
    uint8_t bytes[44 + 4096];
    size_t byte_count;
};

static void put(struct wave *wave, size_t at, uint32_t value, size_t bytes)
{
    for (size_t b = 0; b < bytes; b++)
        wave->bytes[at + b] = (uint8_t)(value >> (8 * b));
}

static struct wave wave_of(unsigned format, unsigned channels, unsigned bits, const void *data,
                           size_t data_bytes)
{
    struct wave wave = { .byte_count = 44 + data_bytes };
    const uint32_t frame = channels * bits / 8;
    memcpy(wave.bytes, "RIFF....WAVEfmt ", 16);
    put(&wave, 4, (uint32_t)(36 + data_bytes), 4);
    put(&wave, 16, 16, 4);
    put(&wave, 20, format, 2);
    put(&wave, 22, channels, 2);
    put(&wave, 24, 16000, 4);
    put(&wave, 28, 16000 * frame, 4);
    put(&wave, 32, frame, 2);
    put(&wave, 34, bits, 2);
    memcpy(wave.bytes + 36, "data", 4);
    put(&wave, 40, (uint32_t)data_bytes, 4);
    memcpy(wave.bytes + 44, data, data_bytes);
    return wave;
}

static enum status decode(struct audio *audio, const struct wave *wave)
{
    return audio_file_decode(audio, wave->bytes, wave->byte_count, LIMIT, "made");
}

static void expect_samples(const struct wave *wave, const float *expected, size_t count)
{
    struct audio audio;
    check_status(decode(&audio, wave), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(audio.sample_count, count);
    CU_ASSERT_EQUAL(audio.rate_hz, 16000);
    for (size_t i = 0; i < count && i < audio.sample_count; i++)
        CU_ASSERT_EQUAL(audio.samples[i], expected[i]);
    audio_end(&audio);
}

static void all_widths_become_fractions_of_full_scale(void)
{
    const uint8_t eight[] = { 0, 128, 255, 192 };
    const int16_t sixteen[] = { INT16_MIN, 0, INT16_MAX, 1 };
    const uint8_t twenty_four[] = { 0, 0, 0x80, 0, 0, 0x40, 1, 0, 0 };
    const int32_t thirty_two[] = { INT32_MIN, 1 << 30 };
    const float real[] = { 0.25f, -1.5f, 1e-6f };
    struct wave wave = wave_of(1, 1, 8, eight, 4);
    expect_samples(&wave, (float[]){ -1.0f, 0.0f, 127.0f / 128.0f, 0.5f }, 4);
    wave = wave_of(1, 1, 16, sixteen, 8);
    expect_samples(&wave, (float[]){ -1.0f, 0.0f, 32767.0f / 32768.0f, 1.0f / 32768.0f }, 4);
    wave = wave_of(1, 1, 24, twenty_four, 9);
    expect_samples(&wave, (float[]){ -1.0f, 0.5f, 1.0f / 8388608.0f }, 3);
    wave = wave_of(1, 1, 32, thirty_two, 8);
    expect_samples(&wave, (float[]){ -1.0f, 0.5f }, 2);
    wave = wave_of(3, 1, 32, real, 12);
    expect_samples(&wave, real, 3);
}

static void channels_become_their_mean(void)
{
    const int16_t stereo[] = { 16384, 0, -16384, -8192, 32767, 32767 };
    struct wave wave = wave_of(1, 2, 16, stereo, 12);
    expect_samples(&wave, (float[]){ 0.25f, -0.375f, 32767.0f / 32768.0f }, 3);
    struct audio audio;
    check_status(decode(&audio, &wave), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(audio.channel_count, 2);
    audio_end(&audio);
}

static void flac_in_memory_comes_back_exactly(void)
{
    make_sound();
    uint8_t *bytes = NULL, *again = NULL;
    size_t byte_count = 0, again_count = 0;
    check_status(flac_encode(&bytes, &byte_count, sound, COUNT, 16000), STATUS_OK, NULL);
    check_status(flac_encode(&again, &again_count, sound, COUNT, 16000), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(byte_count, again_count);
    CU_ASSERT_EQUAL(memcmp(bytes, again, byte_count), 0);
    CU_ASSERT_EQUAL(memcmp(bytes, "fLaC", 4), 0);
    CU_ASSERT(byte_count < COUNT * 2);

    struct audio audio;
    int16_t *back = malloc(COUNT * sizeof *back);
    check_status(audio_file_decode(&audio, bytes, byte_count, COUNT, "flac"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL_FATAL(audio.sample_count, COUNT);
    CU_ASSERT_EQUAL(audio.rate_hz, 16000);
    audio_quantise(back, audio.samples, COUNT);
    CU_ASSERT_EQUAL(memcmp(back, sound, sizeof sound), 0);
    audio_end(&audio);
    free(back);
    free(bytes);
    free(again);
}

static void a_wav_file_comes_back_exactly(void)
{
    make_sound();
    const char *path = check_scratch("sound.wav");
    struct audio audio;
    int16_t back[COUNT];
    check_status(audio_file_write_wav(path, sound, COUNT, 22050), STATUS_OK, NULL);
    check_status(audio_file_read(&audio, path, COUNT), STATUS_OK, NULL);
    CU_ASSERT_EQUAL_FATAL(audio.sample_count, COUNT);
    CU_ASSERT_EQUAL(audio.rate_hz, 22050);
    CU_ASSERT_EQUAL(audio.channel_count, 1);
    audio_quantise(back, audio.samples, COUNT);
    CU_ASSERT_EQUAL(memcmp(back, sound, sizeof sound), 0);
    audio_end(&audio);
    CU_ASSERT_EQUAL(file_bytes(path), 44 + 2 * COUNT);
}

static void quantising_rounds_and_holds(void)
{
    const float samples[] = { 1.0f, -1.0f, 2.0f, -7.0f, 0.5f / 32768.0f, 1.5f / 32768.0f, 1e30f };
    const int16_t expected[] = { 32767, -32768, 32767, -32768, 0, 2, 32767 };
    int16_t quantised[7];
    audio_quantise(quantised, samples, 7);
    CU_ASSERT_EQUAL(memcmp(quantised, expected, sizeof expected), 0);
}

static void files_that_end_early_are_corrupt(void)
{
    make_sound();
    struct audio audio;
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    struct wave wave = wave_of(1, 1, 16, sound, 2000);
    wave.byte_count -= 500;
    check_status(decode(&audio, &wave), STATUS_CORRUPT, "made: cut short");
    wave.byte_count = 20;
    check_status(decode(&audio, &wave), STATUS_CORRUPT, "made");
    check_status(flac_encode(&bytes, &byte_count, sound, COUNT, 16000), STATUS_OK, NULL);
    const size_t cuts[] = { 3, 40, byte_count / 2, byte_count - 3 };
    for (size_t i = 0; i < 4; i++) {
        uint8_t *part = malloc(cuts[i]);
        memcpy(part, bytes, cuts[i]);
        check_status(audio_file_decode(&audio, part, cuts[i], LIMIT, "part"), STATUS_CORRUPT,
                     "part");
        CU_ASSERT_PTR_NULL(audio.samples);
        free(part);
    }
    free(bytes);
}

static void a_wav_of_unknown_length_is_read_to_its_end(void)
{
    const int16_t samples[] = { 16384, -16384 };
    struct wave wave = wave_of(1, 1, 16, samples, 4);
    put(&wave, 4, 0xFFFFFFFFu, 4);
    put(&wave, 40, 0xFFFFFFFFu, 4);
    expect_samples(&wave, (float[]){ 0.5f, -0.5f }, 2);
}

static void bad_samples_and_sizes_are_refused(void)
{
    const float bad[] = { 0.0f, NAN, INFINITY };
    struct audio audio;
    struct wave wave = wave_of(3, 1, 32, bad, 12);
    check_status(decode(&audio, &wave), STATUS_CORRUPT, "sample 1 is not finite");
    wave = wave_of(1, 1, 16, bad, 0);
    check_status(decode(&audio, &wave), STATUS_CORRUPT, "no samples");
    wave = wave_of(1, 1, 16, sound, 2000);
    check_status(audio_file_decode(&audio, wave.bytes, wave.byte_count, 999, "made"),
                 STATUS_INVALID, "1000 samples, at most 999");
    check_status(audio_file_decode(&audio, (const uint8_t *)"hello, no audio", 15, LIMIT, "text"),
                 STATUS_CORRUPT, "text: not audio");
    check_status(audio_file_decode(&audio, NULL, 0, LIMIT, "none"), STATUS_CORRUPT, "none");
    CU_ASSERT_PTR_NULL(audio.samples);
}

static void damaged_bytes_never_crash(void)
{
    make_sound();
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    check_status(flac_encode(&bytes, &byte_count, sound, COUNT, 16000), STATUS_OK, NULL);
    const struct wave good = wave_of(1, 2, 16, sound, 400);
    for (size_t i = 0; i < 400; i++) {
        struct audio audio;
        struct wave wave = good;
        wave.bytes[i * 31 % 60] ^= (uint8_t)(1u << i % 8);
        if (decode(&audio, &wave) == STATUS_OK)
            audio_end(&audio);
        CU_ASSERT_PTR_NULL(audio.samples);
        bytes[i * 127 % byte_count] ^= (uint8_t)(1u << i % 8);
        if (audio_file_decode(&audio, bytes, byte_count, LIMIT, "damaged") == STATUS_OK)
            audio_end(&audio);
        CU_ASSERT_PTR_NULL(audio.samples);
    }
    free(bytes);
}

static void bad_paths_and_requests_are_named(void)
{
    struct audio audio;
    check_status(audio_file_read(&audio, check_scratch("absent.wav"), LIMIT), STATUS_NOT_FOUND,
                 "absent.wav");
    check_status(audio_file_read(&audio, "/tmp", LIMIT), STATUS_CORRUPT, "/tmp");
    check_status(audio_file_write_wav("/nonexistent/x.wav", sound, COUNT, 16000), STATUS_NOT_FOUND,
                 "/nonexistent/x.wav");
    check_status(audio_file_write_wav(check_scratch("x.wav"), sound, 0, 16000), STATUS_INVALID,
                 "0 samples");
    CU_ASSERT_FALSE(file_exists(check_scratch("x.wav")));
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "all widths become fractions", all_widths_become_fractions_of_full_scale },
        { "channels become their mean", channels_become_their_mean },
        { "FLAC in memory comes back exactly", flac_in_memory_comes_back_exactly },
        { "a WAV file comes back exactly", a_wav_file_comes_back_exactly },
        { "quantising rounds and holds", quantising_rounds_and_holds },
        { "files that end early are corrupt", files_that_end_early_are_corrupt },
        { "unknown length is read to the end", a_wav_of_unknown_length_is_read_to_its_end },
        { "bad samples and sizes are refused", bad_samples_and_sizes_are_refused },
        { "damaged bytes never crash", damaged_bytes_never_crash },
        { "bad paths and requests are named", bad_paths_and_requests_are_named },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "audio_file", cases);
}
