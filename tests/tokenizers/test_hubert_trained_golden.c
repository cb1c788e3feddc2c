/* Masked prediction against PyTorch: features, logits, loss and every gradient. All sizes come from
 * the golden's own files. */
#include "nn/tape_loss.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "tests/support/check.h"
#include "tokenizers/speech/hubert_trained.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024, NAME_BYTES = 200 };

struct golden {
    struct tensor_table weights, expected;
    struct hubert_trained_options options;
    struct parameter_set *set;
    struct hubert_trained *model;
    struct tape *tape;
};

static const char *path_of(const char *file)
{
    static char paths[4][PATH_BYTES];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH_BYTES, "%s/hubert-masked-tiny/%s", check_golden_folder(), file);
    return path;
}

/* The values of an expected tensor, and how many; for the caller to free. */
static float *expected_values(const struct golden *golden, const char *name, size_t *count)
{
    const struct tensor *tensor = tensor_table_find(&golden->expected, name);
    *count = tensor != NULL ? tensor->count : 0;
    float *values = calloc(*count + 1, sizeof *values);
    CU_ASSERT_PTR_NOT_NULL(tensor);
    if (tensor != NULL)
        check_status(tensor_table_read(values, &golden->expected, name, tensor->dimension_count,
                                       tensor->shape),
                     STATUS_OK, NULL);
    return values;
}

static void compare(const struct golden *golden, const char *name, const float *values,
                    size_t count, double limit, double floor)
{
    size_t expected_count = 0;
    float *expected = expected_values(golden, name, &expected_count);
    double worst = 0.0, largest = floor;
    CU_ASSERT_EQUAL(expected_count, count);
    for (size_t i = 0; i < count && expected_count == count; i++) {
        const double error = fabs((double)values[i] - (double)expected[i]);
        worst = error > worst || isnan(error) ? error : worst;
        largest = fmax(largest, fabs((double)expected[i]));
    }
    if (!(worst <= limit * largest))
        fprintf(stderr, "%s is off by %g of %g\n", name, worst, largest);
    CU_ASSERT(worst <= limit * largest);
    free(expected);
}

static void open_golden(struct golden *golden)
{
    struct settings *settings;
    size_t filled = 0;
    memset(golden, 0, sizeof *golden);
    check_status(safetensors_read(&golden->weights, path_of("model.safetensors")), STATUS_OK, NULL);
    check_status(safetensors_read(&golden->expected, path_of("expected.safetensors")), STATUS_OK,
                 NULL);
    check_status(settings_file_read(&settings, path_of("config.json")), STATUS_OK, NULL);
    check_status(hubert_config_of_weights(&golden->options.net, &golden->weights, settings),
                 STATUS_OK, NULL);
    golden->options.projection_width = (size_t)settings_number(settings, "final_dim", 0.0);
    golden->options.codewords = (size_t)settings_number(settings, "codewords", 0.0);
    golden->options.temperature = (float)settings_number(settings, "logit_temp", 0.0);
    settings_destroy(settings);
    check_status(parameter_set_create(&golden->set), STATUS_OK, NULL);
    check_status(hubert_trained_create(&golden->model, golden->set, &golden->options), STATUS_OK,
                 NULL);
    check_status(parameter_set_lay_out(golden->set), STATUS_OK, NULL);
    check_status(hubert_trained_fill(&filled, golden->model, &golden->weights), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(filled, golden->weights.count);
    CU_ASSERT_EQUAL(filled, parameter_set_count(golden->set));
    check_status(tape_create(&golden->tape, (size_t)1 << 30), STATUS_OK, NULL);
}

static void close_golden(struct golden *golden)
{
    hubert_trained_destroy(golden->model);
    parameter_set_destroy(golden->set);
    tape_destroy(golden->tape);
    tensor_table_end(&golden->weights);
    tensor_table_end(&golden->expected);
}

/* Rows of all frames, of which the loss counts the masked ones. */
static struct array *run(const struct golden *golden, const struct hubert_trained_batch *batch,
                         const float *units, size_t T)
{
    struct row_source *frames = tape_take(golden->tape, T, sizeof *frames);
    int32_t *targets = tape_take(golden->tape, T, sizeof *targets);
    for (size_t t = 0; t < T; t++) {
        frames[t] = (struct row_source){ .row = (uint32_t)t };
        targets[t] = batch->is_masked[t] != 0 ? (int32_t)units[t] : IGNORED_TARGET;
    }
    struct array *features = hubert_trained_run(golden->model, golden->tape, batch);
    struct array *logits = hubert_trained_logits(golden->model, golden->tape, features, frames, T);
    check_status(tape_status(golden->tape), STATUS_OK, NULL);
    compare(golden, "features", features->value, features->rows * features->columns, 1e-4, 0.0);
    compare(golden, "logits", logits->value, logits->rows * logits->columns, 1e-4, 0.0);
    return tape_cross_entropy(golden->tape, logits, targets, 0.0);
}

static void compare_gradients(const struct golden *golden)
{
    char name[NAME_BYTES];
    double largest = 0.0;
    for (size_t i = 0; i < parameter_set_floats(golden->set); i++)
        largest = fmax(largest, fabs((double)parameter_set_gradients(golden->set)[i]));
    for (size_t p = 0; p < parameter_set_count(golden->set); p++) {
        const struct parameter *parameter = parameter_set_at(golden->set, p);
        snprintf(name, sizeof name, "gradient.%s", parameter->name);
        compare(golden, name, parameter->gradient, parameter->count, 3e-4, 3e-3 * largest);
    }
}

static void loss_and_gradients_are_those_of_torch(void)
{
    struct golden golden;
    size_t samples = 0, utterances = 0, T = 0, units_count = 0, at = 0;
    open_golden(&golden);
    float *audio = expected_values(&golden, "audio", &samples);
    float *counts = expected_values(&golden, "sample_counts", &utterances);
    float *mask = expected_values(&golden, "mask", &T);
    float *units = expected_values(&golden, "units", &units_count);
    struct hubert_utterance *parts = calloc(utterances + 1, sizeof *parts);
    uint8_t *is_masked = calloc(T + 1, sizeof *is_masked);
    CU_ASSERT(T > 0 && units_count == T);
    for (size_t u = 0; u < utterances; u++) {
        parts[u] = (struct hubert_utterance){ audio + at, (size_t)counts[u] };
        at += (size_t)counts[u];
    }
    CU_ASSERT_EQUAL(at, samples);
    for (size_t t = 0; t < T; t++)
        is_masked[t] = mask[t] != 0.0f;
    const struct hubert_trained_batch batch = { .utterances = parts,
                                                .count = utterances,
                                                .is_masked = is_masked };
    struct array *loss = run(&golden, &batch, units, T);
    compare(&golden, "loss", loss->value, 1, 1e-5, 0.0);
    check_status(tape_backward(golden.tape, loss), STATUS_OK, NULL);
    compare_gradients(&golden);
    free(audio);
    free(counts);
    free(mask);
    free(units);
    free(parts);
    free(is_masked);
    close_golden(&golden);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "loss and gradients are those of torch", loss_and_gradients_are_those_of_torch },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "hubert_trained golden", cases);
}
