/* The image-to-speech-unit objective: the same loss and gradients for any number of ranks and any
 * passes, a loss that falls, and what does not fit. */
#include "cluster/slices.h"
#include "tests/support/check.h"
#include "training/im2sp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CAPTIONS = 7, SIDE = 6, PLACES = SIDE * SIDE, CHANNELS = 3, CODES = 11, UNITS = 130 };
enum { LENGTH_MAX = 20, LONGEST = 24, EMBEDDING = 5, TOKENS = 2 };

static struct team team;

/* A batch of all ranks: caption 3 is longer than the model takes, the others are 2 to 19 units. */
struct sample {
    size_t offsets[CAPTIONS + 1];
    uint16_t units[CAPTIONS * LONGEST], image_units[CAPTIONS * PLACES];
    float embeddings[CAPTIONS * EMBEDDING];
    uint64_t names[CAPTIONS];
};

static void fill_sample(struct sample *sample)
{
    for (size_t c = 0; c < CAPTIONS; c++) {
        const size_t length = c == 3 ? LONGEST : 2 + c * 17 / (CAPTIONS - 1);
        sample->offsets[c + 1] = sample->offsets[c] + length;
        sample->names[c] = 100 + 7 * c;
        for (size_t u = 0; u < length; u++)
            sample->units[sample->offsets[c] + u] = (uint16_t)((c * 31 + u * 17) % UNITS);
        for (size_t p = 0; p < PLACES; p++)
            sample->image_units[c * PLACES + p] = (uint16_t)((c * 5 + p * 3 + p * p) % CODES);
        for (size_t e = 0; e < EMBEDDING; e++)
            sample->embeddings[c * EMBEDDING + e] = sinf((float)(c * c + 7 * e));
    }
}

/* The captions of a slice, as a batch. `offsets` [count + 1] is filled in. */
static struct store_batch part_of(const struct sample *sample, struct slice slice, size_t *offsets)
{
    const size_t first = sample->offsets[slice.first];
    for (size_t c = 0; c <= slice.count; c++)
        offsets[c] = sample->offsets[slice.first + c] - first;
    return (struct store_batch){ .count = slice.count,
                                 .unit_offsets = offsets,
                                 .units = sample->units + first,
                                 .image_units = sample->image_units + slice.first * PLACES,
                                 .embeddings = sample->embeddings + slice.first * EMBEDDING };
}

struct trial {
    struct parameter_set *set;
    struct objective objective;
    struct tape *tape;
};

static struct im2sp_config sizes(void)
{
    struct im2sp_config config = im2sp_config_compact(SIDE, CHANNELS, UNITS);
    config.width = config.encoder.width = 16;
    config.mlp = config.encoder.mlp = 24;
    config.length_max = LENGTH_MAX;
    return config;
}

static const struct store_batch_shape shape = { .speech_codebook = UNITS,
                                                .image_codebook = CODES,
                                                .tokens = PLACES,
                                                .grid_rows = SIDE,
                                                .grid_columns = SIDE,
                                                .embedding_width = EMBEDDING };

static struct im2sp_objective_options options_of(const float *codes, size_t pass_frames)
{
    return (struct im2sp_objective_options){ .model = sizes(),
                                             .dropout = 0.1f,
                                             .image_shift = 1,
                                             .codes = codes,
                                             .code_count = CODES,
                                             .code_width = CHANNELS,
                                             .pass_frames = pass_frames };
}

static const float *codes(void)
{
    static float values[CODES * CHANNELS];
    for (size_t i = 0; i < CODES * CHANNELS; i++)
        values[i] = sinf((float)(i * i + 1));
    return values;
}

static struct im2sp_objective_options embedding_options(size_t pass_frames)
{
    struct im2sp_objective_options options = options_of(NULL, pass_frames);
    im2sp_config_see_embeddings(&options.model, EMBEDDING, TOKENS);
    options.code_count = options.code_width = 0;
    return options;
}

static void begin_trial_with(struct trial *trial, const struct im2sp_objective_options *options,
                             size_t tape_bytes)
{
    check_status(parameter_set_create(&trial->set), STATUS_OK, NULL);
    check_status(im2sp_objective_open(&trial->objective, trial->set, options, &shape), STATUS_OK,
                 NULL);
    check_status(parameter_set_lay_out(trial->set), STATUS_OK, NULL);
    check_status(tape_create(&trial->tape, tape_bytes), STATUS_OK, NULL);
    trial->objective.draw(trial->objective.self, 5);
}

static void begin_trial_of(struct trial *trial, enum im2sp_input input, size_t pass_frames,
                           size_t tape_bytes)
{
    const struct im2sp_objective_options options = input == IM2SP_EMBEDDINGS
                                                       ? embedding_options(pass_frames)
                                                       : options_of(codes(), pass_frames);
    begin_trial_with(trial, &options, tape_bytes);
}

static void begin_trial(struct trial *trial, size_t pass_frames, size_t tape_bytes)
{
    begin_trial_of(trial, IM2SP_UNITS, pass_frames, tape_bytes);
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
    struct sample sample = { 0 };
    size_t offsets[CAPTIONS + 1];
    fill_sample(&sample);
    const struct slice own = slice_of(CAPTIONS, on->rank, on->size);
    const struct store_batch batch = part_of(&sample, own, offsets);
    const struct objective_batch step = { .records = &batch,
                                          .names = sample.names + own.first,
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
    CU_ASSERT(worst <= 1e-5f * largest);
}

/* One rank alone has the whole batch in one pass; all ranks have their parts, in passes. */
static void check_ranks_and_passes(enum im2sp_input input)
{
    static const size_t passes[] = { 1, 40, 1000 };
    struct team alone;
    struct trial whole;
    double expected = 0.0, loss = 0.0;
    check_status(team_begin(&alone, MPI_COMM_SELF), STATUS_OK, NULL);
    begin_trial_of(&whole, input, 100000, 64 << 20);
    check_status(step(&expected, &whole, &alone, 1), STATUS_OK, NULL);
    CU_ASSERT_DOUBLE_EQUAL(expected, log(UNITS + 3.0), 0.3);
    for (size_t p = 0; p < sizeof passes / sizeof passes[0]; p++) {
        struct trial parted;
        begin_trial_of(&parted, input, passes[p], 64 << 20);
        check_status(step(&loss, &parted, &team, 1), STATUS_OK, NULL);
        CU_ASSERT_DOUBLE_EQUAL(loss, expected, 1e-6 * expected);
        check_same_gradients(&parted, &whole);
        end_trial(&parted);
    }
    end_trial(&whole);
    team_end(&alone);
}

static void ranks_and_passes_do_not_matter(void)
{
    check_ranks_and_passes(IM2SP_UNITS);
}

static void nor_do_they_for_embeddings(void)
{
    check_ranks_and_passes(IM2SP_EMBEDDINGS);
}

static void dropout_depends_on_the_step_alone(void)
{
    struct trial trial;
    double first = 0.0, again = 0.0, other = 0.0;
    begin_trial(&trial, 100000, 64 << 20);
    check_status(step(&first, &trial, &team, 1), STATUS_OK, NULL);
    check_status(step(&again, &trial, &team, 1), STATUS_OK, NULL);
    check_status(step(&other, &trial, &team, 2), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(first, again);
    CU_ASSERT(fabs(first - other) > 1e-6);
    end_trial(&trial);
}

/* Without dropout the pictures alone differ from step to step. */
static void pictures_move_from_step_to_step(void)
{
    for (size_t shift = 0; shift < 2; shift++) {
        struct trial trial;
        struct im2sp_objective_options options = options_of(codes(), 100000);
        double first = 0.0, other = 0.0;
        options.dropout = 0.0f;
        options.image_shift = shift;
        begin_trial_with(&trial, &options, 64 << 20);
        check_status(step(&first, &trial, &team, 1), STATUS_OK, NULL);
        check_status(step(&other, &trial, &team, 2), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(first != other, shift > 0);
        end_trial(&trial);
    }
}

static void a_caption_that_is_too_long_counts_nothing(void)
{
    struct trial trial;
    struct sample sample = { 0 };
    size_t offsets[2];
    double loss = 1.0;
    fill_sample(&sample);
    begin_trial(&trial, 100000, 64 << 20);
    const struct store_batch batch = part_of(&sample, (struct slice){ 3, 1 }, offsets);
    const struct objective_batch step = {
        .records = &batch, .names = sample.names, .count = 1, .tape = trial.tape
    };
    check_status(trial.objective.step(&loss, trial.objective.self, &team, &step), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(loss, 0.0);
    for (size_t i = 0; i < parameter_set_floats(trial.set); i++)
        CU_ASSERT_EQUAL(parameter_set_gradients(trial.set)[i], 0.0f);
    end_trial(&trial);
}

/* Downhill along the gradient until the captions are known by heart. */
static void the_loss_falls(void)
{
    struct trial trial;
    double first = 0.0, loss = 0.0;
    begin_trial(&trial, 100000, 64 << 20);
    float *values = parameter_set_values(trial.set);
    const float *gradients = parameter_set_gradients(trial.set);
    for (uint64_t s = 0; s < 60; s++) {
        check_status(step(&loss, &trial, &team, s), STATUS_OK, NULL);
        first = s == 0 ? loss : first;
        for (size_t i = 0; i < parameter_set_floats(trial.set); i++)
            values[i] -= 0.5f * gradients[i];
    }
    CU_ASSERT(loss < 0.8 * first);
    end_trial(&trial);
}

static void memory_that_does_not_suffice_is_said_by_all(void)
{
    struct trial trial;
    double loss = 0.0;
    begin_trial(&trial, 100000, (size_t)1 << 14);
    check_status(step(&loss, &trial, &team, 1), STATUS_NO_MEMORY, NULL);
    end_trial(&trial);
}

static void a_failure_on_one_rank_is_everybodys(void)
{
    const struct team_fault fault = { "differentiate captions", team.size - 1, STATUS_IO };
    struct trial trial;
    double loss = 0.0;
    begin_trial(&trial, 100000, 64 << 20);
    team.fault = &fault;
    check_status(step(&loss, &trial, &team, 1), STATUS_IO, "planted");
    team.fault = NULL;
    end_trial(&trial);
}

static void refuse(const struct im2sp_objective_options *options,
                   const struct store_batch_shape *store, const char *text)
{
    struct parameter_set *set;
    struct objective objective;
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    check_status(im2sp_objective_open(&objective, set, options, store), STATUS_INVALID, text);
    parameter_set_destroy(set);
}

static void what_does_not_fit_is_refused(void)
{
    const struct im2sp_objective_options fitting = options_of(codes(), 1000);
    struct im2sp_objective_options options = fitting;
    struct store_batch_shape store = shape;
    store.grid_columns = SIDE + 1;
    refuse(&fitting, &store, "grids of 6 x 7 image units");
    store = shape;
    store.image_codebook = CODES + 1;
    refuse(&fitting, &store, "12 image units are more");
    store = shape;
    store.speech_codebook = UNITS + 1;
    refuse(&fitting, &store, "131 speech units are more");
    options.code_width = CHANNELS + 1;
    refuse(&options, &shape, "not this model's");
    options = fitting;
    options.model.heads = 3;
    refuse(&options, &shape, "3 heads do not divide");
    options = fitting;
    options.model.input = IM2SP_PIXELS;
    refuse(&options, &shape, "a model of pixels");
    options = embedding_options(1000);
    store = shape;
    store.embedding_width = EMBEDDING + 1;
    refuse(&options, &store, "image embeddings of 6 values, the model sees 5");
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
        { "nor do they for embeddings", nor_do_they_for_embeddings },
        { "dropout depends on the step alone", dropout_depends_on_the_step_alone },
        { "pictures move from step to step", pictures_move_from_step_to_step },
        { "a caption that is too long counts nothing", a_caption_that_is_too_long_counts_nothing },
        { "the loss falls", the_loss_falls },
        { "memory that does not suffice is said by all",
          memory_that_does_not_suffice_is_said_by_all },
        { "a failure on one rank is everybody's", a_failure_on_one_rank_is_everybodys },
        { "what does not fit is refused", what_does_not_fit_is_refused },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "image-to-speech-unit objective", cases);
}
