/* MFCC: against what torchaudio makes of a recording (tests/data/mfcc/README.md), and what does not
 * depend on a reference. */
#include "core/file.h"
#include "nn/matmul.h"
#include "storage/audio_file.h"
#include "storage/npy_file.h"
#include "tests/support/check.h"
#include "tokenizers/speech/hubert.h"
#include "tokenizers/speech/mfcc.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND = 16000 };

static const char *data_path(char path[PATH_BYTES], const char *name)
{
    const char *source = getenv("UNITMILL_SOURCE");
    snprintf(path, PATH_BYTES, "%s/tests/data/mfcc/%s", source == NULL ? "." : source, name);
    return path;
}

static struct mfcc *made(void)
{
    struct mfcc *mfcc = NULL;
    check_status(mfcc_create(&mfcc), STATUS_OK, NULL);
    return mfcc;
}

static void a_recording_gives_what_torchaudio_gives(void)
{
    char path[PATH_BYTES];
    float *expected = NULL;
    size_t rows = 0, columns = 0;
    struct audio audio = { 0 };
    check_status(audio_file_read(&audio, data_path(path, "speech.wav"), SECOND), STATUS_OK, NULL);
    check_status(npy_file_read(&expected, &rows, &columns, data_path(path, "mfcc.npy")), STATUS_OK,
                 NULL);
    CU_ASSERT_EQUAL(rows, mfcc_frame_count(audio.sample_count));
    CU_ASSERT_EQUAL(columns, MFCC_WIDTH);
    if (rows == mfcc_frame_count(audio.sample_count) && columns == MFCC_WIDTH) {
        struct mfcc *mfcc = made();
        float *features = malloc(rows * columns * sizeof *features), worst = 0.0f;
        mfcc_features(features, mfcc, audio.samples, audio.sample_count);
        for (size_t i = 0; i < rows * columns; i++)
            worst = fmaxf(worst, fabsf(features[i] - expected[i]));
        printf("largest difference from torchaudio: %g\n", (double)worst);
        CU_ASSERT(worst <= 1e-3f);
        free(features);
        mfcc_destroy(mfcc);
    }
    free(expected);
    audio_end(&audio);
}

static void rows_are_those_of_hubert(void)
{
    CU_ASSERT_EQUAL(mfcc_frame_count(0), 0);
    CU_ASSERT_EQUAL(mfcc_frame_count(399), 0);
    CU_ASSERT_EQUAL(mfcc_frame_count(400), 1);
    CU_ASSERT_EQUAL(mfcc_frame_count(719), 1);
    CU_ASSERT_EQUAL(mfcc_frame_count(720), 2);
    CU_ASSERT_EQUAL(mfcc_frame_count(SECOND), 49);
    CU_ASSERT_EQUAL(mfcc_frame_count(HUBERT_CHUNK_SAMPLES), 4999);
    CU_ASSERT_EQUAL(mfcc_frame_count(HUBERT_CHUNK_SAMPLES + 399), 4999);
    CU_ASSERT_EQUAL(mfcc_frame_count(2 * HUBERT_CHUNK_SAMPLES + 400), 2 * 4999 + 1);
}

/* Of a constant nothing is left once the mean is out: all mel bins are at the floor, so only the
 * first coefficient is not 0. */
static void silence_and_a_constant_are_at_the_floor(void)
{
    const float floor = (float)(sqrt(23.0) * log(FLT_EPSILON));
    struct mfcc *mfcc = made();
    for (int constant = 0; constant < 2; constant++) {
        float audio[1200], features[3 * MFCC_WIDTH];
        for (size_t i = 0; i < 1200; i++)
            audio[i] = constant == 0 ? 0.0f : 0.5f;
        mfcc_features(features, mfcc, audio, 1200);
        for (size_t i = 0; i < 3 * MFCC_WIDTH; i++)
            CU_ASSERT(fabsf(features[i] - (i % MFCC_WIDTH == 0 ? floor : 0.0f)) < 1e-3f);
    }
    mfcc_destroy(mfcc);
}

static void long_audio_is_cut_as_for_hubert(void)
{
    const size_t samples = HUBERT_CHUNK_SAMPLES + 2 * SECOND;
    const size_t rows = mfcc_frame_count(samples), first_rows = 4999;
    float *audio = malloc(samples * sizeof *audio);
    float *whole = malloc(rows * MFCC_WIDTH * sizeof *whole);
    float *part = malloc(rows * MFCC_WIDTH * sizeof *part);
    struct mfcc *mfcc = made();
    for (size_t i = 0; i < samples; i++)
        audio[i] = 0.3f * sinf(0.02f * (float)(i % 7919) * (float)(1 + i / 50000 % 5));
    mfcc_features(whole, mfcc, audio, samples);
    mfcc_features(part, mfcc, audio, HUBERT_CHUNK_SAMPLES);
    CU_ASSERT_EQUAL(memcmp(whole, part, first_rows * MFCC_WIDTH * sizeof *part), 0);
    mfcc_features(part, mfcc, audio + HUBERT_CHUNK_SAMPLES, samples - HUBERT_CHUNK_SAMPLES);
    CU_ASSERT_EQUAL(rows - first_rows, mfcc_frame_count(2 * SECOND));
    CU_ASSERT_EQUAL(memcmp(whole + first_rows * MFCC_WIDTH, part,
                           (rows - first_rows) * MFCC_WIDTH * sizeof *part),
                    0);
    free(audio);
    free(whole);
    free(part);
    mfcc_destroy(mfcc);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "a recording gives what torchaudio gives", a_recording_gives_what_torchaudio_gives },
        { "rows are those of HuBERT", rows_are_those_of_hubert },
        { "silence and a constant are at the floor", silence_and_a_constant_are_at_the_floor },
        { "long audio is cut as for HuBERT", long_audio_is_cut_as_for_hubert },
        CU_TEST_INFO_NULL,
    };
    matmul_use_one_thread();
    return check_suite(argc, argv, "mfcc", cases);
}
