/* FLAC: what libFLAC, behind libsndfile, reads from it is what was written, sample by sample. */
#include "core/random.h"
#include "storage/audio_file.h"
#include "storage/flac_encoder.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1024, LONG = 5 * BLOCK, LONGEST = 2100 * BLOCK + 17, RATE_HZ = 16000 };

static int16_t sound[LONGEST];

/* The FLAC's bytes, or 0 where they do not come back as they were. */
static size_t bytes_of(const int16_t *samples, size_t count, unsigned rate_hz)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    struct audio audio = { 0 };
    check_status(flac_encode(&bytes, &byte_count, samples, count, rate_hz), STATUS_OK, NULL);
    check_status(audio_file_decode(&audio, bytes, byte_count, count, "flac"), STATUS_OK, NULL);
    free(bytes);
    CU_ASSERT_EQUAL(audio.sample_count, count);
    CU_ASSERT_EQUAL(audio.rate_hz, rate_hz);
    CU_ASSERT_EQUAL(audio.channel_count, 1);
    bool is_same = audio.sample_count == count;
    for (size_t i = 0; is_same && i < count; i++)
        is_same = audio.samples[i] == (float)samples[i] / 32768.0f;
    CU_ASSERT(is_same);
    audio_end(&audio);
    return is_same ? byte_count : 0;
}

static void make_voice(size_t count)
{
    struct random_stream stream = random_stream_numbered(1, 0, "voice");
    for (size_t i = 0; i < count; i++) {
        const double time = (double)i / RATE_HZ, loud = 0.5 + 0.5 * sin(4.0 * time);
        const double value = 9000.0 * loud * sin(900.0 * time) + 2000.0 * sin(9000.0 * time);
        sound[i] = (int16_t)(value + (double)random_below(&stream, 64));
    }
}

static void make_noise(size_t count)
{
    struct random_stream stream = random_stream_numbered(2, 0, "noise");
    for (size_t i = 0; i < count; i++)
        sound[i] = (int16_t)((int)random_below(&stream, 65536) - 32768);
}

static void any_length_comes_back(void)
{
    make_voice(LONG);
    for (size_t count = 1; count <= 40; count++)
        bytes_of(sound, count, RATE_HZ);
    for (size_t count = BLOCK - 9; count <= BLOCK + 9; count++)
        bytes_of(sound, count, RATE_HZ);
    bytes_of(sound, LONG, RATE_HZ);
    bytes_of(sound, LONG - 8, RATE_HZ);
}

/* Numbers of blocks take one, two and three bytes. */
static void a_long_signal_comes_back_smaller(void)
{
    make_voice(LONGEST);
    const size_t bytes = bytes_of(sound, LONGEST, RATE_HZ);
    CU_ASSERT(bytes > 0 && bytes < LONGEST * 5 / 4);
}

static void noise_hardly_grows(void)
{
    make_noise(LONG);
    for (size_t count = 1; count <= LONG; count += 77) {
        const size_t blocks = (count + BLOCK - 1) / BLOCK;
        CU_ASSERT(bytes_of(sound, count, RATE_HZ) <= 42 + 2 * count + 16 * blocks);
    }
}

static void silence_takes_next_to_nothing(void)
{
    memset(sound, 0, LONG * sizeof *sound);
    CU_ASSERT(bytes_of(sound, LONG, RATE_HZ) < 42 + 16 * (LONG / BLOCK));
    for (size_t i = 0; i < LONG; i++)
        sound[i] = -32768;
    bytes_of(sound, LONG, RATE_HZ);
    sound[LONG / 2] = 32767; /* one click needs a code of a thousand bits and more */
    bytes_of(sound, LONG, RATE_HZ);
    bytes_of(sound, 3, RATE_HZ);
}

static void the_loudest_sounds_come_back(void)
{
    const size_t periods[] = { 1, 2, 3, 5, 100, 700 };
    for (size_t p = 0; p < sizeof periods / sizeof periods[0]; p++) {
        for (size_t i = 0; i < LONG; i++)
            sound[i] = i / periods[p] % 2 == 0 ? 32767 : -32768;
        bytes_of(sound, LONG, RATE_HZ);
    }
    for (size_t i = 0; i < LONG; i++)
        sound[i] = (int16_t)(i * 64 % 65536 - 32768);
    bytes_of(sound, LONG, RATE_HZ);
    /* Quiet, with clicks of every size. */
    for (size_t i = 0; i < LONG; i++)
        sound[i] = (int16_t)(i % 97 == 0 ? 1 << (i / 97 % 15) : (int)(i % 3));
    bytes_of(sound, LONG, RATE_HZ);
}

static void each_rate_comes_back(void)
{
    const unsigned rates[] = { 1, 8000, 22050, 44100, 96001, FLAC_RATE_MAX_HZ };
    make_voice(LONG);
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++)
        bytes_of(sound, LONG, rates[r]);
}

static void a_damaged_block_is_noticed(void)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    struct audio audio = { 0 };
    make_voice(LONG);
    check_status(flac_encode(&bytes, &byte_count, sound, LONG, RATE_HZ), STATUS_OK, NULL);
    bytes[byte_count - 1] ^= 1; /* the last block's CRC */
    audio_file_decode(&audio, bytes, byte_count, LONG, "flac");
    bool is_same = audio.sample_count == LONG;
    for (size_t i = 0; is_same && i < LONG; i++)
        is_same = audio.samples[i] == (float)sound[i] / 32768.0f;
    CU_ASSERT_FALSE(is_same);
    audio_end(&audio);
    free(bytes);
}

static void what_flac_cannot_say_is_refused(void)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    check_status(flac_encode(&bytes, &byte_count, sound, 0, RATE_HZ), STATUS_INVALID, "0 samples");
    check_status(flac_encode(&bytes, &byte_count, sound, LONG, 0), STATUS_INVALID, "0 Hz");
    check_status(flac_encode(&bytes, &byte_count, sound, LONG, FLAC_RATE_MAX_HZ + 1),
                 STATUS_INVALID, "655351 Hz");
    check_status(flac_encode(&bytes, &byte_count, sound, (size_t)INT32_MAX + 1, RATE_HZ),
                 STATUS_INVALID, "samples");
    CU_ASSERT_PTR_NULL(bytes);
    CU_ASSERT_EQUAL(byte_count, 0);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "any length comes back", any_length_comes_back },
        { "a long signal comes back smaller", a_long_signal_comes_back_smaller },
        { "noise hardly grows", noise_hardly_grows },
        { "silence takes next to nothing", silence_takes_next_to_nothing },
        { "the loudest sounds come back", the_loudest_sounds_come_back },
        { "each rate comes back", each_rate_comes_back },
        { "a damaged block is noticed", a_damaged_block_is_noticed },
        { "what FLAC cannot say is refused", what_flac_cannot_say_is_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "flac_encoder", cases);
}
