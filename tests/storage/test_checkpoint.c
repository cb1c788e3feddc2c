/* Checkpoints: what was written on some ranks is read on others; those of another model or recipe,
 * cut short, changed or unwritable are told; a failure on one rank is everybody's. Run on 1 rank
 * and on 3. */
#include "cluster/slices.h"
#include "core/file.h"
#include "storage/checkpoint.h"
#include "storage/hdf5_prepare.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROW = CHECKPOINT_ROW_FLOATS };

static struct team team, alone;

static const char recipe[] = "seed: 1\npretrain.width: 40\npretrain.heads: 2\n";

/* A state whose values follow from their place, or an empty one to read into. */
struct state {
    struct checkpoint checkpoint;
    struct slice own;
};

static float value_at(size_t vector, size_t at)
{
    return (float)(1000 * (vector + 1)) + 0.25f * (float)at;
}

static struct state new_state(const struct team *on, size_t rows, bool has_average)
{
    struct state state = { .own = slice_of(rows, on->rank, on->size) };
    const size_t own = state.own.count * ROW + 1;
    state.checkpoint = (struct checkpoint){
        .rows = rows,
        .values = calloc(rows * ROW + 1, sizeof(float)),
        .mean = calloc(own, sizeof(float)),
        .square = calloc(own, sizeof(float)),
        .average = has_average ? calloc(own, sizeof(float)) : NULL,
        .parameters = "digest of names",
        .recipe = recipe,
    };
    return state;
}

static void end_state(struct state *state)
{
    free(state->checkpoint.values);
    free(state->checkpoint.mean);
    free(state->checkpoint.square);
    free(state->checkpoint.average);
}

static void fill_state(struct state *state)
{
    struct checkpoint *checkpoint = &state->checkpoint;
    for (size_t i = 0; i < checkpoint->rows * ROW; i++)
        checkpoint->values[i] = value_at(0, i);
    for (size_t i = 0; i < state->own.count * ROW; i++) {
        checkpoint->mean[i] = value_at(1, state->own.first * ROW + i);
        checkpoint->square[i] = value_at(2, state->own.first * ROW + i);
        if (checkpoint->average != NULL)
            checkpoint->average[i] = value_at(3, state->own.first * ROW + i);
    }
    checkpoint->step = 4200;
    strcpy(checkpoint->best, "4000 0.5");
}

/* Whether a state that was read is what fill_state gives; `average` is the vector that it holds. */
static bool is_filled(const struct state *state, size_t average)
{
    const struct checkpoint *checkpoint = &state->checkpoint;
    size_t wrong = checkpoint->step != 4200 || strcmp(checkpoint->best, "4000 0.5") != 0;
    for (size_t i = 0; i < checkpoint->rows * ROW; i++)
        wrong += checkpoint->values[i] != value_at(0, i);
    for (size_t i = 0; i < state->own.count * ROW; i++) {
        const size_t at = state->own.first * ROW + i;
        wrong += checkpoint->mean[i] != value_at(1, at);
        wrong += checkpoint->square[i] != value_at(2, at);
        wrong += checkpoint->average != NULL && checkpoint->average[i] != value_at(average, at);
    }
    return wrong == 0;
}

static enum status write_state(const char *path, const struct team *on, size_t rows,
                               bool has_average)
{
    struct state state = new_state(on, rows, has_average);
    fill_state(&state);
    const enum status outcome = checkpoint_write(path, on, &state.checkpoint);
    end_state(&state);
    return outcome;
}

static void check_read(const char *path, const struct team *on, size_t rows, bool has_average,
                       size_t average)
{
    struct state state = new_state(on, rows, has_average);
    check_status(checkpoint_read(&state.checkpoint, path, on), STATUS_OK, NULL);
    CU_ASSERT(is_filled(&state, average));
    end_state(&state);
}

/* Written by all and read by all and by one; written by one and read by all. */
static void any_number_of_ranks_reads_what_any_number_wrote(void)
{
    const size_t rows[] = { 1, 2, 5, 40000 };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const char *path = check_scratch("any.h5");
        check_status(write_state(path, &team, rows[r], true), STATUS_OK, NULL);
        check_read(path, &team, rows[r], true, 3);
        if (team.rank == 0)
            check_read(path, &alone, rows[r], true, 3);
        team_wait(&team);
        if (team.rank == 0)
            check_status(write_state(path, &alone, rows[r], true), STATUS_OK, NULL);
        team_wait(&team);
        check_read(path, &team, rows[r], true, 3);
        team_wait(&team);
    }
}

static void an_average_is_read_where_there_is_room_and_begins_with_the_values(void)
{
    const char *path = check_scratch("average.h5");
    check_status(write_state(path, &team, 50, true), STATUS_OK, NULL);
    check_read(path, &team, 50, false, 0);
    team_wait(&team);
    check_status(write_state(path, &team, 50, false), STATUS_OK, NULL);
    check_read(path, &team, 50, true, 0);
    team_wait(&team);
}

/* A reader that expects something else. */
static void check_refused(const char *path, size_t rows, const char *parameters,
                          const char *expected_recipe, enum status wanted, const char *fragment)
{
    struct state state = new_state(&team, rows, false);
    if (parameters != NULL)
        state.checkpoint.parameters = parameters;
    if (expected_recipe != NULL)
        state.checkpoint.recipe = expected_recipe;
    check_status(checkpoint_read(&state.checkpoint, path, &team), wanted, fragment);
    end_state(&state);
    team_wait(&team);
}

static void another_model_or_recipe_is_told_apart(void)
{
    const char *path = check_scratch("other.h5");
    check_status(write_state(path, &team, 50, true), STATUS_OK, NULL);
    check_refused(path, 50, "another digest", NULL, STATUS_INVALID,
                  "other.h5: a checkpoint of another model");
    check_refused(path, 51, NULL, NULL, STATUS_CORRUPT, "50 rows of 16, not 51 of 16");
    check_refused(path, 50, NULL, "seed: 1\npretrain.width: 80\npretrain.heads: 2\n",
                  STATUS_INVALID, "was made with pretrain.width: 40, not pretrain.width: 80");
    check_refused(path, 50, NULL, "seed: 1\npretrain.width: 40\n", STATUS_INVALID,
                  "was made with pretrain.heads: 2");
    check_refused(path, 50, NULL,
                  "seed: 1\npretrain.width: 40\npretrain.heads: 2\npretrain.blocks: 3\n",
                  STATUS_INVALID, "pretrain.blocks: 3");
    check_refused(check_scratch("nowhere.h5"), 50, NULL, NULL, STATUS_NOT_FOUND, "nowhere.h5");
}

/* The bytes of a file; the caller's. */
static uint8_t *bytes_of(const char *path, size_t *count)
{
    struct stat facts;
    uint8_t *bytes = NULL;
    FILE *file = fopen(path, "rb");
    *count = 0;
    if (file != NULL && fstat(fileno(file), &facts) == 0) {
        bytes = malloc((size_t)facts.st_size + 1);
        *count = fread(bytes, 1, (size_t)facts.st_size, file);
    }
    if (file != NULL)
        fclose(file);
    return bytes;
}

static void what_is_cut_short_is_corrupt(void)
{
    const char *path = check_scratch("cut.h5");
    size_t count;
    check_status(write_state(path, &team, 500, true), STATUS_OK, NULL);
    uint8_t *bytes = bytes_of(path, &count);
    team_wait(&team);
    for (size_t cut = 0; cut < 8; cut++) {
        if (team.rank == 0)
            check_status(file_write(path, (const char *)bytes, count * cut / 8), STATUS_OK, NULL);
        team_wait(&team);
        check_refused(path, 500, NULL, NULL, STATUS_CORRUPT, "cut.h5");
    }
    if (team.rank == 0) /* a byte is missing */
        check_status(file_write(path, (const char *)bytes, count - 1), STATUS_OK, NULL);
    team_wait(&team);
    check_refused(path, 500, NULL, NULL, STATUS_CORRUPT, "cut.h5");
    free(bytes);
}

/* Whatever byte is changed: told, or nothing that matters is lost. Never other values. */
static void a_flipped_byte_never_gives_other_values(void)
{
    const char *path = check_scratch("flipped.h5");
    size_t count, told = 0, tried = 0;
    if (team.rank != 0)
        return;
    check_status(write_state(path, &alone, 60, true), STATUS_OK, NULL);
    uint8_t *bytes = bytes_of(path, &count);
    for (size_t at = 3; at < count; at += 1 + count / 400, tried++) {
        struct state state = new_state(&alone, 60, true);
        bytes[at] ^= 0x10;
        check_status(file_write(path, (const char *)bytes, count), STATUS_OK, NULL);
        const enum status outcome = checkpoint_read(&state.checkpoint, path, &alone);
        CU_ASSERT(outcome != STATUS_OK || is_filled(&state, 3));
        if (outcome == STATUS_OK && !is_filled(&state, 3))
            fprintf(stderr, "byte %zu of %zu\n", at, count);
        told += outcome != STATUS_OK;
        bytes[at] ^= 0x10;
        end_state(&state);
    }
    CU_ASSERT(told > tried / 2);
    free(bytes);
}

static void a_place_that_cannot_be_written_fails_all(void)
{
    check_status(write_state(check_scratch("no/such/folder.h5"), &team, 50, true), STATUS_NOT_FOUND,
                 "no/such/folder.h5");
    if (team.rank == 0)
        mkdir(check_scratch("taken.h5.partial"), 0700);
    team_wait(&team);
    check_status(write_state(check_scratch("taken.h5"), &team, 50, true), STATUS_IO, "taken.h5");
}

static void a_recipe_too_long_is_refused(void)
{
    char *text = calloc(CHECKPOINT_TEXT_BYTES + 1, 1);
    struct state state = new_state(&team, 3, false);
    memset(text, 'x', CHECKPOINT_TEXT_BYTES);
    state.checkpoint.recipe = text;
    check_status(checkpoint_write(check_scratch("long.h5"), &team, &state.checkpoint),
                 STATUS_INVALID, "recipe");
    text[CHECKPOINT_TEXT_BYTES - 1] = '\0';
    check_status(checkpoint_write(check_scratch("long.h5"), &team, &state.checkpoint), STATUS_OK,
                 NULL);
    check_status(checkpoint_read(&state.checkpoint, check_scratch("long.h5"), &team), STATUS_OK,
                 NULL);
    team_wait(&team);
    end_state(&state);
    free(text);
}

/* The checkpoint before stays whole, and nothing half written is left. */
static void a_failure_at_any_step_on_any_rank_fails_all_alike(void)
{
    static const char *const steps[] = {
        "prepare store",    "try store folder", "create store file", "create store dataset",
        "write store rows", "note in store",    "close store",       "publish store",
    };
    const char *path = check_scratch("faulty.h5");
    char partial[PATH_BYTES];
    snprintf(partial, sizeof partial, "%s.partial", path);
    check_status(write_state(path, &team, 50, true), STATUS_OK, NULL);
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_IO };
            struct team faulty = team;
            faulty.fault = &fault;
            check_status(write_state(path, &faulty, 50, true), STATUS_IO, steps[s]);
            team_wait(&team);
            CU_ASSERT_FALSE(file_exists(partial));
            check_read(path, &team, 50, true, 3);
        }
    for (int rank = 0; rank < team.size; rank++) {
        const struct team_fault fault = { "read checkpoint", rank, STATUS_IO };
        struct state state = new_state(&team, 50, true);
        struct team faulty = team;
        faulty.fault = &fault;
        check_status(checkpoint_read(&state.checkpoint, path, &faulty), STATUS_IO, "planted");
        end_state(&state);
    }
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
        { "any number of ranks", any_number_of_ranks_reads_what_any_number_wrote },
        { "averages", an_average_is_read_where_there_is_room_and_begins_with_the_values },
        { "another model or recipe", another_model_or_recipe_is_told_apart },
        { "cut short", what_is_cut_short_is_corrupt },
        { "a flipped byte", a_flipped_byte_never_gives_other_values },
        { "a place that cannot be written", a_place_that_cannot_be_written_fails_all },
        { "a recipe too long", a_recipe_too_long_is_refused },
        { "a failure at any step", a_failure_at_any_step_on_any_rank_fails_all_alike },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "checkpoint", cases);
}
