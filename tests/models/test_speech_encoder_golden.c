/* Speech CLS encoder, contrastive loss and AdamW against SpeechCLIP on PyTorch, recorded in
 * golden/speech-contrastive-tiny: everything between, all gradients, and 20 steps of training. */
#include "models/contrastive_loss.h"
#include "models/speech_encoder.h"
#include "nn/adamw.h"
#include "nn/learning_rate.h"
#include "nn/norm.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the golden's README suggests. */
static const double forward_limit = 1e-5, gradient_limit = 1e-5, loss_limit = 1e-4;
static const double parameter_limit = 1e-5, key_bias_limit = 1e-3;

static struct settings *config;
static struct tensor_table inputs, weights, expected;
static size_t L, B, T, D, E, batches, steps;

/* A net with the golden's weights, and what its training needs. */
struct trainee {
    struct parameter_set *set;
    struct speech_encoder *encoder;
    struct parameter *temperature;
    struct tape *tape;
    struct adamw *adamw;
    size_t starts[256];
    uint64_t pictures[256];
    double loss;
    struct speech_encoding encoding;
};

static const char *golden_path(const char *name)
{
    static char path[900];
    snprintf(path, sizeof path, "%s/speech-contrastive-tiny/%s", check_golden_folder(), name);
    return path;
}

static void the_golden_is_read(void)
{
    check_status(settings_file_read(&config, golden_path("config.json")), STATUS_OK, NULL);
    check_status(safetensors_read(&inputs, golden_path("inputs.safetensors")), STATUS_OK, NULL);
    check_status(safetensors_read(&weights, golden_path("weights.safetensors")), STATUS_OK, NULL);
    check_status(safetensors_read(&expected, golden_path("expected.safetensors")), STATUS_OK, NULL);
    const struct tensor *states = tensor_table_find(&inputs, "hidden_states");
    CU_ASSERT_PTR_NOT_NULL_FATAL(states);
    batches = states->shape[0];
    L = states->shape[1];
    B = states->shape[2];
    T = states->shape[3];
    D = states->shape[4];
    E = (size_t)settings_number(config, "model.embed_dim", 0);
    steps = (size_t)settings_number(config, "training.steps", 0);
    CU_ASSERT_FATAL(B < 256 && steps > 0 && E > 0);
}

static const float *floats_of(const struct tensor_table *table, const char *name, size_t count)
{
    const struct tensor *tensor = tensor_table_find(table, name);
    if (tensor == NULL || tensor->count != count)
        fprintf(stderr, "%s: not as expected\n", name);
    CU_ASSERT_FATAL(tensor != NULL && tensor->count == count && tensor->type == TENSOR_F32);
    return tensor->data;
}

/* The file need not align its numbers. */
static size_t whole_at(const struct tensor *tensor, size_t i)
{
    int64_t value;
    memcpy(&value, (const char *)tensor->data + i * sizeof value, sizeof value);
    return (size_t)value;
}

static double number_of(const char *name, double fallback)
{
    return settings_number(config, name, fallback);
}

static void trainee_begin(struct trainee *trainee, bool has_final_norm)
{
    struct speech_encoder_config sizes = speech_encoder_default(D, E);
    check_status(speech_encoder_config_read(&sizes, config, "model."), STATUS_OK, NULL);
    CU_ASSERT(sizes.has_final_norm && sizes.feature_layers == L && sizes.sizes.width == D);
    sizes.has_final_norm = has_final_norm;
    check_status(parameter_set_create(&trainee->set), STATUS_OK, NULL);
    check_status(speech_encoder_create(&trainee->encoder, trainee->set, "", &sizes), STATUS_OK,
                 NULL);
    trainee->temperature = parameter_set_add(trainee->set, "criterion.temperature", 0, NULL);
    check_status(parameter_set_lay_out(trainee->set), STATUS_OK, NULL);
    check_status(parameter_set_read(trainee->set, &weights, ""), STATUS_OK, NULL);
    check_status(tape_create(&trainee->tape, (size_t)512 << 20), STATUS_OK, NULL);
    const struct adamw_options options = {
        .beta1 = (float)number_of("training.beta1", 0),
        .beta2 = (float)number_of("training.beta2", 0),
        .eps = (float)number_of("training.eps", 0),
        .weight_decay = (float)number_of("training.weight_decay", 0),
    };
    check_status(adamw_create(&trainee->adamw, trainee->set, 0, parameter_set_floats(trainee->set),
                              &options),
                 STATUS_OK, NULL);
}

static void trainee_end(struct trainee *trainee)
{
    adamw_destroy(trainee->adamw);
    tape_destroy(trainee->tape);
    speech_encoder_destroy(trainee->encoder);
    parameter_set_destroy(trainee->set);
}

/* The valid frames of a batch back to back, one array a layer. */
static float **pack_layers(struct trainee *trainee, size_t batch)
{
    const float *states = floats_of(&inputs, "hidden_states", batches * L * B * T * D);
    const struct tensor *lengths = tensor_table_find(&inputs, "lengths");
    float **layers = calloc(L, sizeof *layers);
    trainee->starts[0] = 0;
    for (size_t b = 0; b < B; b++)
        trainee->starts[b + 1] = trainee->starts[b] + whole_at(lengths, batch * B + b);
    for (size_t l = 0; l < L; l++) {
        layers[l] = malloc(trainee->starts[B] * D * sizeof(float));
        for (size_t b = 0; b < B; b++)
            memcpy(layers[l] + trainee->starts[b] * D, states + (((batch * L + l) * B + b) * T) * D,
                   (trainee->starts[b + 1] - trainee->starts[b]) * D * sizeof(float));
    }
    return layers;
}

/* Loss and its gradients at the embeddings, by the functions that ranks use. */
static void add_loss(struct trainee *trainee, size_t batch)
{
    const size_t images = (size_t)number_of("num_images", 0);
    const float *all_images = floats_of(&inputs, "image_embeddings", images * E);
    const struct tensor *ids = tensor_table_find(&inputs, "image_ids");
    float *columns = malloc((2 * B * E + 3 * B + B * B) * sizeof *columns);
    float *gradient = columns + B * E, *scores = gradient + B * E;
    float *row_logs = scores + B * B, *column_logs = row_logs + B, *maxima = column_logs + B;
    for (size_t b = 0; b < B; b++) {
        trainee->pictures[b] = whole_at(ids, batch * B + b);
        l2_normalise(columns + b * E, all_images + whole_at(ids, batch * B + b) * E, 0.0f, 1, E);
    }
    const struct contrastive_block block = { .own = B,
                                             .all = B,
                                             .width = E,
                                             .own_rows = trainee->encoding.embedding->value,
                                             .all_columns = columns,
                                             .pictures = trainee->pictures,
                                             .scale = expf(trainee->temperature->value[0]),
                                             .scores = scores };
    contrastive_scores(&block);
    contrastive_row_sums(row_logs, &block);
    contrastive_column_maxima(maxima, &block);
    contrastive_column_sums(column_logs, &block, maxima);
    for (size_t j = 0; j < B; j++)
        column_logs[j] = maxima[j] + logf(column_logs[j]);
    trainee->loss = contrastive_loss(&block, row_logs, column_logs);
    trainee->temperature->gradient[0] +=
        (float)contrastive_gradient(gradient, &block, row_logs, column_logs);
    tape_seed(trainee->tape, trainee->encoding.embedding, gradient);
    free(columns);
}

static void run_batch(struct trainee *trainee, size_t batch, bool wants_all_rows)
{
    float **layers = pack_layers(trainee, batch);
    struct array *arrays[TAPE_PAYLOAD_BYTES / sizeof(void *)];
    tape_reset(trainee->tape);
    parameter_set_clear_gradients(trainee->set);
    for (size_t l = 0; l < L; l++)
        arrays[l] = tape_constant(trainee->tape, layers[l], trainee->starts[B], D);
    const struct speech_batch speech = { .frames = { B, trainee->starts }, .layers = arrays };
    trainee->encoding =
        speech_encoder_run(trainee->encoder, trainee->tape, &speech, wants_all_rows);
    check_status(tape_status(trainee->tape), STATUS_OK, NULL);
    add_loss(trainee, batch);
    check_status(tape_run_backward(trainee->tape), STATUS_OK, NULL);
    for (size_t l = 0; l < L; l++)
        free(layers[l]);
    free(layers);
}

/* Rows of utterance b are its own; the golden's are padded to T (and one more with CLS). */
static void check_rows(const struct trainee *trainee, const struct array *array, const char *name,
                       size_t cls)
{
    const size_t columns = array->columns;
    const float *wanted = floats_of(&expected, name, B * (T + cls) * columns);
    double worst = 0.0, largest = 0.0;
    for (size_t b = 0; b < B; b++) {
        const size_t first = trainee->starts[b] + b * cls;
        const size_t rows = trainee->starts[b + 1] - trainee->starts[b] + cls;
        for (size_t i = 0; i < rows * columns; i++) {
            const double value = (double)wanted[b * (T + cls) * columns + i];
            largest = fmax(largest, fabs(value));
            worst = fmax(worst, fabs((double)array->value[first * columns + i] - value));
        }
    }
    CU_ASSERT(worst <= forward_limit * largest);
    if (!(worst <= forward_limit * largest))
        fprintf(stderr, "%s is off by %g of %g\n", name, worst, largest);
}

static void check_floats(const float *values, const char *name, size_t count, double relative,
                         double absolute)
{
    const float *wanted = floats_of(&expected, name, count);
    double worst = 0.0, largest = 0.0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)wanted[i]));
        worst = fmax(worst, fabs((double)values[i] - (double)wanted[i]));
    }
    CU_ASSERT(worst <= relative * largest + absolute);
    if (!(worst <= relative * largest + absolute))
        fprintf(stderr, "%s is off by %g of %g\n", name, worst, largest);
}

static void check_gradients(const struct trainee *trainee, const char *prefix)
{
    for (size_t p = 0; p < parameter_set_count(trainee->set); p++) {
        const struct parameter *parameter = parameter_set_at(trainee->set, p);
        char name[256];
        snprintf(name, sizeof name, "%sgrad.%s", prefix, parameter->name);
        check_floats(parameter->gradient, name, parameter->count, 0.0, gradient_limit);
    }
}

static void everything_between_agrees(void)
{
    struct trainee trainee = { 0 };
    trainee_begin(&trainee, true);
    run_batch(&trainee, 0, true);
    const struct speech_encoding *encoding = &trainee.encoding;
    check_rows(&trainee, encoding->frames, "weighted_sum", 0);
    check_rows(&trainee, encoding->first_block.attention, "attention", 1);
    check_rows(&trainee, encoding->first_block.norm1, "layer.norm1", 1);
    check_rows(&trainee, encoding->first_block.linear1, "layer.linear1", 1);
    check_rows(&trainee, encoding->first_output, "layer.output", 1);
    check_rows(&trainee, encoding->states, "encoder", 1);
    check_floats(encoding->projected->value, "projected", B * E, forward_limit, 0.0);
    check_floats(encoding->embedding->value, "embedding", B * E, forward_limit, 0.0);
    check_floats(&(float){ (float)trainee.loss }, "loss", 1, forward_limit, 0.0);
    check_gradients(&trainee, "");
    trainee_end(&trainee);
}

static void cls_alone_gives_the_same(void)
{
    struct trainee trainee = { 0 };
    trainee_begin(&trainee, true);
    run_batch(&trainee, 0, false);
    CU_ASSERT_EQUAL(trainee.encoding.states->rows, B);
    check_floats(trainee.encoding.embedding->value, "embedding", B * E, forward_limit, 0.0);
    check_gradients(&trainee, "");
    trainee_end(&trainee);
}

static void without_the_final_norm_it_agrees_too(void)
{
    struct trainee trainee = { 0 };
    trainee_begin(&trainee, false);
    run_batch(&trainee, 0, false);
    check_floats(trainee.encoding.projected->value, "no_final_norm.projected", B * E, forward_limit,
                 0.0);
    check_floats(&(float){ (float)trainee.loss }, "no_final_norm.loss", 1, forward_limit, 0.0);
    check_gradients(&trainee, "no_final_norm.");
    trainee_end(&trainee);
}

/* The key third of the attention's bias has a true gradient of zero, so it drifts by rounding. */
static void check_parameters(const struct trainee *trainee, const char *when)
{
    for (size_t p = 0; p < parameter_set_count(trainee->set); p++) {
        const struct parameter *parameter = parameter_set_at(trainee->set, p);
        char name[256];
        snprintf(name, sizeof name, "train.%s.%s", when, parameter->name);
        const bool has_keys = strstr(name, "in_proj_bias") != NULL;
        const float *wanted = floats_of(&expected, name, parameter->count);
        for (size_t i = 0; i < parameter->count; i++) {
            const bool is_key = has_keys && i >= D && i < 2 * D;
            const double error = fabs((double)parameter->value[i] - (double)wanted[i]);
            CU_ASSERT(error <= (is_key ? key_bias_limit : parameter_limit));
            if (error > (is_key ? key_bias_limit : parameter_limit))
                fprintf(stderr, "%s: value %zu is off by %g\n", name, i, error);
        }
    }
}

static void training_follows_the_recorded_steps(void)
{
    struct trainee trainee = { 0 };
    trainee_begin(&trainee, true);
    const struct learning_rate_schedule schedule = {
        .shape = LEARNING_RATE_COSINE,
        .base = number_of("training.base_lr", 0),
        .warmup_steps = (size_t)number_of("training.warmup_steps", 0),
        .steps = steps,
    };
    const float *losses = floats_of(&expected, "train.loss", steps);
    const float *norms = floats_of(&expected, "train.grad_norm", steps);
    const float *rates = floats_of(&expected, "train.lr", steps);
    for (size_t s = 0; s < steps; s++) {
        run_batch(&trainee, s % batches, s % 2 == 0);
        const double norm =
            sqrt(gradient_square_sum(trainee.set, 0, parameter_set_floats(trainee.set)));
        const double rate = learning_rate_at(&schedule, s);
        CU_ASSERT_DOUBLE_EQUAL(trainee.loss, (double)losses[s], loss_limit * (double)losses[s]);
        CU_ASSERT_DOUBLE_EQUAL(norm, (double)norms[s], loss_limit * (double)norms[s]);
        CU_ASSERT_DOUBLE_EQUAL(rate, (double)rates[s], 1e-6 * (double)rates[s]);
        adamw_update(trainee.adamw, (float)rate,
                     gradient_clip_factor(norm, number_of("training.grad_clip_norm", 0)));
        if (s == 0)
            check_parameters(&trainee, "step1");
    }
    char last[32];
    snprintf(last, sizeof last, "step%zu", steps);
    check_parameters(&trainee, last);
    const float *after = floats_of(&expected, "train.loss_after", batches);
    for (size_t b = 0; b < batches; b++) {
        run_batch(&trainee, b, false);
        CU_ASSERT_DOUBLE_EQUAL(trainee.loss, (double)after[b], loss_limit * (double)after[b]);
    }
    trainee_end(&trainee);
    tensor_table_end(&inputs);
    tensor_table_end(&weights);
    tensor_table_end(&expected);
    settings_destroy(config);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the golden is read", the_golden_is_read },
        { "everything between agrees", everything_between_agrees },
        { "CLS alone gives the same", cls_alone_gives_the_same },
        { "without the final norm it agrees too", without_the_final_norm_it_agrees_too },
        { "training follows the recorded steps", training_follows_the_recorded_steps },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "speech encoder against SpeechCLIP", cases);
}
