/* The vocoder objective and the speech that it learns from: the same loss and gradients for any
 * number of ranks and any passes, pieces of the step alone, a loss that falls, and what does not
 * fit. */
#include "cluster/slices.h"
#include "tests/support/check.h"
#include "training/vocoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CAPTIONS = 7, CODES = 11, RUNS = 6, SEGMENT = 7, FRAMES_MAX = 4 * RUNS };

static struct team team;

/* Caption c is of split "train", the last one of "val"; 2 to 4 frames a unit. Caption 2 is shorter
 * than a window of the finest spectrum. */
static size_t runs_of(size_t caption)
{
    return caption == 2 ? 1 : RUNS;
}

static void add_caption(struct speech_memory *memory, size_t c)
{
    static int16_t samples[FRAMES_MAX * SPEECH_MEMORY_HOP];
    uint16_t units[RUNS], durations[RUNS];
    size_t frames = 0;
    for (size_t u = 0; u < runs_of(c); u++) {
        units[u] = (uint16_t)((c * 5 + u * 3) % CODES);
        durations[u] = c == 2 ? 1 : (uint16_t)(2 + (c + u) % 3);
        for (size_t i = 0; i < durations[u] * (size_t)SPEECH_MEMORY_HOP; i++) /* a tone a unit */
            samples[frames * SPEECH_MEMORY_HOP + i] =
                (int16_t)(8000.0 * sin(0.05 * (double)(units[u] + 1) * (double)i));
        frames += durations[u];
    }
    const struct speech_record record = { .name = 100 + 7 * c,
                                          .split = c + 1 == CAPTIONS ? "val" : "train",
                                          .samples = samples,
                                          .units = units,
                                          .durations = durations,
                                          .sample_count = frames * SPEECH_MEMORY_HOP + 80,
                                          .unit_count = runs_of(c) };
    check_status(speech_memory_add(memory, &record), STATUS_OK, NULL);
}

static struct speech_memory *speech(void)
{
    struct speech_memory *memory = NULL;
    check_status(speech_memory_create(&memory, (size_t)64 << 20), STATUS_OK, NULL);
    for (size_t c = 0; c < CAPTIONS && memory != NULL; c++)
        add_caption(memory, c);
    return memory;
}

struct trial {
    struct parameter_set *set;
    struct objective objective;
    struct tape *tape;
};

/* Two stages and one kind of block are enough here. */
static struct unit_vocoder_config sizes(void)
{
    struct unit_vocoder_config config = unit_vocoder_config_small(CODES, 32, 6);
    config.stage_count = 2;
    config.stages[0] = (struct unit_vocoder_stage){ 20, 40 };
    config.stages[1] = (struct unit_vocoder_stage){ 16, 32 };
    config.block_count = 1;
    config.blocks[0].dilation_count = 1;
    return config;
}

static struct vocoder_objective_options options_of(size_t pass_frames)
{
    return (struct vocoder_objective_options){ .model = sizes(),
                                               .segment_frames = SEGMENT,
                                               .pass_frames = pass_frames };
}

static void begin_trial(struct trial *trial, size_t pass_frames, size_t tape_bytes)
{
    const struct vocoder_objective_options options = options_of(pass_frames);
    check_status(parameter_set_create(&trial->set), STATUS_OK, NULL);
    check_status(vocoder_objective_open(&trial->objective, trial->set, &options, speech()),
                 STATUS_OK, NULL);
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

/* A step of `on`, whose gradients are summed over it. */
static enum status step(double *loss, struct trial *trial, const struct team *on, uint64_t number)
{
    uint64_t names[CAPTIONS];
    for (size_t c = 0; c < CAPTIONS; c++)
        names[c] = 100 + 7 * c;
    const struct slice own = slice_of(CAPTIONS, on->rank, on->size);
    const struct store_batch batch = { .count = own.count };
    const struct objective_batch step = { .records = &batch,
                                          .names = names + own.first,
                                          .count = CAPTIONS,
                                          .seed = 3,
                                          .step = number,
                                          .tape = trial->tape };
    parameter_set_clear_gradients(trial->set);
    const enum status outcome = trial->objective.step(loss, trial->objective.self, on, &step);
    if (outcome == STATUS_OK)
        slices_sum(on, parameter_set_gradients(trial->set), parameter_set_floats(trial->set));
    return outcome;
}

static void check_same_gradients(const struct trial *a, const struct trial *b)
{
    const size_t count = parameter_set_floats(a->set);
    float worst = 0.0f, largest = 0.0f;
    for (size_t i = 0; i < count; i++) {
        const float x = parameter_set_gradients(a->set)[i], y = parameter_set_gradients(b->set)[i];
        worst = fmaxf(worst, fabsf(x - y));
        largest = fmaxf(largest, fabsf(y));
    }
    CU_ASSERT(largest > 0.01f);
    CU_ASSERT(worst <= 2e-4f * largest);
}

/* One rank alone has the whole batch in one pass; all ranks have their parts, in passes. */
static void ranks_and_passes_do_not_matter(void)
{
    static const size_t passes[] = { 1, 20 };
    struct team alone;
    struct trial whole;
    double expected = 0.0, loss = 0.0;
    check_status(team_begin(&alone, MPI_COMM_SELF), STATUS_OK, NULL);
    begin_trial(&whole, 1000, (size_t)256 << 20);
    check_status(step(&expected, &whole, &alone, 1), STATUS_OK, NULL);
    CU_ASSERT(isfinite(expected) && expected > 1.0);
    for (size_t p = 0; p < sizeof passes / sizeof passes[0]; p++) {
        struct trial parted;
        begin_trial(&parted, passes[p], (size_t)256 << 20);
        check_status(step(&loss, &parted, &team, 1), STATUS_OK, NULL);
        CU_ASSERT_DOUBLE_EQUAL(loss, expected, 1e-5 * expected);
        check_same_gradients(&parted, &whole);
        end_trial(&parted);
    }
    end_trial(&whole);
    team_end(&alone);
}

static void pieces_depend_on_the_step_alone(void)
{
    struct trial trial;
    double first = 0.0, again = 0.0, other = 0.0;
    begin_trial(&trial, 1000, (size_t)256 << 20);
    check_status(step(&first, &trial, &team, 1), STATUS_OK, NULL);
    check_status(step(&again, &trial, &team, 1), STATUS_OK, NULL);
    check_status(step(&other, &trial, &team, 2), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(first, again);
    CU_ASSERT(fabs(first - other) > 1e-4);
    end_trial(&trial);
}

/* Downhill by steps of the gradient's sign, as the optimiser's first ones are. */
static void the_loss_falls_and_validation_sees_it(void)
{
    struct trial trial;
    const uint64_t held[] = { 100 + 7 * (CAPTIONS - 1), 5000 };
    struct objective_metrics before, after;
    double loss = 0.0;
    begin_trial(&trial, 1000, (size_t)256 << 20);
    const struct objective_validation validation = { .records = held,
                                                     .count = 2,
                                                     .tape = trial.tape };
    float *values = parameter_set_values(trial.set);
    const float *gradients = parameter_set_gradients(trial.set);
    const struct objective *objective = &trial.objective;
    check_status(objective->validate(&before, objective->self, &team, &validation), STATUS_OK,
                 NULL);
    for (uint64_t s = 0; s < 25; s++) {
        check_status(step(&loss, &trial, &team, s), STATUS_OK, NULL);
        for (size_t i = 0; i < parameter_set_floats(trial.set); i++)
            values[i] -= gradients[i] > 0.0f ? 0.002f : (gradients[i] < 0.0f ? -0.002f : 0.0f);
    }
    check_status(objective->validate(&after, objective->self, &team, &validation), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(after.metrics[0].name, "mel_likeness");
    CU_ASSERT_DOUBLE_EQUAL(after.metrics[0].value, exp(-after.metrics[1].value), 1e-9);
    CU_ASSERT(after.metrics[1].value < 0.8 * before.metrics[1].value);
    CU_ASSERT(after.metrics[4].value < before.metrics[4].value); /* durations */
    CU_ASSERT_EQUAL(after.metrics[5].value, 1.0);                /* of one nothing is held */
    end_trial(&trial);
}

static void speech_is_listed_by_split(void)
{
    struct speech_memory *memory = speech();
    const struct record_source *source = speech_memory_source(memory);
    struct split_records records;
    check_status(source->list(&records, source->self, "train"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(records.count, CAPTIONS - 1);
    CU_ASSERT(records.records[1] == 107 && records.lengths[2] == 1);
    split_records_end(&records);
    CU_ASSERT_PTR_NULL(speech_memory_find(memory, 101));
    const struct speech_record *found = speech_memory_find(memory, 107);
    CU_ASSERT(found != NULL && found->name == 107 &&
              found->code_count == found->sample_count / 320);
    speech_memory_destroy(memory);
}

static void speech_without_a_frame_is_left_out_and_too_much_refused(void)
{
    struct speech_memory *memory;
    static const int16_t silence[SPEECH_MEMORY_HOP] = { 0 };
    static const uint16_t unit[] = { 1 }, frames[] = { 3 };
    struct speech_record record = { .name = 4,
                                    .split = "train",
                                    .samples = silence,
                                    .sample_count = SPEECH_MEMORY_HOP - 1,
                                    .units = unit,
                                    .durations = frames,
                                    .unit_count = 1 };
    check_status(speech_memory_create(&memory, 1000), STATUS_OK, NULL);
    check_status(speech_memory_add(memory, &record), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(speech_memory_count(memory), 0);
    record.sample_count = SPEECH_MEMORY_HOP;
    check_status(speech_memory_add(memory, &record), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(speech_memory_count(memory), 1);
    CU_ASSERT_EQUAL(speech_memory_find(memory, 4)->code_count, 1); /* of 3 one has samples */
    record.name = 5;
    check_status(speech_memory_add(memory, &record), STATUS_NO_MEMORY, "pretrain.speech_mib");
    CU_ASSERT_EQUAL(speech_memory_count(memory), 1);
    speech_memory_destroy(memory);
}

static void memory_that_does_not_suffice_is_said_by_all(void)
{
    struct trial trial;
    double loss = 0.0;
    begin_trial(&trial, 1000, (size_t)1 << 16);
    check_status(step(&loss, &trial, &team, 1), STATUS_NO_MEMORY, NULL);
    end_trial(&trial);
}

static void a_failure_on_one_rank_is_everybodys(void)
{
    const struct team_fault fault = { "differentiate speech", team.size - 1, STATUS_IO };
    struct trial trial;
    double loss = 0.0;
    begin_trial(&trial, 1000, (size_t)256 << 20);
    team.fault = &fault;
    check_status(step(&loss, &trial, &team, 1), STATUS_IO, "planted");
    team.fault = NULL;
    end_trial(&trial);
}

static void refuse(const struct vocoder_objective_options *options, const char *text)
{
    struct parameter_set *set;
    struct objective objective;
    struct speech_memory *memory = speech();
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    check_status(vocoder_objective_open(&objective, set, options, memory), STATUS_INVALID, text);
    parameter_set_destroy(set);
    speech_memory_destroy(memory);
}

static void what_does_not_fit_is_refused(void)
{
    struct vocoder_objective_options options = options_of(1000);
    options.model.rate_hz = 22050;
    refuse(&options, "a vocoder of 22050 Hz");
    options = options_of(1000);
    options.model.stages[0].rate = 16;
    refuse(&options, "256 samples a unit");
    options = options_of(1000);
    options.model.duration_hidden = 0;
    refuse(&options, "without duration predictor");
    options = options_of(1000);
    options.model.channels = 30;
    refuse(&options, "30 channels");
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
}

static void end(void)
{
    team_end(&team);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "ranks and passes do not matter", ranks_and_passes_do_not_matter },
        { "pieces depend on the step alone", pieces_depend_on_the_step_alone },
        { "the loss falls and validation sees it", the_loss_falls_and_validation_sees_it },
        { "speech is listed by split", speech_is_listed_by_split },
        { "speech without a frame is left out, and too much refused",
          speech_without_a_frame_is_left_out_and_too_much_refused },
        { "memory that does not suffice is said by all",
          memory_that_does_not_suffice_is_said_by_all },
        { "a failure on one rank is everybody's", a_failure_on_one_rank_is_everybodys },
        { "what does not fit is refused", what_does_not_fit_is_refused },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "vocoder objective", cases);
}
