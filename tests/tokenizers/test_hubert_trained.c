/* The HuBERT that is trained: the same features as inference on the same weights, gradients against
 * differences, masks that hide, and first values from weights. */
#include "nn/tape_activation.h"
#include "nn/tape_loss.h"
#include "tests/support/check.h"
#include "tests/tokenizers/weights_table.h"
#include "tokenizers/speech/hubert_trained.h"
#include "tokenizers/speech/hubert_untrained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_0 = 3300, SAMPLES_1 = 1111, FRAMES_0 = 10, FRAMES_1 = 3, CODEWORDS = 7 };
enum { FRAMES = FRAMES_0 + FRAMES_1 };

static struct hubert_config base_sizes(void)
{
    struct hubert_config config = hubert_config_compact();
    for (size_t c = 0; c < config.convolution_count; c++)
        config.convolutions[c].channels = 6;
    config.width = 12;
    config.layers = 2;
    config.heads = 3;
    config.feed_forward_width = 20;
    config.position_kernel = 4;
    config.position_groups = 2;
    return config;
}

static struct hubert_config large_sizes(void)
{
    struct hubert_config config = base_sizes();
    config.convolution_bias = config.convolution_layer_norm = true;
    config.norm_first = config.normalise_wave = true;
    config.position_kernel = 5;
    return config;
}

struct trial {
    struct parameter_set *set;
    struct hubert_trained *model;
    struct tensor_table table;
    struct tape *tape;
    float audio[SAMPLES_0 + SAMPLES_1];
    struct hubert_utterance utterances[2];
};

/* A net as the table has it, and two utterances. */
static void begin(struct trial *trial, const struct hubert_config *config, float dropout)
{
    const struct hubert_trained_options options = { .net = *config,
                                                    .projection_width = 5,
                                                    .codewords = CODEWORDS,
                                                    .temperature = 0.1f,
                                                    .dropout = dropout };
    size_t filled = 0;
    memset(trial, 0, sizeof *trial);
    check_status(hubert_untrained(&trial->table, config, 3), STATUS_OK, NULL);
    check_status(parameter_set_create(&trial->set), STATUS_OK, NULL);
    check_status(hubert_trained_create(&trial->model, trial->set, &options), STATUS_OK, NULL);
    check_status(parameter_set_lay_out(trial->set), STATUS_OK, NULL);
    check_status(tape_create(&trial->tape, (size_t)32 << 20), STATUS_OK, NULL);
    hubert_trained_draw(trial->model, 11);
    check_status(hubert_trained_fill(&filled, trial->model, &trial->table), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(filled, trial->table.count);
    CU_ASSERT_EQUAL(filled + 4, parameter_set_count(trial->set));
    for (size_t i = 0; i < SAMPLES_0 + SAMPLES_1; i++)
        trial->audio[i] = 0.3f * sinf((float)(i * i % 911)) + 0.1f;
    trial->utterances[0] = (struct hubert_utterance){ trial->audio, SAMPLES_0 };
    trial->utterances[1] = (struct hubert_utterance){ trial->audio + SAMPLES_0, SAMPLES_1 };
}

static void end(struct trial *trial)
{
    hubert_trained_destroy(trial->model);
    parameter_set_destroy(trial->set);
    tensor_table_end(&trial->table);
    tape_destroy(trial->tape);
}

static void check_inference(const struct hubert_config *config)
{
    struct trial trial;
    struct hubert *net;
    struct hubert_workspace *workspace;
    float expected[FRAMES * 12], worst = 0.0f, largest = 0.0f;
    begin(&trial, config, 0.5f);
    check_status(hubert_create(&net, &trial.table, config), STATUS_OK, NULL);
    check_status(hubert_workspace_create(&workspace, net, FRAMES), STATUS_OK, NULL);
    check_status(hubert_features_of_batch(expected, net, workspace, trial.utterances, 2,
                                          config->layers, NULL),
                 STATUS_OK, NULL);
    const struct hubert_trained_batch batch = { .utterances = trial.utterances, .count = 2 };
    const struct array *features = hubert_trained_run(trial.model, trial.tape, &batch);
    check_status(tape_status(trial.tape), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(features->rows, FRAMES);
    CU_ASSERT_EQUAL(features->columns, config->width);
    for (size_t i = 0; i < FRAMES * config->width; i++) {
        worst = fmaxf(worst, fabsf(features->value[i] - expected[i]));
        largest = fmaxf(largest, fabsf(expected[i]));
    }
    CU_ASSERT(largest > 0.5f);
    if (!(worst <= 1e-4f * largest))
        fprintf(stderr, "features are off by %g of %g\n", (double)worst, (double)largest);
    CU_ASSERT(worst <= 1e-4f * largest);
    hubert_workspace_destroy(workspace);
    hubert_destroy(net);
    end(&trial);
}

static void features_are_those_of_inference(void)
{
    const struct hubert_config base = base_sizes(), large = large_sizes();
    check_inference(&base);
    check_inference(&large);
}

static const uint8_t some_masked[FRAMES] = { 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0 };

/* The loss on some frames, on the tape. */
static struct array *loss_of(struct trial *trial, const uint8_t *is_masked, const uint64_t *records)
{
    static const struct row_source frames[] = { { 0, 2 }, { 0, 3 }, { 0, 7 }, { 0, 10 }, { 0, 0 } };
    static const int32_t units[] = { 1, 6, 0, 3, 2 };
    const struct hubert_trained_batch batch = { .utterances = trial->utterances,
                                                .count = 2,
                                                .is_masked = is_masked,
                                                .records = records,
                                                .seed = 4,
                                                .step = 9 };
    tape_reset(trial->tape);
    struct array *features = hubert_trained_run(trial->model, trial->tape, &batch);
    struct array *logits = hubert_trained_logits(trial->model, trial->tape, features, frames, 5);
    struct array *loss = tape_cross_entropy(trial->tape, logits, units, 5.0);
    check_status(tape_status(trial->tape), STATUS_OK, NULL);
    return loss;
}

static double loss_at(struct trial *trial, const uint64_t *records)
{
    return (double)loss_of(trial, some_masked, records)->value[0];
}

/* Along a direction in each parameter: an element alone moves the loss less than float can show. */
static void check_gradients(const struct hubert_config *config)
{
    static const uint64_t records[] = { 5, 77 };
    struct trial trial;
    begin(&trial, config, 0.2f);
    parameter_set_clear_gradients(trial.set);
    check_status(tape_backward(trial.tape, loss_of(&trial, some_masked, records)), STATUS_OK, NULL);
    for (size_t p = 0; p < parameter_set_count(trial.set); p++) {
        const struct parameter *parameter = parameter_set_at(trial.set, p);
        double square = 0.0, slope = 0.0, size = 0.0;
        for (size_t i = 0; i < parameter->count; i++) {
            square += pow((double)parameter->gradient[i], 2.0);
            size += pow((double)parameter->value[i], 2.0);
        }
        const double step = 2e-3 * fmax(sqrt(size), 0.3) / sqrt(square + 1e-30);
        if (square < 1e-10) /* what a norm behind takes out again, as keys' biases */
            continue;
        float *kept = malloc(parameter->count * sizeof *kept);
        memcpy(kept, parameter->value, parameter->count * sizeof *kept);
        for (int side = -1; side <= 1; side += 2) {
            for (size_t i = 0; i < parameter->count; i++)
                parameter->value[i] =
                    kept[i] + (float)((double)side * step * (double)parameter->gradient[i]);
            slope += (double)side * loss_at(&trial, records) / (2.0 * step);
        }
        memcpy(parameter->value, kept, parameter->count * sizeof *kept);
        free(kept);
        if (!(fabs(slope - square) <= 0.03 * square + 2e-4))
            fprintf(stderr, "%s: %g, by differences %g\n", parameter->name, square, slope);
        CU_ASSERT(fabs(slope - square) <= 0.03 * square + 2e-4);
    }
    end(&trial);
}

static void gradients_are_those_of_differences(void)
{
    const struct hubert_config base = base_sizes(), large = large_sizes();
    check_gradients(&base);
    check_gradients(&large);
}

/* Nothing of a masked frame comes through but what the others' convolutions see of it: with all
 * frames masked, the audio does not matter. */
static void masked_frames_do_not_hear(void)
{
    const struct hubert_config config = base_sizes();
    uint8_t all[FRAMES];
    struct trial trial;
    begin(&trial, &config, 0.0f);
    memset(all, 1, sizeof all);
    const float masked = loss_of(&trial, all, NULL)->value[0];
    const float heard = loss_of(&trial, NULL, NULL)->value[0];
    for (size_t i = 0; i < SAMPLES_0; i++)
        trial.audio[i] = cosf((float)i);
    CU_ASSERT_EQUAL(loss_of(&trial, all, NULL)->value[0], masked);
    CU_ASSERT(fabsf(loss_of(&trial, NULL, NULL)->value[0] - heard) > 1e-3f);
    end(&trial);
}

static void dropout_depends_on_the_record(void)
{
    static const uint64_t records[] = { 5, 77 }, others[] = { 5, 78 };
    const struct hubert_config config = base_sizes();
    struct trial trial;
    begin(&trial, &config, 0.3f);
    const double first = loss_at(&trial, records);
    CU_ASSERT_EQUAL(loss_at(&trial, records), first);
    CU_ASSERT_NOT_EQUAL(loss_at(&trial, others), first);
    CU_ASSERT_NOT_EQUAL(loss_at(&trial, NULL), first);
    end(&trial);
}

/* What it drew lets sound through without making it louder or softer by much. */
static void first_values_keep_the_size_of_what_goes_through(void)
{
    const struct hubert_config config = base_sizes();
    struct trial trial;
    begin(&trial, &config, 0.0f);
    hubert_trained_draw(trial.model, 2);
    const double loss = (double)loss_of(&trial, some_masked, NULL)->value[0];
    CU_ASSERT(loss > 0.3 * log(CODEWORDS) && loss < 6.0 * log(CODEWORDS));
    const float first = *parameter_set_find(trial.set, "label_embs_concat")->value;
    hubert_trained_draw(trial.model, 3);
    CU_ASSERT_NOT_EQUAL(*parameter_set_find(trial.set, "label_embs_concat")->value, first);
    end(&trial);
}

static void an_export_is_taken_whole(void)
{
    const struct hubert_config config = base_sizes();
    struct trial trial;
    struct tensor_table written = { 0 };
    struct hubert_config read;
    struct hubert *net;
    size_t filled = 0;
    begin(&trial, &config, 0.0f);
    check_status(parameter_set_write(trial.set, &written), STATUS_OK, NULL);
    struct settings *settings = settings_create("config");
    check_status(hubert_config_write(settings, hubert_trained_sizes(trial.model)), STATUS_OK, NULL);
    check_status(hubert_config_of_weights(&read, &written, settings), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(read.heads, config.heads);
    settings_destroy(settings);
    check_status(hubert_create(&net, &written, &read), STATUS_OK, NULL);
    hubert_destroy(net);
    const double loss = loss_at(&trial, NULL);
    hubert_trained_draw(trial.model, 5);
    CU_ASSERT_NOT_EQUAL(loss_at(&trial, NULL), loss);
    check_status(hubert_trained_fill(&filled, trial.model, &written), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(filled, parameter_set_count(trial.set));
    CU_ASSERT_EQUAL(loss_at(&trial, NULL), loss);
    tensor_table_end(&written);
    end(&trial);
}

static void weights_that_do_not_fit_are_refused(void)
{
    static const char query[] = "encoder.layers.1.attention.q_proj.weight";
    const struct hubert_config config = base_sizes();
    struct trial trial;
    size_t filled = 0;
    begin(&trial, &config, 0.0f);
    ((float *)weights_table_find(&trial.table, query)->owned)[3] = NAN;
    check_status(hubert_trained_fill(&filled, trial.model, &trial.table), STATUS_CORRUPT, query);
    weights_table_remove(&trial.table, query);
    check_status(hubert_trained_fill(&filled, trial.model, &trial.table), STATUS_CORRUPT, query);
    end(&trial);
}

static void refuse(const struct hubert_trained_options *options, const char *text)
{
    struct parameter_set *set;
    struct hubert_trained *model;
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    check_status(hubert_trained_create(&model, set, options), STATUS_INVALID, text);
    CU_ASSERT_PTR_NULL(model);
    parameter_set_destroy(set);
}

static void sizes_that_do_not_fit_are_refused(void)
{
    struct hubert_trained_options options = {
        .net = base_sizes(), .projection_width = 5, .codewords = CODEWORDS, .temperature = 0.1f
    };
    options.net.heads = 5;
    refuse(&options, "5 heads do not divide a width of 12");
    options.net.heads = 3;
    options.net.position_groups = 7;
    refuse(&options, "7 groups of the positional convolution do not divide");
    options.net.position_groups = 2;
    options.codewords = 1;
    refuse(&options, "1 codewords");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "features are those of inference", features_are_those_of_inference },
        { "gradients are those of differences", gradients_are_those_of_differences },
        { "masked frames do not hear", masked_frames_do_not_hear },
        { "dropout depends on the record", dropout_depends_on_the_record },
        { "first values keep the size of what goes through",
          first_values_keep_the_size_of_what_goes_through },
        { "an export is taken whole", an_export_is_taken_whole },
        { "weights that do not fit are refused", weights_that_do_not_fit_are_refused },
        { "sizes that do not fit are refused", sizes_that_do_not_fit_are_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "hubert_trained", cases);
}
