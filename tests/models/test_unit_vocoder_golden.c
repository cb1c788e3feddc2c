/* The unit vocoder against speech-resynthesis and fairseq, recorded in golden/unit-hifigan-tiny:
 * every array between codes and waveform. */
#include "models/unit_vocoder.h"
#include "storage/safetensors.h"
#include "storage/weights_file.h"
#include "tests/support/aligned_table.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the golden's README suggests: absolute for waveforms, relative to the largest value else. */
static const float waveform_limit = 2e-5f, inside_limit = 1e-5f;

static struct tensor_table inputs, expected;
static struct weights_file weights;
static struct unit_vocoder *net;

static const char *golden_path(const char *name)
{
    static char path[900];
    snprintf(path, sizeof path, "%s/unit-hifigan-tiny/%s", check_golden_folder(), name);
    return path;
}

static void load(const char *file)
{
    check_status(weights_file_read(&weights, golden_path(file), NULL), STATUS_OK, NULL);
    check_status(unit_vocoder_create(&net, &weights.table, weights.settings), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(net);
}

static void unload(void)
{
    unit_vocoder_destroy(net);
    weights_file_end(&weights);
}

static void the_golden_is_read(void)
{
    check_status(safetensors_read(&inputs, golden_path("inputs.safetensors")), STATUS_OK, NULL);
    check_status(safetensors_read(&expected, golden_path("expected.safetensors")), STATUS_OK, NULL);
    aligned_table_make(&inputs);
    aligned_table_make(&expected);
}

/* "units.conv_pre" of the run "units". */
static const struct tensor *find(const char *run, const char *name)
{
    char full[128];
    snprintf(full, sizeof full, "%s.%s", run, name);
    return tensor_table_find(&expected, full);
}

struct watch {
    const char *run;
    size_t checked;
};

/* The golden has channels first, or rows first where its second extent is the channels'. */
static float worst_difference(const struct tensor *tensor, const float *values, size_t rows,
                              size_t columns, bool is_transposed)
{
    float worst = 0.0f;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            const float *data = tensor->data;
            const float there = is_transposed ? data[c * rows + r] : data[r * columns + c];
            const float distance = fabsf(values[r * columns + c] - there);
            worst = distance <= worst ? worst : distance;
        }
    return worst;
}

static void check_array(void *payload, const char *name, const float *values, size_t rows,
                        size_t columns)
{
    struct watch *watch = payload;
    const struct tensor *tensor = find(watch->run, name);
    if (tensor == NULL)
        return;
    watch->checked++;
    CU_ASSERT_EQUAL(tensor->count, rows * columns);
    if (tensor->count != rows * columns)
        return;
    float largest = 0.0f;
    for (size_t i = 0; i < tensor->count; i++)
        largest = fmaxf(largest, fabsf(((const float *)tensor->data)[i]));
    const bool has_rows_first = strstr(name, "dur.ln") != NULL;
    const float worst = worst_difference(tensor, values, rows, columns, !has_rows_first);
    const float limit =
        strcmp(name, "waveform") == 0 ? waveform_limit : inside_limit * fmaxf(largest, 1e-3f);
    CU_ASSERT(worst <= limit);
    if (!(worst <= limit))
        fprintf(stderr, "%s.%s is off by %g of %g\n", watch->run, name, (double)worst,
                (double)largest);
}

static size_t count_expected(const char *run)
{
    size_t count = 0;
    const size_t length = strlen(run);
    for (size_t t = 0; t < expected.count; t++) {
        const char *name = expected.tensors[t].name;
        count += strncmp(name, run, length) == 0 && name[length] == '.' &&
                 expected.tensors[t].type == TENSOR_F32 &&
                 strncmp(name + length, ".single.", 8) != 0;
    }
    return count;
}

/* Runs the codes of `input` and checks all that the golden has of `run`. Returns the samples. */
static void check_run(const char *run, const char *input, size_t taken, bool with_durations)
{
    struct watch watch = { .run = run };
    float *samples = NULL;
    size_t count = 0;
    const struct tensor *codes = tensor_table_find(&inputs, input);
    CU_ASSERT_PTR_NOT_NULL_FATAL(codes);
    unit_vocoder_set_trace(net, &(struct unit_vocoder_trace){ check_array, &watch });
    check_status(unit_vocoder_speak(&samples, &count, net, codes->data,
                                    taken < codes->count ? taken : codes->count, with_durations),
                 STATUS_OK, NULL);
    CU_ASSERT_EQUAL(watch.checked, count_expected(run));
    unit_vocoder_set_trace(net, NULL);
    free(samples);
}

static void arrays_without_durations_are_those_of_the_reference(void)
{
    const char *const files[] = { "units/weights.safetensors", "units/g_00000001" };
    for (size_t f = 0; f < 2; f++) {
        load(files[f]);
        check_run("units", "units.codes", SIZE_MAX, false);
        check_run("units", "units.codes_with_negatives", SIZE_MAX, false);
        check_run("units.single", "units.codes", 1, false);
        CU_ASSERT_EQUAL(unit_vocoder_sizes(net)->duration_hidden, 0);
        unload();
    }
}

static void check_durations(void)
{
    const struct tensor *codes = tensor_table_find(&inputs, "dur.codes");
    const struct tensor *durations = tensor_table_find(&expected, "dur.durations");
    const struct tensor *expanded = tensor_table_find(&expected, "dur.expanded_codes");
    const struct tensor *waveform = tensor_table_find(&expected, "dur.waveform");
    CU_ASSERT_FATAL(codes != NULL && durations != NULL && expanded != NULL && waveform != NULL);
    uint16_t *units = calloc(codes->count, sizeof *units);
    size_t *found = calloc(codes->count, sizeof *found), total = 0, wrong = 0;
    for (size_t i = 0; i < codes->count; i++)
        units[i] = (uint16_t)((const int64_t *)codes->data)[i];
    check_status(unit_vocoder_durations(found, net, units, codes->count), STATUS_OK, NULL);
    for (size_t i = 0; i < codes->count; i++) {
        wrong += (int64_t)found[i] != ((const int64_t *)durations->data)[i];
        for (size_t d = 0; d < found[i]; d++)
            if (total < expanded->count)
                wrong += ((const int64_t *)expanded->data)[total++] != (int64_t)units[i];
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(total, expanded->count);
    free(units);
    free(found);

    float *predicted = NULL, *given = NULL;
    size_t predicted_count = 0, given_count = 0;
    check_status(
        unit_vocoder_speak(&predicted, &predicted_count, net, codes->data, codes->count, true),
        STATUS_OK, NULL);
    check_status(
        unit_vocoder_speak(&given, &given_count, net, expanded->data, expanded->count, false),
        STATUS_OK, NULL);
    CU_ASSERT_EQUAL(predicted_count, waveform->count);
    CU_ASSERT_EQUAL_FATAL(predicted_count, given_count);
    CU_ASSERT_EQUAL(memcmp(predicted, given, given_count * sizeof *given), 0);
    free(predicted);
    free(given);
}

static void arrays_with_durations_are_those_of_the_reference(void)
{
    const char *const files[] = { "units_dur/weights.safetensors", "units_dur/g_00000001" };
    for (size_t f = 0; f < 2; f++) {
        load(files[f]);
        check_run("dur", "dur.codes", SIZE_MAX, true);
        check_run("nodur", "dur.codes", SIZE_MAX, false);
        check_durations();
        unload();
    }
}

static void durations_are_rounded_half_to_even(void)
{
    const struct tensor *x = tensor_table_find(&inputs, "rounding.x");
    const struct tensor *durations = tensor_table_find(&expected, "rounding.durations");
    CU_ASSERT_FATAL(x != NULL && durations != NULL && x->count == durations->count);
    for (size_t i = 0; i < x->count; i++) {
        const float rounded = rintf(((const float *)x->data)[i]);
        const int64_t frames = rounded > 1.0f ? (int64_t)rounded : 1;
        CU_ASSERT_EQUAL(frames, ((const int64_t *)durations->data)[i]);
    }
    CU_ASSERT_EQUAL(unit_vocoder_round_duration(logf(3.5f)), 2);
    CU_ASSERT_EQUAL(unit_vocoder_round_duration(-3.0f), 1);
    CU_ASSERT_EQUAL(unit_vocoder_round_duration(INFINITY), UNIT_VOCODER_LENGTH_MAX);
    CU_ASSERT_EQUAL(unit_vocoder_round_duration(NAN), 1);
    tensor_table_end(&inputs);
    tensor_table_end(&expected);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the golden is read", the_golden_is_read },
        { "arrays without durations are those of the reference",
          arrays_without_durations_are_those_of_the_reference },
        { "arrays with durations are those of the reference",
          arrays_with_durations_are_those_of_the_reference },
        { "durations are rounded half to even", durations_are_rounded_half_to_even },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "unit_vocoder_golden", cases);
}
