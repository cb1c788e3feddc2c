/* Use of a codebook, and codes that are revived: the same for any number of ranks, taken from where
 * the codebook is poorest, and never at the cost of codes that are used. Run on 1 rank and on 3. */
#include "cluster/slices.h"
#include "core/random.h"
#include "tests/support/check.h"
#include "training/code_watch.h"

#include <math.h>
#include <string.h>

enum { CODES = 12, WIDTH = 3, RECORDS = 7, TOKENS = 10, INTERVAL = 4 };

static struct team team, alone;

struct trial {
    struct parameter_set *set;
    struct parameter *codes, *last_use;
    struct code_watch *watch;
};

static void begin_trial(struct trial *trial, size_t interval)
{
    const size_t shape[] = { CODES, WIDTH };
    check_status(parameter_set_create(&trial->set), STATUS_OK, NULL);
    trial->codes = parameter_set_add(trial->set, "codes", 2, shape);
    check_status(code_watch_create(&trial->watch, trial->set, trial->codes, interval), STATUS_OK,
                 NULL);
    check_status(parameter_set_lay_out(trial->set), STATUS_OK, NULL);
    trial->last_use = parameter_set_find(trial->set, "loss.code_last_use");
    CU_ASSERT(trial->last_use != NULL && trial->last_use->is_frozen);
    parameter_draw_normal(trial->codes, 3, 2.0f);
}

static void end_trial(struct trial *trial)
{
    code_watch_destroy(trial->watch);
    parameter_set_destroy(trial->set);
}

/* Latents near codes 0 to 4 alone, the more often the lower; those of record 6 lie elsewhere. */
static void draw(float *latents, int32_t *ids, const struct trial *trial, uint64_t record,
                 uint64_t batch)
{
    struct random_stream stream = random_stream_numbered(batch, record, "latents");
    for (size_t t = 0; t < TOKENS; t++) {
        ids[t] = (int32_t)(t % 5);
        for (size_t c = 0; c < WIDTH; c++)
            latents[t * WIDTH + c] = trial->codes->value[(size_t)ids[t] * WIDTH + c] +
                                     (record == 6 ? 3.0f : 0.01f) * (float)random_normal(&stream);
    }
}

/* A batch of RECORDS on `on`; every record's tokens on the rank that has it. */
static void run_batch(struct trial *trial, const struct team *on, uint64_t batch)
{
    const struct slice own = slice_of(RECORDS, on->rank, on->size);
    float latents[TOKENS * WIDTH];
    int32_t ids[TOKENS];
    code_watch_begin(trial->watch, 5, batch);
    for (size_t r = own.first; r < own.first + own.count; r++) {
        const uint64_t record = (r * 3 + batch) % RECORDS; /* dealt out differently each time */
        draw(latents, ids, trial, record, batch);
        code_watch_add(trial->watch, record, latents, ids, TOKENS);
    }
    check_status(code_watch_end(trial->watch, on), STATUS_OK, NULL);
}

static bool is_same(const struct parameter *a, const struct parameter *b)
{
    return memcmp(a->value, b->value, a->count * sizeof *a->value) == 0;
}

static void ranks_do_not_matter(void)
{
    struct trial ours, single, later;
    begin_trial(&ours, INTERVAL);
    begin_trial(&single, INTERVAL);
    begin_trial(&later, INTERVAL);
    for (uint64_t batch = 0; batch < 3 * INTERVAL; batch++) {
        run_batch(&ours, &team, batch);
        run_batch(&single, &alone, batch);
        if (batch == 5) { /* all that is remembered are the parameters */
            memcpy(later.codes->value, ours.codes->value, sizeof(float) * CODES * WIDTH);
            memcpy(later.last_use->value, ours.last_use->value, sizeof(float) * CODES);
        }
        if (batch > 5)
            run_batch(&later, &team, batch);
    }
    CU_ASSERT(is_same(ours.codes, single.codes) && is_same(ours.last_use, single.last_use));
    CU_ASSERT(is_same(ours.codes, later.codes) && is_same(ours.last_use, later.last_use));
    end_trial(&ours);
    end_trial(&single);
    end_trial(&later);
}

static double cosine(const float *a, const float *b)
{
    double product = 0.0, x = 0.0, y = 0.0;
    for (size_t c = 0; c < WIDTH; c++) {
        product += (double)a[c] * (double)b[c];
        x += (double)a[c] * (double)a[c];
        y += (double)b[c] * (double)b[c];
    }
    return product / sqrt(x * y);
}

static double length(const float *code)
{
    double square = 0.0;
    for (size_t c = 0; c < WIDTH; c++)
        square += (double)code[c] * (double)code[c];
    return sqrt(square);
}

/* How many of the latents of record 6 a code is. */
static size_t latents_at(const struct trial *trial, const float *code, uint64_t batch)
{
    float latents[TOKENS * WIDTH];
    int32_t ids[TOKENS];
    size_t count = 0;
    draw(latents, ids, trial, 6, batch);
    for (size_t t = 0; t < TOKENS; t++)
        count += cosine(latents + t * WIDTH, code) > 1.0 - 1e-6;
    return count;
}

static void dead_codes_go_to_where_the_codebook_is_poorest(void)
{
    struct trial trial;
    float before[CODES * WIDTH];
    size_t far = 0;
    begin_trial(&trial, INTERVAL);
    memcpy(before, trial.codes->value, sizeof before);
    for (uint64_t batch = 0; batch < INTERVAL; batch++) {
        CU_ASSERT_EQUAL(memcmp(before, trial.codes->value, sizeof before), 0);
        run_batch(&trial, &team, batch);
    }
    CU_ASSERT_EQUAL(memcmp(before, trial.codes->value, 5 * WIDTH * sizeof(float)), 0);
    for (size_t k = 5; k < CODES; k++) {
        const float *code = trial.codes->value + k * WIDTH;
        CU_ASSERT(memcmp(before + k * WIDTH, code, WIDTH * sizeof(float)) != 0);
        CU_ASSERT_DOUBLE_EQUAL(length(code), length(before + k * WIDTH), 1e-5);
        far += latents_at(&trial, code, INTERVAL - 1) > 0;
        for (size_t other = 5; other < k; other++)
            CU_ASSERT(cosine(code, trial.codes->value + other * WIDTH) < 1.0 - 1e-9);
    }
    CU_ASSERT(far >= CODES - 5 - 1);
    CU_ASSERT_DOUBLE_EQUAL(code_watch_share(trial.watch), 5.0 / CODES, 1e-12);
    end_trial(&trial);
}

static void without_an_interval_nothing_is_revived(void)
{
    struct trial trial;
    float before[CODES * WIDTH];
    begin_trial(&trial, 0);
    memcpy(before, trial.codes->value, sizeof before);
    for (uint64_t batch = 0; batch < 6; batch++)
        run_batch(&trial, &team, batch);
    CU_ASSERT_EQUAL(memcmp(before, trial.codes->value, sizeof before), 0);
    CU_ASSERT_DOUBLE_EQUAL(code_watch_share(trial.watch), 5.0 / CODES, 1e-12);
    end_trial(&trial);
}

/* Latents that are codes already are worth nothing. */
static void a_batch_without_anything_new_revives_nothing(void)
{
    struct trial trial;
    float before[CODES * WIDTH];
    const int32_t id = 2;
    begin_trial(&trial, 1);
    memcpy(before, trial.codes->value, sizeof before);
    code_watch_begin(trial.watch, 5, 0);
    if (team.rank == 0)
        code_watch_add(trial.watch, 1, before + 2 * WIDTH, &id, 1);
    check_status(code_watch_end(trial.watch, &team), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(memcmp(before, trial.codes->value, sizeof before), 0);
    end_trial(&trial);
}

static void a_failure_on_one_rank_is_everybodys(void)
{
    for (int rank = 0; rank < team.size; rank++) {
        const struct team_fault fault = { "gather", rank, STATUS_NO_MEMORY };
        struct team faulty = team;
        struct trial trial;
        begin_trial(&trial, 1);
        faulty.fault = &fault;
        code_watch_begin(trial.watch, 5, 0);
        check_status(code_watch_end(trial.watch, &faulty), STATUS_NO_MEMORY, "gather");
        end_trial(&trial);
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
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "ranks do not matter", ranks_do_not_matter },
        { "dead codes go to where the codebook is poorest",
          dead_codes_go_to_where_the_codebook_is_poorest },
        { "without an interval nothing is revived", without_an_interval_nothing_is_revived },
        { "a batch without anything new", a_batch_without_anything_new_revives_nothing },
        { "a failure on one rank is everybody's", a_failure_on_one_rank_is_everybodys },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "code watch", cases);
}
