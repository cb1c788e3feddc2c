/* The contrastive objective on a small store: the same loss and gradients for any number of ranks
 * and in any number of passes, gradients that are the slopes of the loss, and a validation that
 * every number of ranks agrees on. Run on 1 rank and on 3. */
#include "cluster/slices.h"
#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "tests/support/check.h"
#include "tests/training/training_store.h"
#include "training/contrastive.h"
#include "training/contrastive_net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct team team, alone;
static char store[PATH_BYTES];

/* What comes in and what it is pulled towards. */
static const struct kind {
    bool by_units, has_image_tower;
    size_t merged_units; /* speech units that make a frame; 0: one */
    size_t convolution_channels;
} kinds[] = {
    { .has_image_tower = false },
    { .by_units = true, .has_image_tower = true },
    { .has_image_tower = true },
    { .by_units = true, .has_image_tower = true, .merged_units = 3 },
    { .by_units = true, .has_image_tower = true, .convolution_channels = 5 },
};

enum { CODE_WIDTH = 3 };

/* What image units stand for. */
static float code_rows[STORE_IMAGE_CODES * CODE_WIDTH];
static const struct unit_codes image_codes = { code_rows, STORE_IMAGE_CODES, CODE_WIDTH };

enum { KINDS = sizeof kinds / sizeof kinds[0], BATCH = 17, MANY_FRAMES = 1 << 20 };

struct trainee {
    struct objective objective;
    struct parameter_set *set;
    struct tape *tape;
    struct store_batch_reader *reader;
};

static struct contrastive_options options_of(struct kind kind, size_t pass_frames)
{
    const size_t embedding = kind.has_image_tower ? 7 : STORE_EMBEDDING;
    struct contrastive_options options = {
        .speech = speech_encoder_default(STORE_WIDTH, embedding),
        .has_image_tower = kind.has_image_tower,
        .images = speech_encoder_default(6, embedding),
        .temperature = 0.2f,
        .scale_max = 100.0f,
        .pass_frames = pass_frames,
    };
    options.speech.feature_layers = kind.by_units ? 0 : STORE_LAYERS;
    options.speech.units = kind.by_units ? STORE_SPEECH_CODES : 0;
    if (kind.merged_units > 0)
        options.speech.merged_units = kind.merged_units;
    options.speech.sizes.heads = options.images.sizes.heads = 2;
    options.speech.sizes.feed_forward = options.images.sizes.feed_forward = 10;
    options.images.feature_layers = 0;
    options.images.units = STORE_IMAGE_CODES;
    options.images.merged_units = kind.convolution_channels > 0 ? 16 : 4;
    options.images.unit_width = CODE_WIDTH;
    options.images.convolution_channels = kind.convolution_channels;
    options.image_codes = image_codes;
    options.images.sizes.is_norm_first = true;
    return options;
}

static void trainee_begin(struct trainee *trainee, struct kind kind, size_t pass_frames)
{
    const struct contrastive_options options = options_of(kind, pass_frames);
    const struct store_batch_options reading = {
        .parts = (kind.by_units ? STORE_BATCH_SPEECH : STORE_BATCH_FEATURES) |
                 (kind.has_image_tower ? STORE_BATCH_PICTURES : STORE_BATCH_EMBEDDINGS),
        .batch_bytes_max = STORE_BATCH_BYTES_MAX,
    };
    check_status(store_batch_open(&trainee->reader, store, &reading), STATUS_OK, NULL);
    check_status(parameter_set_create(&trainee->set), STATUS_OK, NULL);
    check_status(contrastive_open(&trainee->objective, trainee->set, &options,
                                  store_batch_shape(trainee->reader)),
                 STATUS_OK, NULL);
    CU_ASSERT_EQUAL(trainee->objective.store_parts, reading.parts);
    check_status(parameter_set_lay_out(trainee->set), STATUS_OK, NULL);
    trainee->objective.draw(trainee->objective.self, 3);
    check_status(tape_create(&trainee->tape, (size_t)32 << 20), STATUS_OK, NULL);
}

static void trainee_end(struct trainee *trainee)
{
    tape_destroy(trainee->tape);
    trainee->objective.close(trainee->objective.self);
    parameter_set_destroy(trainee->set);
    store_batch_close(trainee->reader);
}

/* One step over `count` captions; gradients are summed over the ranks. */
static double take_step(struct trainee *trainee, const struct team *on, size_t count)
{
    const struct slice own = slice_of(count, on->rank, on->size);
    uint64_t records[BATCH];
    struct store_batch batch;
    double loss = NAN;
    for (size_t r = 0; r < own.count; r++)
        records[r] = 3 * (own.first + r) + 10;
    check_status(store_batch_read(&batch, trainee->reader, records, own.count), STATUS_OK, NULL);
    const struct objective_batch step = { .records = &batch,
                                          .names = records,
                                          .count = count,
                                          .seed = 5,
                                          .step = 2,
                                          .tape = trainee->tape };
    parameter_set_clear_gradients(trainee->set);
    check_status(trainee->objective.step(&loss, trainee->objective.self, on, &step), STATUS_OK,
                 NULL);
    slices_sum(on, parameter_set_gradients(trainee->set), parameter_set_floats(trainee->set));
    return loss;
}

static double gradient_distance(const struct trainee *a, const struct trainee *b)
{
    double worst = 0.0, largest = 0.0;
    for (size_t i = 0; i < parameter_set_floats(a->set); i++) {
        const double x = (double)parameter_set_gradients(a->set)[i];
        worst = fmax(worst, fabs(x - (double)parameter_set_gradients(b->set)[i]));
        largest = fmax(largest, fabs(x));
    }
    CU_ASSERT(largest > 0.01);
    return worst / largest;
}

static void any_number_of_ranks_gives_the_same(void)
{
    const size_t counts[] = { 1, 2, BATCH };
    for (size_t k = 0; k < KINDS; k++)
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            struct trainee together, single;
            trainee_begin(&together, kinds[k], MANY_FRAMES);
            trainee_begin(&single, kinds[k], MANY_FRAMES);
            const double loss = take_step(&together, &team, counts[c]);
            CU_ASSERT_DOUBLE_EQUAL(loss, take_step(&single, &alone, counts[c]), 1e-5);
            CU_ASSERT(counts[c] == 1 || gradient_distance(&single, &together) <= 1e-5);
            trainee_end(&together);
            trainee_end(&single);
        }
}

static void any_number_of_passes_gives_the_same(void)
{
    const size_t frames[] = { 1, 9, 40 };
    for (size_t k = 0; k < KINDS; k++)
        for (size_t f = 0; f < sizeof frames / sizeof frames[0]; f++) {
            struct trainee once, several;
            trainee_begin(&once, kinds[k], MANY_FRAMES);
            trainee_begin(&several, kinds[k], frames[f]);
            const double loss = take_step(&once, &team, BATCH);
            CU_ASSERT_DOUBLE_EQUAL(loss, take_step(&several, &team, BATCH), 1e-5);
            CU_ASSERT(gradient_distance(&once, &several) <= 1e-5);
            CU_ASSERT(frames[f] > 1 || tape_peak_bytes(several.tape) < tape_peak_bytes(once.tape));
            trainee_end(&once);
            trainee_end(&several);
        }
}

static double slope_at(struct trainee *trainee, float *value)
{
    const float here = *value, h = 4e-3f;
    double losses[4];
    const float steps[] = { -2.0f * h, -h, h, 2.0f * h };
    for (size_t s = 0; s < 4; s++) {
        *value = here + steps[s];
        losses[s] = take_step(trainee, &team, BATCH);
    }
    *value = here;
    return (8.0 * (losses[2] - losses[1]) - (losses[3] - losses[0])) / (12.0 * (double)h);
}

/* Every parameter of both towers, a few values of each; with dropout. */
static void gradients_are_the_slopes_of_the_loss(void)
{
    for (size_t k = 0; k < KINDS; k++) {
        struct trainee trainee;
        trainee_begin(&trainee, kinds[k], MANY_FRAMES);
        take_step(&trainee, &team, BATCH);
        const size_t floats = parameter_set_floats(trainee.set);
        float *gradients = malloc(floats * sizeof *gradients);
        memcpy(gradients, parameter_set_gradients(trainee.set), floats * sizeof *gradients);
        for (size_t p = 0; p < parameter_set_count(trainee.set); p++) {
            const struct parameter *parameter = parameter_set_at(trainee.set, p);
            for (size_t i = p % 2; i < parameter->count; i += 1 + parameter->count / 4) {
                const double slope = slope_at(&trainee, &parameter->value[i]);
                const double error = fabs(slope - (double)gradients[parameter->start + i]);
                CU_ASSERT(error <= 2e-3 * (1.0 + fabs(slope)));
                if (error > 2e-3 * (1.0 + fabs(slope)))
                    fprintf(stderr, "kind %zu, %s[%zu]: %g, by differences %g\n", k,
                            parameter->name, i, (double)gradients[parameter->start + i], slope);
            }
        }
        free(gradients);
        trainee_end(&trainee);
    }
}

static void validate(struct objective_metrics *metrics, struct trainee *trainee,
                     const struct team *on, size_t count)
{
    uint64_t records[STORE_CAPTIONS];
    for (size_t r = 0; r < count; r++)
        records[r] = STORE_SILENT + 1 + r;
    const struct objective_validation validation = {
        .store = store, .records = records, .count = count, .tape = trainee->tape
    };
    check_status(trainee->objective.validate(metrics, trainee->objective.self, on, &validation),
                 STATUS_OK, NULL);
}

static void validations_are_the_same_for_any_number_of_ranks_and_passes(void)
{
    for (size_t k = 0; k < KINDS; k++) {
        struct trainee together, single;
        struct objective_metrics ours, theirs;
        trainee_begin(&together, kinds[k], 11);
        trainee_begin(&single, kinds[k], MANY_FRAMES);
        for (size_t count = 1; count < 80; count += 39) {
            validate(&ours, &together, &team, count);
            validate(&theirs, &single, &alone, count);
            CU_ASSERT_EQUAL(ours.count, theirs.count);
            for (size_t m = 0; m < ours.count; m++) {
                CU_ASSERT_STRING_EQUAL(ours.metrics[m].name, theirs.metrics[m].name);
                CU_ASSERT_DOUBLE_EQUAL(ours.metrics[m].value, theirs.metrics[m].value, 1e-9);
            }
        }
        trainee_end(&together);
        trainee_end(&single);
    }
}

/* As the trainer leaves a model. `model_type`: another than it has; or NULL. */
static const char *write_model(const struct trainee *trainee, const char *model_type)
{
    const char *path = check_scratch("net/model.safetensors");
    struct settings *settings = settings_create("config");
    struct tensor_table table = { 0 };
    check_status(folder_make(check_scratch("net")), STATUS_OK, NULL);
    check_status(trainee->objective.write_settings(settings, trainee->objective.self), STATUS_OK,
                 NULL);
    if (model_type != NULL)
        check_status(settings_put_text(settings, "model_type", model_type), STATUS_OK, NULL);
    check_status(settings_file_write(check_scratch("net/config.json"), settings), STATUS_OK, NULL);
    check_status(parameter_set_write(trainee->set, &table), STATUS_OK, NULL);
    check_status(safetensors_write(path, &table, NULL), STATUS_OK, NULL);
    tensor_table_end(&table);
    settings_destroy(settings);
    return path;
}

static void a_written_net_answers_as_the_trained_one(void)
{
    if (team.rank > 0)
        return;
    for (size_t k = 0; k < KINDS; k++) {
        struct trainee trainee, again;
        struct objective_metrics ours, theirs;
        struct contrastive_net net;
        trainee_begin(&trainee, kinds[k], 11);
        const char *path = write_model(&trainee, NULL);
        check_status(contrastive_net_open(&net, path, store, &image_codes), STATUS_OK, NULL);
        again = trainee;
        again.objective = net.objective;
        validate(&ours, &trainee, &alone, 60);
        validate(&theirs, &again, &alone, 60);
        for (size_t m = 0; m < ours.count; m++)
            CU_ASSERT_DOUBLE_EQUAL(ours.metrics[m].value, theirs.metrics[m].value, 1e-9);
        contrastive_net_close(&net);
        trainee_end(&trainee);
    }
}

static void what_is_no_contrastive_net_is_refused(void)
{
    struct trainee trainee;
    struct contrastive_net net;
    if (team.rank > 0)
        return;
    trainee_begin(&trainee, kinds[1], 11);
    const char *path = write_model(&trainee, "git");
    check_status(contrastive_net_open(&net, path, store, &image_codes), STATUS_INVALID,
                 "contrastive net");
    contrastive_net_close(&net);
    path = write_model(&trainee, NULL);
    check_status(contrastive_net_open(&net, path, check_scratch("none.h5"), &image_codes),
                 STATUS_NOT_FOUND, "none.h5");
    contrastive_net_close(&net);
    struct settings *settings = NULL;
    check_status(settings_file_read(&settings, check_scratch("net/config.json")), STATUS_OK, NULL);
    check_status(settings_put_number(settings, "speech.feed_forward", 65536), STATUS_OK, NULL);
    check_status(settings_file_write(check_scratch("net/config.json"), settings), STATUS_OK, NULL);
    settings_destroy(settings);
    check_status(contrastive_net_open(&net, path, store, &image_codes), STATUS_CORRUPT, "linear1");
    contrastive_net_close(&net);
    trainee_end(&trainee);
}

static void check_refused(struct contrastive_options options, const char *fragment)
{
    struct objective objective = { 0 };
    struct parameter_set *set;
    const struct store_batch_shape shape = { .captions = 9,
                                             .pictures = 3,
                                             .speech_codebook = STORE_SPEECH_CODES,
                                             .image_codebook = STORE_IMAGE_CODES,
                                             .tokens = 16,
                                             .grid_rows = 4,
                                             .grid_columns = 4,
                                             .embedding_width = STORE_EMBEDDING,
                                             .feature_width = STORE_LAYERS * STORE_WIDTH };
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    check_status(contrastive_open(&objective, set, &options, &shape), STATUS_INVALID, fragment);
    CU_ASSERT_PTR_NULL(objective.close);
    parameter_set_destroy(set);
}

static void a_store_that_does_not_fit_the_net_is_refused(void)
{
    struct contrastive_options options = options_of(kinds[0], 1);
    options.speech.embedding++;
    check_refused(options, "image embeddings are 6 wide, the net's 7");
    options = options_of(kinds[0], 1);
    options.speech.feature_layers = 3;
    check_refused(options, "features are 16 wide, the net's 3 layers of 8");
    options = options_of(kinds[1], 1);
    options.speech.units--;
    check_refused(options, "11 speech units are more than the net's 10");
    options = options_of(kinds[1], 1);
    options.images.merged_units = 9;
    check_refused(options, "patches of 3 x 3 units");
    options = options_of(kinds[1], 1);
    options.speech.convolution_channels = 2;
    check_refused(options, "over speech");
    options = options_of(kinds[4], 1);
    options.image_codes = (struct unit_codes){ 0 };
    check_refused(options, "it sees 17 codes of 3 values; here are 0 of 0");
    options = options_of(kinds[1], 1);
    options.images.units = STORE_IMAGE_CODES - 1;
    check_refused(options, "17 image units are more than the net's 16");
    options = options_of(kinds[1], 1);
    options.images.embedding++;
    check_refused(options, "embedding");
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
    check_status(team_begin(&alone, MPI_COMM_SELF), STATUS_OK, NULL);
    snprintf(store, sizeof store, "%s", check_scratch("store.h5"));
    training_store_write(&team, store, NOTHING_SPOILT);
    for (size_t i = 0; i < STORE_IMAGE_CODES * CODE_WIDTH; i++)
        code_rows[i] = cosf((float)(i * i + 1));
}

static void end(void)
{
    team_end(&alone);
    team_end(&team);
}

int main(int argc, char **argv)
{
    hdf5_prepare();
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "any number of ranks gives the same", any_number_of_ranks_gives_the_same },
        { "any number of passes gives the same", any_number_of_passes_gives_the_same },
        { "gradients are the slopes of the loss", gradients_are_the_slopes_of_the_loss },
        { "validations are the same", validations_are_the_same_for_any_number_of_ranks_and_passes },
        { "a written net answers as the trained one", a_written_net_answers_as_the_trained_one },
        { "what is no contrastive net", what_is_no_contrastive_net_is_refused },
        { "a store that does not fit", a_store_that_does_not_fit_the_net_is_refused },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "contrastive objective", cases);
}
