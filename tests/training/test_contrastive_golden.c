/* The contrastive loss over ranks against open_clip's, really run as 1, 2 and 4 processes and
 * recorded in golden/clip-loss-sharded. */
#include "cluster/slices.h"
#include "nn/norm.h"
#include "nn/norm_gradient.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "tests/support/check.h"
#include "training/contrastive_exchange.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double limit = 1e-5;

static struct team team;
static struct tensor_table inputs, expected;
static size_t N, D;
static float normalise_eps;

static const float *tensor_values(const struct tensor_table *table, const char *name, size_t count)
{
    const struct tensor *tensor = tensor_table_find(table, name);
    if (tensor == NULL || tensor->count != count)
        fprintf(stderr, "%s: not as expected\n", name);
    CU_ASSERT(tensor != NULL && tensor->count == count && tensor->type == TENSOR_F32);
    return tensor != NULL ? tensor->data : NULL;
}

static void check_near(const float *values, const float *wanted, size_t count, double factor)
{
    double worst = 0.0, largest = 0.0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(factor * (double)wanted[i]));
        worst = fmax(worst, fabs((double)values[i] - factor * (double)wanted[i]));
    }
    CU_ASSERT(worst <= limit * largest);
    if (!(worst <= limit * largest))
        fprintf(stderr, "off by %g of %g\n", worst, largest);
}

static const char *of_rank(const char *what)
{
    static char name[64];
    snprintf(name, sizeof name, "w%d.r%d.%s", team.size, team.rank, what);
    return name;
}

static void the_golden_is_read(void)
{
    char path[900];
    struct settings *config;
    snprintf(path, sizeof path, "%s/clip-loss-sharded/config.json", check_golden_folder());
    check_status(settings_file_read(&config, path), STATUS_OK, NULL);
    check_status(settings_read_count(&N, config, "global_batch", 1, 1 << 16), STATUS_OK, NULL);
    check_status(settings_read_count(&D, config, "dim", 1, 1 << 16), STATUS_OK, NULL);
    normalise_eps = (float)settings_number(config, "normalise_eps", 1e-12);
    settings_destroy(config);
    snprintf(path, sizeof path, "%s/clip-loss-sharded/inputs.safetensors", check_golden_folder());
    check_status(safetensors_read(&inputs, path), STATUS_OK, NULL);
    snprintf(path, sizeof path, "%s/clip-loss-sharded/expected.safetensors", check_golden_folder());
    check_status(safetensors_read(&expected, path), STATUS_OK, NULL);
}

/* Runs the loss with own rows of both sides; true where there was a result. */
static bool run(struct contrastive_result *result, float *speech, float *images,
                const uint64_t *pictures)
{
    const struct slice own = slice_of(N, team.rank, team.size);
    const float *raw_speech = tensor_values(&inputs, "speech_raw", N * D);
    const float *raw_images = tensor_values(&inputs, "image_raw", N * D);
    const float *log_scale = tensor_values(&inputs, "log_scale", 1);
    if (raw_speech == NULL || raw_images == NULL || log_scale == NULL)
        return false;
    l2_normalise(speech, raw_speech + own.first * D, normalise_eps, own.count, D);
    l2_normalise(images, raw_images + own.first * D, normalise_eps, own.count, D);
    const struct contrastive_batch batch = { .count = N,
                                             .width = D,
                                             .speech = speech,
                                             .images = images,
                                             .pictures = pictures,
                                             .log_scale = *log_scale };
    const enum status outcome = contrastive_exchange(result, &team, &batch);
    check_status(outcome, STATUS_OK, NULL);
    return outcome == STATUS_OK;
}

/* Upstream leaves gradients W times too large, for the averaging that follows there. */
static void loss_and_gradients_agree(void)
{
    const struct slice own = slice_of(N, team.rank, team.size);
    float *rows = calloc(4 * N * D, sizeof *rows);
    struct contrastive_result result = { .speech_gradient = rows + 2 * N * D };
    if (rows != NULL && run(&result, rows, rows + N * D, NULL)) {
        float *raw = rows + 3 * N * D;
        double loss = 0.0, log_scale_gradient = 0.0;
        for (int rank = 0; rank < team.size; rank++) {
            char name[64];
            snprintf(name, sizeof name, "w%d.r%d.loss", team.size, rank);
            loss += (double)*tensor_values(&expected, name, 1) / team.size;
            snprintf(name, sizeof name, "w%d.r%d.grad_log_scale", team.size, rank);
            log_scale_gradient += (double)*tensor_values(&expected, name, 1) / team.size;
        }
        slices_sum_doubles(&team, &result.log_scale_gradient, 1);
        CU_ASSERT_DOUBLE_EQUAL(result.loss, loss, limit * fabs(loss));
        CU_ASSERT_DOUBLE_EQUAL(result.log_scale_gradient, log_scale_gradient,
                               limit * fabs(log_scale_gradient));
        check_near(result.speech_gradient,
                   tensor_values(&expected, of_rank("grad_speech"), own.count * D), own.count * D,
                   1.0 / team.size);
        l2_normalise_gradient(raw, 0.0f, result.speech_gradient,
                              (const float *)tensor_table_find(&inputs, "speech_raw")->data +
                                  own.first * D,
                              normalise_eps, own.count, D);
        check_near(raw, tensor_values(&expected, of_rank("grad_speech_raw"), own.count * D),
                   own.count * D, 1.0 / team.size);
    }
    free(rows);
}

/* The loss by a plain loop over all pairs. */
static double plain_loss(const float *speech, const float *images, const uint64_t *pictures,
                         double scale)
{
    double loss = 0.0;
    for (size_t i = 0; i < N; i++) {
        double row = 0.0, column = 0.0, own = 0.0;
        for (size_t j = 0; j < N; j++) {
            double forth = 0.0, back = 0.0;
            for (size_t d = 0; d < D; d++) {
                forth += (double)speech[i * D + d] * (double)images[j * D + d];
                back += (double)speech[j * D + d] * (double)images[i * D + d];
            }
            if (i == j)
                own = scale * forth;
            if (i == j || pictures[i] != pictures[j]) {
                row += exp(scale * forth);
                column += exp(scale * back);
            }
        }
        loss += (0.5 * (log(row) + log(column)) - own) / (double)N;
    }
    return loss;
}

/* Images that are trained, and pictures that occur several times: the loss by a plain loop, the
 * gradients by its differences. */
static void trained_images_and_repeated_pictures_agree_with_a_plain_loop(void)
{
    const struct slice own = slice_of(N, team.rank, team.size);
    float *rows = calloc(6 * N * D, sizeof *rows);
    uint64_t *pictures = calloc(N, sizeof *pictures);
    struct contrastive_result result = { .speech_gradient = rows + 4 * N * D,
                                         .image_gradient = rows + 5 * N * D };
    float *speech = rows + 2 * N * D, *images = rows + 3 * N * D;
    for (size_t i = 0; i < N; i++)
        pictures[i] = i / 3;
    if (run(&result, rows, rows + N * D, pictures + own.first)) {
        const double scale = exp((double)*tensor_values(&inputs, "log_scale", 1));
        l2_normalise(speech, tensor_values(&inputs, "speech_raw", N * D), normalise_eps, N, D);
        l2_normalise(images, tensor_values(&inputs, "image_raw", N * D), normalise_eps, N, D);
        CU_ASSERT_DOUBLE_EQUAL(result.loss, plain_loss(speech, images, pictures, scale), 1e-5);
        for (size_t k = 0; k < own.count * D; k += 5) {
            float *const sides[] = { speech + own.first * D + k, images + own.first * D + k };
            const float *const gradients[] = { result.speech_gradient + k,
                                               result.image_gradient + k };
            for (size_t s = 0; s < 2; s++) {
                const float kept = *sides[s], h = 1e-3f;
                *sides[s] = kept + h;
                const double above = plain_loss(speech, images, pictures, scale);
                *sides[s] = kept - h;
                const double below = plain_loss(speech, images, pictures, scale);
                *sides[s] = kept;
                CU_ASSERT_DOUBLE_EQUAL((double)*gradients[s], (above - below) / (2.0 * (double)h),
                                       2e-5);
            }
        }
    }
    free(rows);
    free(pictures);
}

static void a_failure_on_one_rank_is_everybodys(void)
{
    const struct team_fault fault = { "prepare contrastive loss", team.size - 1, STATUS_NO_MEMORY };
    const struct contrastive_batch batch = { .width = 1 };
    struct contrastive_result result = { 0 };
    team.fault = &fault;
    check_status(contrastive_exchange(&result, &team, &batch), STATUS_NO_MEMORY, "planted");
    team.fault = NULL;
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
}

static void end(void)
{
    tensor_table_end(&inputs);
    tensor_table_end(&expected);
    team_end(&team);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "the golden is read", the_golden_is_read },
        { "loss and gradients agree", loss_and_gradients_agree },
        { "trained images and repeated pictures agree with a plain loop",
          trained_images_and_repeated_pictures_agree_with_a_plain_loop },
        { "a failure on one rank is everybody's", a_failure_on_one_rank_is_everybodys },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "contrastive loss over ranks", cases);
}
