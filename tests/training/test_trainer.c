/* The trainer on a small store: a run that is ended goes on to the same weights on any number of
 * ranks; a loss that is not a number ends it and keeps what was good; a failure at any step on any
 * rank is everybody's. Run on 1 rank and on 3. */
#include "cluster/slices.h"
#include "core/file.h"
#include "core/log.h"
#include "storage/hdf5_prepare.h"
#include "storage/safetensors.h"
#include "tests/support/check.h"
#include "tests/training/training_store.h"
#include "training/checkpoint_folder.h"
#include "training/contrastive.h"
#include "training/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct team team, alone;

/* A run: its files, and what differs between runs. */
struct session {
    char store[PATH_BYTES], folder[PATH_BYTES], metrics[PATH_BYTES], plot[PATH_BYTES];
    struct trainer_options options;
    struct trainer_result result;
};

static struct session session_of(const char *store, const char *name, size_t steps)
{
    struct session session = {
        .options = { .recipe = "seed: 9\n",
                     .seed = 9,
                     .batch_records = 16,
                     .accumulate = 2,
                     .schedule = { .base = 0.01, .warmup_steps = 3, .steps = steps },
                     .adamw = { .beta1 = 0.9f, .beta2 = 0.98f, .eps = 1e-6f, .weight_decay = 0.1f },
                     .clip_norm = 1.0,
                     .validate_steps = 6,
                     .checkpoint_steps = 4,
                     .keep_checkpoints = 2,
                     .validation_records_max = 100,
                     .memory_bytes = (size_t)32 << 20,
                     .by_features = true,
                     .is_quiet = true }
    };
    char text[100];
    snprintf(session.store, PATH_BYTES, "%s", check_scratch(store));
    snprintf(session.folder, PATH_BYTES, "%s", check_scratch(name));
    snprintf(text, sizeof text, "%s.jsonl", name);
    snprintf(session.metrics, PATH_BYTES, "%s", check_scratch(text));
    snprintf(text, sizeof text, "%s.svg", name);
    snprintf(session.plot, PATH_BYTES, "%s", check_scratch(text));
    return session;
}

static struct contrastive_options net_options(void)
{
    struct contrastive_options options = {
        .speech = speech_encoder_default(STORE_WIDTH, STORE_EMBEDDING),
        .temperature = 0.07f,
        .scale_max = 100.0f,
        .pass_frames = 60,
    };
    options.speech.feature_layers = STORE_LAYERS;
    options.speech.sizes.heads = 2;
    options.speech.sizes.feed_forward = 10;
    return options;
}

/* Trains with a net of its own, from first values or a checkpoint. */
static enum status train(struct session *session, const struct team *on)
{
    const struct contrastive_options net = net_options();
    const struct store_batch_shape shape = { .embedding_width = STORE_EMBEDDING,
                                             .feature_width = STORE_LAYERS * STORE_WIDTH };
    struct objective objective;
    struct parameter_set *set;
    session->options.store = session->store;
    session->options.folder = session->folder;
    session->options.metrics = session->metrics;
    session->options.plot = session->plot;
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    check_status(contrastive_open(&objective, set, &net, &shape), STATUS_OK, NULL);
    check_status(parameter_set_lay_out(set), STATUS_OK, NULL);
    objective.draw(objective.self, session->options.seed);
    const enum status outcome =
        trainer_run(&session->result, on, &objective, set, &session->options);
    objective.close(objective.self);
    parameter_set_destroy(set);
    team_wait(on);
    return outcome;
}

/* The largest difference between the models of two runs. */
static double model_distance(const struct session *a, const struct session *b)
{
    struct tensor_table tables[2];
    const char *const folders[] = { a->folder, b->folder };
    double worst = 0.0;
    for (size_t t = 0; t < 2; t++) {
        char path[PATH_BYTES];
        check_status(path_join(path, folders[t], "model.safetensors"), STATUS_OK, NULL);
        check_status(safetensors_read(&tables[t], path), STATUS_OK, NULL);
    }
    CU_ASSERT(tables[0].count > 10 && tables[0].count == tables[1].count);
    for (size_t t = 0; t < tables[0].count; t++) {
        const struct tensor *x = &tables[0].tensors[t];
        const struct tensor *y = tensor_table_find(&tables[1], x->name);
        CU_ASSERT(y != NULL && y->count == x->count);
        for (size_t i = 0; y != NULL && i < x->count; i++)
            worst = fmax(worst, fabs((double)((const float *)x->data)[i] -
                                     (double)((const float *)y->data)[i]));
    }
    tensor_table_end(&tables[0]);
    tensor_table_end(&tables[1]);
    return worst;
}

static bool has_checkpoint(const struct session *session, size_t step)
{
    char path[PATH_BYTES];
    check_status(checkpoint_path(path, session->folder, step), STATUS_OK, NULL);
    return file_exists(path);
}

/* Forth in one go; in three sessions of other numbers of ranks; and with dropout throughout. */
static void a_run_in_parts_is_a_run_in_one(void)
{
    struct session whole = session_of("store.h5", "whole", 24);
    struct session parts = session_of("store.h5", "parts", 24);
    whole.options.validate_steps = parts.options.validate_steps = 0;
    whole.options.adamw.ema_decay = parts.options.adamw.ema_decay = 0.8f;
    /* A constant rate, so that a run may be told to end early. */
    whole.options.schedule.shape = parts.options.schedule.shape = LEARNING_RATE_CONSTANT;
    check_status(train(&whole, &team), STATUS_OK, NULL);
    parts.options.schedule.steps = 5;
    check_status(train(&parts, &team), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(parts.result.steps, 5);
    parts.options.schedule.steps = 11;
    if (team.rank == 0)
        check_status(train(&parts, &alone), STATUS_OK, NULL);
    team_wait(&team);
    parts.options.schedule.steps = 24;
    check_status(train(&parts, &team), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(parts.result.steps, 24);
    CU_ASSERT_DOUBLE_EQUAL(parts.result.loss, whole.result.loss, 1e-4);
    CU_ASSERT(model_distance(&whole, &parts) <= 1e-4);
    team_wait(&team);
    check_status(train(&parts, &team), STATUS_OK, NULL); /* nothing is left to do */
    CU_ASSERT_EQUAL(parts.result.steps, 24);
    CU_ASSERT(model_distance(&whole, &parts) <= 1e-4);
    team_wait(&team);
}

static void one_rank_and_several_learn_the_same(void)
{
    struct session ours = session_of("store.h5", "ours", 30);
    struct session single = session_of("store.h5", "single", 30);
    check_status(train(&ours, &team), STATUS_OK, NULL);
    if (team.rank == 0) {
        check_status(train(&single, &alone), STATUS_OK, NULL);
        CU_ASSERT_DOUBLE_EQUAL(ours.result.loss, single.result.loss, 1e-4);
        CU_ASSERT_EQUAL(ours.result.best_step, single.result.best_step);
        CU_ASSERT(model_distance(&ours, &single) <= 1e-3);
    }
    team_wait(&team);
}

static void the_newest_and_the_best_checkpoints_are_kept(void)
{
    struct session session = session_of("store.h5", "kept", 30);
    check_status(train(&session, &team), STATUS_OK, NULL);
    const size_t best = session.result.best_step;
    CU_ASSERT(best > 0 && best % 6 == 0 && has_checkpoint(&session, best));
    CU_ASSERT(has_checkpoint(&session, 30) && has_checkpoint(&session, 28));
    size_t count = 0;
    for (size_t step = 1; step <= 30; step++)
        count += has_checkpoint(&session, step);
    CU_ASSERT_EQUAL(count, best == 28 || best == 30 ? 2 : 3);
    CU_ASSERT(file_exists(session.metrics) && file_exists(session.plot));
}

/* Caption 50 comes in the first epoch; until its batch all goes well. */
static void a_loss_that_is_not_a_number_ends_the_run_and_keeps_what_was_good(void)
{
    struct session session = session_of("spoilt.h5", "spoilt", 40);
    session.options.accumulate = 1;
    session.options.batch_records = 2;
    session.options.checkpoint_steps = 1;
    session.options.validate_steps = 0;
    check_status(train(&session, &team), STATUS_INVALID, "the loss is not finite, in a batch with");
    const size_t good = session.result.steps;
    CU_ASSERT_PTR_NOT_NULL(strstr(status_text(), " 50, "));
    CU_ASSERT(good > 0 && good < 40);
    CU_ASSERT(has_checkpoint(&session, good) && !has_checkpoint(&session, good + 1));
    team_wait(&team);
    check_status(train(&session, &team), STATUS_INVALID, "the loss is not finite");
    CU_ASSERT_EQUAL(session.result.steps, good);
    team_wait(&team);
    snprintf(session.store, PATH_BYTES, "%s", check_scratch("store.h5"));
    check_status(train(&session, &team), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(session.result.steps, 40);
}

/* An eps of 0 divides 0 by 0 where a gradient is 0: the first update spoils the parameters. */
static void parameters_that_are_not_numbers_are_not_kept(void)
{
    struct session session = session_of("store.h5", "nothing", 8);
    session.options.adamw.eps = 0.0f;
    session.options.adamw.beta2 = 1.0f;
    session.options.checkpoint_steps = 1;
    check_status(train(&session, &team), STATUS_INVALID, "not finite");
    CU_ASSERT_EQUAL(checkpoint_newest(session.folder, SIZE_MAX), 0);
}

static void another_recipe_or_a_batch_too_large_is_refused(void)
{
    struct session session = session_of("store.h5", "other", 4);
    check_status(train(&session, &team), STATUS_OK, NULL);
    session.options.recipe = "seed: 10\n";
    check_status(train(&session, &team), STATUS_INVALID, "was made with seed: 9, not seed: 10");
    session.options.recipe = "seed: 9\n";
    session.options.batch_records = STORE_CAPTIONS;
    check_status(train(&session, &team), STATUS_INVALID, "a batch of 100 records");
    session = session_of("nowhere.h5", "nothing", 4);
    check_status(train(&session, &team), STATUS_NOT_FOUND, "nowhere.h5");
}

static void a_tape_too_small_is_told(void)
{
    struct session session = session_of("store.h5", "small", 4);
    session.options.memory_bytes = 4096;
    check_status(train(&session, &team), STATUS_NO_MEMORY, "memory_mib");
}

static void a_folder_that_cannot_be_made_is_told(void)
{
    struct session session = session_of("store.h5", "store.h5", 4);
    CU_ASSERT_NOT_EQUAL(train(&session, &team), STATUS_OK);
}

static void a_failure_at_any_step_on_any_rank_fails_all_alike(void)
{
    static const char *const steps[] = {
        "prepare training",
        "prepare optimiser",
        "read checkpoint",
        "request batch",
        "read batch",
        "encode batch",
        "prepare contrastive loss",
        "differentiate batch",
        "report step",
        "check parameters",
        "prepare validation",
        "encode validation speech",
        "number pictures",
        "encode validation images",
        "prepare retrieval",
        "keep figures",
        "prepare store",
        "create store dataset",
        "write store rows",
        "publish store",
        "write model",
    };
    struct session begun = session_of("store.h5", "begun", 2);
    begun.options.schedule.shape = LEARNING_RATE_CONSTANT;
    check_status(train(&begun, &team), STATUS_OK, NULL);
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_IO };
            struct team faulty = team;
            struct session session = begun;
            session.options.schedule.steps = 4 + s; /* each has something left to do */
            faulty.fault = &fault;
            check_status(train(&session, &faulty), STATUS_IO, steps[s]);
        }
    struct session session = begun;
    session.options.schedule.steps = 40;
    check_status(train(&session, &team), STATUS_OK, NULL);
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
    check_status(team_begin(&alone, MPI_COMM_SELF), STATUS_OK, NULL);
    const struct log_options log = { .stage = "pretrain", .rank = team.rank, .is_quiet = true };
    check_status(log_begin(&log), STATUS_OK, NULL);
    training_store_write(&team, check_scratch("store.h5"), NOTHING_SPOILT);
    training_store_write(&team, check_scratch("spoilt.h5"), 50);
}

static void end(void)
{
    log_end();
    team_end(&alone);
    team_end(&team);
}

int main(int argc, char **argv)
{
    hdf5_prepare();
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "a run in parts is a run in one", a_run_in_parts_is_a_run_in_one },
        { "one rank and several learn the same", one_rank_and_several_learn_the_same },
        { "the newest and the best are kept", the_newest_and_the_best_checkpoints_are_kept },
        { "a loss that is not a number",
          a_loss_that_is_not_a_number_ends_the_run_and_keeps_what_was_good },
        { "parameters that are not numbers", parameters_that_are_not_numbers_are_not_kept },
        { "another recipe or a batch too large", another_recipe_or_a_batch_too_large_is_refused },
        { "a tape too small", a_tape_too_small_is_told },
        { "a folder that cannot be made", a_folder_that_cannot_be_made_is_told },
        { "a failure at any step", a_failure_at_any_step_on_any_rank_fails_all_alike },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "trainer", cases);
}
