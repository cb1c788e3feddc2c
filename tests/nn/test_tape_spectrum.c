/* Spectra and their distances against what torch 2 gives for the same formula (torch.stft of each
 * segment without centring, in double), gradients too. */
#include "nn/tape_loss.h"
#include "nn/tape_spectrum.h"
#include "tests/support/check.h"

#include <math.h>
#include <string.h>

enum { SAMPLES = 100, WINDOW = 32, HOP = 8, BINS = WINDOW / 2 + 1, FRAMES = 7 };

/* The first segment is shorter than a window. */
static const size_t sample_starts[] = { 0, 20, SAMPLES }, frame_starts[] = { 0, 0, FRAMES };
static const struct segments samples = { 2, sample_starts }, frames = { 2, frame_starts };

static void fill(float *signal, double rate, size_t modulus)
{
    for (size_t i = 0; i < SAMPLES; i++)
        signal[i] =
            (float)(0.4 * sin(rate * (double)i) + 0.1 * ((double)(i * i % modulus) - 8.0) / 8.0);
}

struct trial {
    struct tape *tape;
    struct spectrum *spectrum;
    float signal[SAMPLES], other[SAMPLES];
    struct array *x, *made, *wanted;
};

static void begin(struct trial *trial)
{
    check_status(tape_create(&trial->tape, (size_t)1 << 20), STATUS_OK, NULL);
    check_status(spectrum_create(&trial->spectrum, WINDOW, HOP), STATUS_OK, NULL);
    fill(trial->signal, 0.37, 17);
    fill(trial->other, 0.29, 13);
    trial->x = tape_variable(trial->tape, trial->signal, SAMPLES, 1);
    trial->made = tape_spectrum(trial->tape, trial->x, &samples, &frames, trial->spectrum);
    trial->wanted = tape_spectrum(trial->tape, tape_constant(trial->tape, trial->other, SAMPLES, 1),
                                  &samples, &frames, trial->spectrum);
}

static void end(struct trial *trial)
{
    spectrum_destroy(trial->spectrum);
    tape_destroy(trial->tape);
}

static void magnitudes_are_those_of_torch(void)
{
    static const struct {
        size_t frame, bin;
        double magnitude;
    } recorded[] = { { 0, 0, 0.0869058 },
                     { 0, 3, 1.4388238 },
                     { 3, 16, 0.0034754 },
                     { 6, 2, 3.1825009 },
                     { 6, 9, 0.2321712 } };
    struct trial trial;
    begin(&trial);
    check_status(tape_status(trial.tape), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(spectrum_bins(trial.spectrum), BINS);
    CU_ASSERT_EQUAL(trial.made->rows, FRAMES);
    for (size_t r = 0; r < sizeof recorded / sizeof recorded[0]; r++)
        CU_ASSERT_DOUBLE_EQUAL(
            (double)trial.made->value[recorded[r].frame * BINS + recorded[r].bin],
            recorded[r].magnitude, 3e-6);
    end(&trial);
}

struct slope {
    size_t sample;
    double value;
};

static void check_slopes(struct trial *trial, struct array *loss, double value,
                         const struct slope *slopes, size_t count, double tolerance)
{
    check_status(tape_backward(trial->tape, loss), STATUS_OK, NULL);
    CU_ASSERT_DOUBLE_EQUAL((double)loss->value[0], value, 1e-5 * value);
    for (size_t s = 0; s < count; s++)
        CU_ASSERT_DOUBLE_EQUAL((double)trial->x->gradient[slopes[s].sample], slopes[s].value,
                               tolerance);
}

static void distances_of_logarithms_are_those_of_torch(void)
{
    static const struct slope slopes[] = {
        { 5, 0.0 }, { 20, 0.0 }, { 33, 1.29810389 }, { 60, 0.25774140 }, { 99, 0.00066346 }
    };
    struct trial trial;
    begin(&trial);
    check_slopes(&trial,
                 tape_absolute_error(trial.tape, tape_logarithm(trial.tape, trial.made),
                                     tape_logarithm(trial.tape, trial.wanted), 0.0),
                 1.33143784, slopes, 5, 2e-3);
    end(&trial);
}

static void convergence_is_that_of_torch(void)
{
    static const struct slope slopes[] = { { 5, 0.0 },
                                           { 21, -0.000163053 },
                                           { 33, -0.046666701 },
                                           { 60, 0.034434817 },
                                           { 98, 0.000605853 } };
    struct trial trial;
    begin(&trial);
    check_slopes(&trial,
                 tape_spectral_convergence(trial.tape, trial.made, trial.wanted, &frames, 1.0),
                 0.41009989, slopes, 5, 1e-6);
    end(&trial);
}

static void equal_spectra_have_no_distance(void)
{
    struct trial trial;
    begin(&trial);
    struct array *loss =
        tape_spectral_convergence(trial.tape, trial.made, trial.made, &frames, 1.0);
    check_status(tape_backward(trial.tape, loss), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(loss->value[0], 0.0f);
    for (size_t i = 0; i < SAMPLES; i++)
        CU_ASSERT_EQUAL(trial.x->gradient[i], 0.0f);
    end(&trial);
}

static void frames_are_counted(void)
{
    struct trial trial;
    begin(&trial);
    CU_ASSERT_EQUAL(spectrum_frames(trial.spectrum, 0), 0);
    CU_ASSERT_EQUAL(spectrum_frames(trial.spectrum, WINDOW - 1), 0);
    CU_ASSERT_EQUAL(spectrum_frames(trial.spectrum, WINDOW), 1);
    CU_ASSERT_EQUAL(spectrum_frames(trial.spectrum, WINDOW + HOP - 1), 1);
    CU_ASSERT_EQUAL(spectrum_frames(trial.spectrum, WINDOW + HOP), 2);
    end(&trial);
}

static void a_spent_tape_is_told(void)
{
    struct trial trial;
    struct tape *small;
    begin(&trial);
    check_status(tape_create(&small, 4096), STATUS_OK, NULL);
    struct array *x = tape_variable(small, trial.signal, SAMPLES, 1);
    struct array *made = tape_spectrum(small, x, &samples, &frames, trial.spectrum);
    struct array *loss =
        tape_spectral_convergence(small, tape_logarithm(small, made), trial.wanted, &frames, 1.0);
    check_status(tape_backward(small, loss), STATUS_NO_MEMORY, NULL);
    tape_destroy(small);
    end(&trial);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "magnitudes are those of torch", magnitudes_are_those_of_torch },
        { "distances of logarithms are those of torch",
          distances_of_logarithms_are_those_of_torch },
        { "convergence is that of torch", convergence_is_that_of_torch },
        { "equal spectra have no distance", equal_spectra_have_no_distance },
        { "frames are counted", frames_are_counted },
        { "a spent tape is told", a_spent_tape_is_told },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "spectra on the tape", cases);
}
