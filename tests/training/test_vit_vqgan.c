/* The ViT-VQGAN objective and the trainer over pictures: the same losses, codes and weights for any
 * number of ranks, passes and sessions; pictures that cannot be read; a loss that falls. Run on 1
 * rank and on 3. */
#include "cluster/slices.h"
#include "core/file.h"
#include "core/log.h"
#include "storage/hdf5_prepare.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "tests/support/check.h"
#include "tokenizers/image/vit_vqgan.h"
#include "training/trainer.h"
#include "training/vit_vqgan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 16, PICTURES = 29, BATCH = 6, BROKEN = 1000 };

static struct team team, alone;

/* Pictures that are calculated: two colours with an edge between them. Those from BROKEN on cannot
 * be read. */
static enum status read_picture(uint8_t *pixels, const void *payload, uint64_t record,
                                size_t height, size_t width)
{
    (void)payload;
    if (record >= BROKEN)
        return status_fail(STATUS_CORRUPT, "picture %d: is no picture", (int)record);
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            const bool is_left = x * (2 + record % 3) < width + y * (record % 2);
            for (size_t c = 0; c < 3; c++)
                pixels[(y * width + x) * 3 + c] =
                    (uint8_t)(is_left ? 40 * c + 9 * record % 120
                                      : 250 - 7 * record % 110 - 30 * c);
        }
    return STATUS_OK;
}

/* Picture 5 of the training split of "broken" cannot be read. */
static enum status list_pictures(struct split_records *out, const void *payload, const char *split)
{
    const bool is_broken = payload != NULL;
    *out = (struct split_records){ .records = calloc(PICTURES, sizeof *out->records),
                                   .lengths = calloc(PICTURES, sizeof *out->lengths) };
    for (size_t r = 0; r < PICTURES; r++)
        if ((r % 5 == 4) == (strcmp(split, "val") == 0)) {
            out->records[out->count] = r;
            out->lengths[out->count++] = 1;
        }
    if (is_broken && strcmp(split, "train") == 0)
        out->records[out->count - 1] = BROKEN;
    return STATUS_OK;
}

static struct vit_vqgan_objective_options options_of(size_t pass_tokens)
{
    return (struct vit_vqgan_objective_options){
        .net = { .image_height = SIDE,
                 .image_width = SIDE,
                 .patch = 4,
                 .encoder = { 16, 1, 2, 8, 24 },
                 .decoder = { 16, 1, 2, 8, 24 },
                 .code_count = 64,
                 .code_width = 6,
                 .layer_norm_eps = 1e-5 },
        .reader = { .list = list_pictures, .read = read_picture },
        .weights = { 1.0f, 1.0f, 1.0f },
        .commitment = 0.25f,
        .revive_batches = 3,
        .margin = 3,
        .flips = true,
        .pass_tokens = pass_tokens,
    };
}

struct trial {
    struct parameter_set *set;
    struct objective objective;
    struct tape *tape;
};

static void begin_trial(struct trial *trial, const struct vit_vqgan_objective_options *options,
                        size_t tape_bytes)
{
    check_status(parameter_set_create(&trial->set), STATUS_OK, NULL);
    check_status(vit_vqgan_objective_open(&trial->objective, trial->set, options), STATUS_OK, NULL);
    check_status(parameter_set_lay_out(trial->set), STATUS_OK, NULL);
    check_status(tape_create(&trial->tape, tape_bytes), STATUS_OK, NULL);
    trial->objective.draw(trial->objective.self, 5);
}

static void end_trial(struct trial *trial)
{
    trial->objective.close(trial->objective.self);
    parameter_set_destroy(trial->set);
    tape_destroy(trial->tape);
}

/* A step of `on` over `records` [count], whose gradients are summed over it. */
static enum status step(double *loss, struct trial *trial, const struct team *on, uint64_t number,
                        const uint64_t *records, size_t count)
{
    const struct slice own = slice_of(count, on->rank, on->size);
    const struct record_source *source = trial->objective.source;
    const struct store_batch batch = { .count = own.count };
    const void *data = NULL;
    check_status(source->read(&data, source->self, 0, records + own.first, own.count), STATUS_OK,
                 NULL);
    const struct objective_batch step = { .records = &batch,
                                          .data = data,
                                          .names = records + own.first,
                                          .count = count,
                                          .seed = 3,
                                          .step = number,
                                          .tape = trial->tape };
    parameter_set_clear_gradients(trial->set);
    const enum status outcome = trial->objective.step(loss, trial->objective.self, on, &step);
    if (outcome == STATUS_OK)
        slices_sum(on, parameter_set_gradients(trial->set), parameter_set_floats(trial->set));
    return outcome;
}

static double distance(const float *a, const float *b, size_t count)
{
    double worst = 0.0, largest = 0.0;
    for (size_t i = 0; i < count; i++) {
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
        largest = fmax(largest, fabs((double)b[i]));
    }
    CU_ASSERT(largest > 0.01);
    return worst / largest;
}

static void check_same(const struct trial *a, const struct trial *b)
{
    const size_t count = parameter_set_floats(a->set);
    CU_ASSERT(distance(parameter_set_gradients(a->set), parameter_set_gradients(b->set), count) <
              2e-5);
    CU_ASSERT(distance(parameter_set_values(a->set), parameter_set_values(b->set), count) < 1e-5);
}

static const uint64_t some[BATCH] = { 3, 17, 8, 0, 26, 11 };

/* One rank alone has the whole batch in one pass; all ranks have their parts, in passes. Codes are
 * revived after the third batch, and the fourth uses them. */
static void ranks_and_passes_do_not_matter(void)
{
    const struct vit_vqgan_objective_options whole = options_of(100000), parts = options_of(20);
    struct trial one, many;
    float before[64 * 6];
    double one_loss = 0.0, many_loss = 0.0;
    begin_trial(&one, &whole, 1 << 24);
    begin_trial(&many, &parts, 1 << 22);
    const struct parameter *codes = parameter_set_find(one.set, "quantizer.embedding.weight");
    memcpy(before, codes->value, sizeof before);
    for (uint64_t number = 0; number < 4; number++) {
        check_status(step(&one_loss, &one, &alone, number, some, BATCH), STATUS_OK, NULL);
        check_status(step(&many_loss, &many, &team, number, some, BATCH), STATUS_OK, NULL);
        CU_ASSERT_DOUBLE_EQUAL(one_loss, many_loss, 1e-5);
        check_same(&many, &one);
        CU_ASSERT_EQUAL(memcmp(before, codes->value, sizeof before) == 0, number < 2);
    }
    end_trial(&one);
    end_trial(&many);
}

static void views_depend_on_the_step_alone(void)
{
    struct vit_vqgan_objective_options options = options_of(1000);
    struct trial trial;
    double first = 0.0, again = 0.0, other = 0.0;
    options.revive_batches = 0;
    begin_trial(&trial, &options, 1 << 24);
    check_status(step(&first, &trial, &team, 7, some, BATCH), STATUS_OK, NULL);
    check_status(step(&other, &trial, &team, 8, some, BATCH), STATUS_OK, NULL);
    check_status(step(&again, &trial, &team, 7, some, BATCH), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(first, again);
    CU_ASSERT(fabs(first - other) > 1e-6);
    end_trial(&trial);
}

static void a_picture_that_cannot_be_read_counts_nothing(void)
{
    const struct vit_vqgan_objective_options options = options_of(1000);
    const uint64_t with[BATCH + 2] = { 3, 17, BROKEN, 8, 0, 26, 11, BROKEN + 1 };
    const uint64_t broken[3] = { BROKEN, BROKEN + 1, BROKEN + 2 };
    struct trial a, b;
    double loss = 0.0, other_loss = 0.0;
    begin_trial(&a, &options, 1 << 24);
    begin_trial(&b, &options, 1 << 24);
    check_status(step(&loss, &a, &team, 0, with, BATCH + 2), STATUS_OK, NULL);
    check_status(step(&other_loss, &b, &team, 0, some, BATCH), STATUS_OK, NULL);
    CU_ASSERT_DOUBLE_EQUAL(loss, other_loss, 1e-5);
    check_same(&a, &b);
    check_status(step(&loss, &a, &team, 1, broken, 3), STATUS_INVALID, "is no picture");
    end_trial(&a);
    end_trial(&b);
}

static void memory_that_does_not_suffice_is_said_by_all(void)
{
    const struct vit_vqgan_objective_options options = options_of(1000);
    struct trial trial;
    double loss = 0.0;
    begin_trial(&trial, &options, 1 << 14);
    check_status(step(&loss, &trial, &team, 0, some, BATCH), STATUS_NO_MEMORY, "memory_mib");
    end_trial(&trial);
}

/* A run of the trainer: its files, and what differs between runs. */
struct session {
    char folder[PATH_BYTES], metrics[PATH_BYTES], plot[PATH_BYTES];
    struct vit_vqgan_objective_options objective;
    struct trainer_options options;
    struct trainer_result result;
};

static struct session session_of(const char *name, size_t steps)
{
    struct session session = {
        .objective = options_of(32),
        .options = { .recipe = "seed: 9\n",
                     .seed = 9,
                     .batch_records = BATCH,
                     .accumulate = 1,
                     .schedule = { .shape = LEARNING_RATE_CONSTANT,
                                   .base = 0.004,
                                   .warmup_steps = 3,
                                   .steps = steps },
                     .adamw = { .beta1 = 0.9f, .beta2 = 0.98f, .eps = 1e-6f },
                     .clip_norm = 1.0,
                     .keep_checkpoints = 2,
                     .validation_records_max = 100,
                     .memory_bytes = (size_t)32 << 20,
                     .is_quiet = true },
    };
    char text[100];
    snprintf(session.folder, PATH_BYTES, "%s", check_scratch(name));
    snprintf(text, sizeof text, "%s.jsonl", name);
    snprintf(session.metrics, PATH_BYTES, "%s", check_scratch(text));
    snprintf(text, sizeof text, "%s.svg", name);
    snprintf(session.plot, PATH_BYTES, "%s", check_scratch(text));
    return session;
}

static enum status train(struct session *session, const struct team *on)
{
    struct trial trial;
    session->options.folder = session->folder;
    session->options.metrics = session->metrics;
    session->options.plot = session->plot;
    begin_trial(&trial, &session->objective, 1 << 10);
    const enum status outcome =
        trainer_run(&session->result, on, &trial.objective, trial.set, &session->options);
    end_trial(&trial);
    team_wait(on);
    return outcome;
}

static void read_model(struct tensor_table *table, const struct session *session)
{
    char path[PATH_BYTES];
    check_status(path_join(path, session->folder, "model.safetensors"), STATUS_OK, NULL);
    check_status(safetensors_read(table, path), STATUS_OK, NULL);
}

static double model_distance(const struct session *a, const struct session *b)
{
    struct tensor_table x, y;
    double worst = 0.0;
    read_model(&x, a);
    read_model(&y, b);
    CU_ASSERT(x.count > 30 && x.count == y.count);
    for (size_t t = 0; t < x.count && t < y.count; t++)
        for (size_t i = 0; i < x.tensors[t].count; i++)
            worst = fmax(worst, fabs((double)((const float *)x.tensors[t].data)[i] -
                                     (double)((const float *)y.tensors[t].data)[i]));
    tensor_table_end(&x);
    tensor_table_end(&y);
    return worst;
}

/* In one go; in three sessions of other numbers of ranks, with codes revived in each. */
static void a_run_in_parts_is_a_run_in_one(void)
{
    struct session whole = session_of("whole", 14), parts = session_of("parts", 14);
    check_status(train(&whole, &team), STATUS_OK, NULL);
    parts.options.schedule.steps = 4;
    check_status(train(&parts, &team), STATUS_OK, NULL);
    parts.options.schedule.steps = 8;
    if (team.rank == 0)
        check_status(train(&parts, &alone), STATUS_OK, NULL);
    team_wait(&team);
    parts.options.schedule.steps = 14;
    check_status(train(&parts, &team), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(parts.result.steps, 14);
    CU_ASSERT_DOUBLE_EQUAL(parts.result.loss, whole.result.loss, 1e-4);
    if (team.rank == 0)
        CU_ASSERT(model_distance(&whole, &parts) < 2e-3);
    team_wait(&team);
}

/* The finished model serves inference, and pictures come back. */
static void check_model(const struct session *session)
{
    struct tensor_table table;
    struct settings *settings = NULL;
    struct vit_vqgan *net = NULL;
    uint8_t pixels[SIDE * SIDE * 3], back[SIDE * SIDE * 3];
    uint16_t tokens[16];
    char path[PATH_BYTES];
    double squares = 0.0;
    read_model(&table, session);
    check_status(path_join(path, session->folder, "config.json"), STATUS_OK, NULL);
    check_status(settings_file_read(&settings, path), STATUS_OK, NULL);
    check_status(vit_vqgan_create(&net, &table, settings), STATUS_OK, NULL);
    if (net != NULL) {
        check_status(read_picture(pixels, NULL, 4, SIDE, SIDE), STATUS_OK, NULL);
        vit_vqgan_encode(tokens, NULL, net, pixels, 1);
        check_status(vit_vqgan_decode(NULL, back, net, tokens, 1), STATUS_OK, NULL);
        for (size_t i = 0; i < sizeof pixels; i++)
            squares += pow((double)pixels[i] - (double)back[i], 2.0);
        CU_ASSERT(10.0 * log10(255.0 * 255.0 * sizeof pixels / squares) > 15.0);
    }
    vit_vqgan_destroy(net);
    settings_destroy(settings);
    tensor_table_end(&table);
}

/* One picture of the training split cannot be read; the run goes on without it. */
static void pictures_come_back(void)
{
    struct session session = session_of("learnt", 100);
    static const int broken = 1;
    session.objective.reader.payload = &broken;
    session.options.validate_steps = 50;
    check_status(train(&session, &team), STATUS_OK, NULL);
    CU_ASSERT(session.result.best_step > 0 && session.result.best_value > 16.0);
    if (team.rank == 0)
        check_model(&session);
    team_wait(&team);
}

static void a_failure_on_any_rank_is_everybodys(void)
{
    static const char *const steps[] = { "prepare training", "read batch", "differentiate pictures",
                                         "measure validation pictures" };
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_IO };
            struct team faulty = team;
            struct session session = session_of("faulty", 2);
            faulty.fault = &fault;
            check_status(train(&session, &faulty), STATUS_IO, steps[s]);
        }
}

static void too_few_pictures_are_said(void)
{
    struct session session = session_of("few", 2);
    session.options.batch_records = PICTURES;
    check_status(train(&session, &team), STATUS_INVALID, "a batch of 29 records");
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
    check_status(team_begin(&alone, MPI_COMM_SELF), STATUS_OK, NULL);
    const struct log_options log = { .stage = "pretrain", .rank = team.rank, .is_quiet = true };
    check_status(log_begin(&log), STATUS_OK, NULL);
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
        { "ranks and passes do not matter", ranks_and_passes_do_not_matter },
        { "views depend on the step alone", views_depend_on_the_step_alone },
        { "a picture that cannot be read", a_picture_that_cannot_be_read_counts_nothing },
        { "memory that does not suffice", memory_that_does_not_suffice_is_said_by_all },
        { "a run in parts is a run in one", a_run_in_parts_is_a_run_in_one },
        { "pictures come back", pictures_come_back },
        { "a failure on any rank", a_failure_on_any_rank_is_everybodys },
        { "too few pictures are said", too_few_pictures_are_said },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "ViT-VQGAN objective", cases);
}
