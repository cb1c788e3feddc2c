/* The HuBERT objective: the same loss and gradients for any number of ranks and any passes, crops
 * and masks of (seed, epoch, record), a training that goes on where it ended, and what does not
 * fit. */
#include "cluster/slices.h"
#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "storage/safetensors.h"
#include "tests/support/check.h"
#include "training/hubert.h"
#include "training/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CAPTIONS = 14, FRAMES_MAX = 30, SAMPLES_MAX = FRAMES_MAX * 320 + 80, UNITS = 9 };
enum { BATCH = 7, SHORT = 5 };

static struct team team, alone;

/* Captions that are made up when they are asked for: tones whose pitch the unit follows. Caption
 * SHORT has one frame. */
struct made_up {
    float audio[SAMPLES_MAX];
    uint16_t units[FRAMES_MAX];
    size_t spoilt; /* this caption has a unit too few */
    bool is_closed;
};

static size_t frames_of(uint64_t record)
{
    return record == SHORT ? 1 : 8 + (size_t)record * 5 % (FRAMES_MAX - 8);
}

static enum status list(struct split_records *out, void *self, const char *split)
{
    (void)self;
    *out = (struct split_records){ .records = malloc(CAPTIONS * sizeof *out->records),
                                   .lengths = malloc(CAPTIONS * sizeof *out->lengths) };
    for (uint64_t r = 0; r < CAPTIONS; r++)
        if ((strcmp(split, "val") == 0) == (r % 5 == 4)) {
            out->records[out->count] = r;
            out->lengths[out->count++] = (uint32_t)frames_of(r);
        }
    return STATUS_OK;
}

static enum status read_caption(struct spoken *out, void *self, uint64_t record)
{
    struct made_up *source = self;
    const size_t frames = frames_of(record), samples = frames * 320 + 80 + record % 7;
    for (size_t t = 0; t < frames; t++)
        source->units[t] = (uint16_t)((record + t / 3 * 2) % UNITS);
    for (size_t i = 0; i < samples && i < SAMPLES_MAX; i++) {
        const size_t t = i / 320 < frames ? i / 320 : frames - 1;
        source->audio[i] = 0.3f * sinf((float)i * 0.1f * (float)(1 + source->units[t]));
    }
    *out = (struct spoken){ .record = record,
                            .audio = source->audio,
                            .samples = samples < SAMPLES_MAX ? samples : SAMPLES_MAX,
                            .units = source->units,
                            .frames = frames - (source->spoilt == record) };
    return STATUS_OK;
}

static void close_source(void *self)
{
    struct made_up *source = self;
    source->is_closed = true;
}

struct trial {
    struct made_up source;
    struct parameter_set *set;
    struct objective objective;
    struct tape *tape;
};

static struct hubert_objective_options usual_options(void)
{
    struct hubert_objective_options options = {
        .model = { .net = hubert_config_compact(),
                   .projection_width = 8,
                   .codewords = UNITS,
                   .temperature = 0.1f,
                   .dropout = 0.1f },
        .mask = { 0.1, 4 },
        .unmasked_weight = 0.5,
        .crop_samples = 20 * 320 + 80,
        .pass_rows = 100000,
    };
    struct hubert_config *net = &options.model.net;
    for (size_t c = 0; c < net->convolution_count; c++)
        net->convolutions[c].channels = 8;
    net->width = 16;
    net->layers = 2;
    net->heads = 2;
    net->feed_forward_width = 24;
    net->position_kernel = 6;
    return options;
}

static struct speech_reader reader_of(struct made_up *source)
{
    return (struct speech_reader){
        .self = source, .list = list, .read = read_caption, .close = close_source
    };
}

static void begin_trial(struct trial *trial, const struct hubert_objective_options *options,
                        size_t tape_bytes)
{
    memset(trial, 0, sizeof *trial);
    trial->source.spoilt = CAPTIONS;
    const struct speech_reader reader = reader_of(&trial->source);
    check_status(parameter_set_create(&trial->set), STATUS_OK, NULL);
    check_status(hubert_objective_open(&trial->objective, trial->set, options, &reader), STATUS_OK,
                 NULL);
    check_status(parameter_set_lay_out(trial->set), STATUS_OK, NULL);
    check_status(tape_create(&trial->tape, tape_bytes), STATUS_OK, NULL);
    trial->objective.draw(trial->objective.self, 5);
}

static void end_trial(struct trial *trial)
{
    trial->objective.close(trial->objective.self);
    CU_ASSERT(trial->source.is_closed);
    parameter_set_destroy(trial->set);
    tape_destroy(trial->tape);
}

/* A step of `on` over captions 0 .. BATCH - 1, whose gradients are summed over it. */
static enum status step(double *loss, struct trial *trial, const struct team *on, uint64_t number,
                        uint64_t epoch)
{
    uint64_t names[BATCH];
    const void *data = NULL;
    const struct slice own = slice_of(BATCH, on->rank, on->size);
    const struct record_source *source = trial->objective.source;
    for (size_t i = 0; i < own.count; i++)
        names[i] = own.first + i;
    check_status(source->read(&data, source->self, 0, names, own.count), STATUS_OK, NULL);
    const struct store_batch records = { .count = own.count };
    const struct objective_batch batch = { .records = &records,
                                           .names = names,
                                           .data = data,
                                           .count = BATCH,
                                           .seed = 3,
                                           .step = number,
                                           .epoch = epoch,
                                           .tape = trial->tape };
    parameter_set_clear_gradients(trial->set);
    const enum status outcome = trial->objective.step(loss, trial->objective.self, on, &batch);
    if (outcome == STATUS_OK)
        slices_sum(on, parameter_set_gradients(trial->set), parameter_set_floats(trial->set));
    return outcome;
}

static void check_same_gradients(const struct trial *a, const struct trial *b)
{
    float worst = 0.0f, largest = 0.0f;
    for (size_t i = 0; i < parameter_set_floats(a->set); i++) {
        const float x = parameter_set_gradients(a->set)[i], y = parameter_set_gradients(b->set)[i];
        worst = fmaxf(worst, fabsf(x - y));
        largest = fmaxf(largest, fabsf(y));
    }
    CU_ASSERT(largest > 0.01f);
    CU_ASSERT(worst <= 1e-4f * largest);
}

/* One rank alone has the whole batch in one pass; all ranks have their parts, in passes. */
static void ranks_and_passes_do_not_matter(void)
{
    static const size_t passes[] = { 1, 3000, 100000 };
    struct hubert_objective_options options = usual_options();
    struct trial *whole = malloc(sizeof *whole), *parted = malloc(sizeof *parted);
    double expected = 0.0, loss = 0.0;
    begin_trial(whole, &options, 64 << 20);
    check_status(step(&expected, whole, &alone, 1, 0), STATUS_OK, NULL);
    CU_ASSERT(expected > 1.0 && expected < 10.0);
    for (size_t p = 0; p < sizeof passes / sizeof passes[0]; p++) {
        options.pass_rows = passes[p];
        begin_trial(parted, &options, 64 << 20);
        check_status(step(&loss, parted, &team, 1, 0), STATUS_OK, NULL);
        CU_ASSERT_DOUBLE_EQUAL(loss, expected, 1e-5 * expected);
        check_same_gradients(parted, whole);
        end_trial(parted);
    }
    end_trial(whole);
    free(whole);
    free(parted);
}

/* Without dropout, which goes by the step. */
static void crops_and_masks_are_those_of_the_epoch(void)
{
    struct hubert_objective_options options = usual_options();
    struct trial *trial = malloc(sizeof *trial);
    double first = 0.0, again = 0.0, other = 0.0;
    options.model.dropout = 0.0f;
    begin_trial(trial, &options, 64 << 20);
    check_status(step(&first, trial, &team, 1, 0), STATUS_OK, NULL);
    check_status(step(&again, trial, &team, 2, 0), STATUS_OK, NULL);
    check_status(step(&other, trial, &team, 2, 1), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(first, again);
    CU_ASSERT(fabs(first - other) > 1e-4);
    end_trial(trial);
    free(trial);
}

/* The loss on frames that are not masked has its weight. */
static void masked_frames_alone_count_by_default(void)
{
    struct hubert_objective_options options = usual_options();
    struct trial *trial = malloc(sizeof *trial);
    double losses[3] = { 0.0 };
    options.model.dropout = 0.0f;
    options.pass_rows = 1; /* so that a pass has no masked frame at all */
    for (size_t w = 0; w < 3; w++) {
        options.unmasked_weight = (double)w;
        begin_trial(trial, &options, 64 << 20);
        check_status(step(&losses[w], trial, &team, 1, 0), STATUS_OK, NULL);
        for (size_t i = 0; i < parameter_set_floats(trial->set); i++)
            CU_ASSERT(isfinite(parameter_set_gradients(trial->set)[i]));
        end_trial(trial);
    }
    CU_ASSERT(losses[1] - losses[0] > 1.0);
    CU_ASSERT_DOUBLE_EQUAL(losses[2] - losses[1], losses[1] - losses[0], 1e-4);
    free(trial);
}

static void memory_that_does_not_suffice_is_said_by_all(void)
{
    const struct hubert_objective_options options = usual_options();
    struct trial *trial = malloc(sizeof *trial);
    double loss = 0.0;
    for (size_t kib = 1; kib <= 1024; kib *= 4) {
        begin_trial(trial, &options, kib << 10);
        check_status(step(&loss, trial, &team, 1, 0), STATUS_NO_MEMORY, NULL);
        end_trial(trial);
    }
    free(trial);
}

static void a_failure_on_one_rank_is_everybodys(void)
{
    static const char *const names[] = { "draw masks", "differentiate speech" };
    const struct hubert_objective_options options = usual_options();
    struct trial *trial = malloc(sizeof *trial);
    double loss = 0.0;
    begin_trial(trial, &options, 64 << 20);
    for (size_t n = 0; n < 2; n++) {
        const struct team_fault fault = { names[n], team.size - 1, STATUS_IO };
        team.fault = &fault;
        check_status(step(&loss, trial, &team, 1, 0), STATUS_IO, "planted");
        team.fault = NULL;
    }
    trial->source.spoilt = 3;
    check_status(step(&loss, trial, &team, 1, 0), STATUS_INVALID, "caption 3 has 22 units for 23");
    end_trial(trial);
    free(trial);
}

static struct trainer_options trainer_options_of(const char *folder, const char *metrics,
                                                 const char *plot, size_t steps)
{
    return (struct trainer_options){
        .folder = folder,
        .metrics = metrics,
        .plot = plot,
        .recipe = "seed: 9\n",
        .seed = 9,
        .batch_records = 5,
        .accumulate = 1,
        .schedule = { .shape = LEARNING_RATE_CONSTANT,
                      .base = 0.004,
                      .warmup_steps = 3,
                      .steps = steps },
        .adamw = { .beta1 = 0.9f, .beta2 = 0.98f, .eps = 1e-6f, .weight_decay = 0.01f },
        .clip_norm = 1.0,
        .validate_steps = 1000,
        .checkpoint_steps = 7,
        .keep_checkpoints = 2,
        .validation_records_max = 100,
        .memory_bytes = (size_t)64 << 20,
        .is_quiet = true,
    };
}

/* Trains in `folder`, from first values or its newest checkpoint. */
static struct trainer_result train(const char *folder, size_t steps, const struct team *on)
{
    char path[PATH_BYTES], metrics[PATH_BYTES], plot[PATH_BYTES];
    char name[40];
    struct hubert_objective_options options = usual_options();
    struct trial *trial = malloc(sizeof *trial);
    struct trainer_result result;
    snprintf(path, sizeof path, "%s", check_scratch(folder));
    snprintf(name, sizeof name, "%.20s.jsonl", folder);
    snprintf(metrics, sizeof metrics, "%s", check_scratch(name));
    snprintf(name, sizeof name, "%.20s.svg", folder);
    snprintf(plot, sizeof plot, "%s", check_scratch(name));
    const struct trainer_options training = trainer_options_of(path, metrics, plot, steps);
    begin_trial(trial, &options, 1 << 20);
    trial->objective.draw(trial->objective.self, 9);
    check_status(trainer_run(&result, on, &trial->objective, trial->set, &training), STATUS_OK,
                 NULL);
    end_trial(trial);
    free(trial);
    team_wait(on);
    return result;
}

static void a_training_in_parts_learns_the_same(void)
{
    const struct trainer_result whole = train("whole", 40, &team);
    train("parts", 9, &team);
    if (team.rank == 0)
        train("parts", 20, &alone);
    team_wait(&team);
    const struct trainer_result parts = train("parts", 40, &team);
    CU_ASSERT_EQUAL(parts.steps, 40);
    CU_ASSERT_DOUBLE_EQUAL(parts.loss, whole.loss, 2e-3);
    CU_ASSERT(whole.loss < 3.0); /* at first 1.5 log 9 and more */
}

static void refuse(const struct hubert_objective_options *options, const char *text)
{
    struct parameter_set *set;
    struct objective objective;
    struct made_up source = { .is_closed = false };
    const struct speech_reader reader = reader_of(&source);
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    check_status(hubert_objective_open(&objective, set, options, &reader), STATUS_INVALID, text);
    CU_ASSERT(source.is_closed);
    parameter_set_destroy(set);
}

static void what_does_not_fit_is_refused(void)
{
    struct hubert_objective_options options = usual_options();
    options.crop_samples = 719;
    refuse(&options, "a crop of 719 samples");
    options = usual_options();
    options.model.net.convolutions[3].stride = 1;
    refuse(&options, "not 400 samples at every 320");
    options = usual_options();
    options.model.net.heads = 3;
    refuse(&options, "3 heads do not divide");
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
    check_status(team_begin(&alone, MPI_COMM_SELF), STATUS_OK, NULL);
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
        { "ranks and passes do not matter", ranks_and_passes_do_not_matter },
        { "crops and masks are those of the epoch", crops_and_masks_are_those_of_the_epoch },
        { "masked frames alone count by default", masked_frames_alone_count_by_default },
        { "memory that does not suffice is said by all",
          memory_that_does_not_suffice_is_said_by_all },
        { "a failure on one rank is everybody's", a_failure_on_one_rank_is_everybodys },
        { "a training in parts learns the same", a_training_in_parts_learns_the_same },
        { "what does not fit is refused", what_does_not_fit_is_refused },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "HuBERT objective", cases);
}
