#include "bench/bench_works.h"
#include "core/random.h"
#include "models/generation.h"
#include "models/im2sp_untrained.h"

#include <stdlib.h>

enum { PICTURES = 64, UNITS = 150, CODES = 8192, SEED = 1 };

struct work {
    struct im2sp *net;
    struct generation *generation;
    uint16_t *units; /* [PICTURES][side * side] */
    size_t next, taken;
};

void bench_im2sp_close(void *self)
{
    struct work *work = self;
    if (work == NULL)
        return;
    generation_destroy(work->generation);
    im2sp_destroy(work->net);
    free(work->units);
    free(work);
}

/* No caption ends before its last unit. */
static void forbid_ends(struct tensor_table *table)
{
    const struct tensor *bias = tensor_table_find(table, "output.bias");
    ((float *)bias->owned)[UNIT_ID_END] = -1e6f;
}

static enum status make_net(struct work *work, const struct im2sp_config *config)
{
    struct tensor_table table;
    enum status outcome = im2sp_untrained(&table, config, SEED);
    if (outcome != STATUS_OK)
        return outcome;
    forbid_ends(&table);
    outcome = im2sp_create(&work->net, &table, NULL);
    tensor_table_end(&table);
    return outcome;
}

/* Random units, and the vectors that they stand for. */
static enum status make_pictures(struct work *work, const struct im2sp_config *config)
{
    struct random_stream stream = random_stream_for(SEED, "bench", "units");
    const size_t places = config->encoder.side * config->encoder.side;
    const size_t width = config->encoder.channels;
    float *codes = malloc(CODES * width * sizeof *codes);
    enum status outcome = STATUS_OK;
    work->units = malloc(PICTURES * places * sizeof *work->units);
    if (codes == NULL || work->units == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "im2sp: %d pictures", PICTURES);
    for (size_t i = 0; outcome == STATUS_OK && i < CODES * width; i++)
        codes[i] = (float)random_normal(&stream);
    for (size_t i = 0; outcome == STATUS_OK && i < PICTURES * places; i++)
        work->units[i] = (uint16_t)random_below(&stream, CODES);
    if (outcome == STATUS_OK)
        outcome = im2sp_set_codebook(work->net, codes, CODES, width);
    free(codes);
    return outcome;
}

static double caption_flop(const struct im2sp_config *config)
{
    double flop = im2sp_config_picture_flop(config);
    for (size_t u = 0; u < UNITS; u++)
        flop += im2sp_config_unit_flop(config, u);
    return flop;
}

enum status bench_im2sp_open(void **self, double *gflop_per_item,
                             const struct bench_setting *setting)
{
    (void)setting;
    const struct im2sp_config config = im2sp_config_large();
    const struct generation_options options = { .method = GENERATION_GREEDY,
                                                .batch = PICTURES,
                                                .captions = 1,
                                                .length_max = UNITS + 1,
                                                .beams = 1,
                                                .temperature = 1.0,
                                                .top_p = 1.0 };
    struct work *work = calloc(1, sizeof *work);
    *self = NULL;
    if (work == NULL)
        return status_fail(STATUS_NO_MEMORY, "im2sp: no memory");
    enum status outcome = make_net(work, &config);
    if (outcome == STATUS_OK)
        outcome = make_pictures(work, &config);
    if (outcome == STATUS_OK)
        outcome = generation_create(&work->generation, work->net, &options);
    if (outcome != STATUS_OK) {
        bench_im2sp_close(work);
        return outcome;
    }
    *gflop_per_item = 1e-9 * caption_flop(&config);
    *self = work;
    return STATUS_OK;
}

static enum status give(void *self, bool *is_there, float *picture, size_t *number,
                        const char **subject)
{
    struct work *work = self;
    const size_t side = im2sp_sizes(work->net)->encoder.side;
    *is_there = work->next < PICTURES;
    if (!*is_there)
        return STATUS_OK;
    *number = work->next++;
    *subject = "bench";
    return im2sp_encode_units(&picture, work->net, work->units + *number * side * side, 1);
}

static enum status take(void *self, const struct generation_result *result)
{
    struct work *work = self;
    work->taken += result->count == UNITS + 1;
    return STATUS_OK;
}

enum status bench_im2sp_run(double *items, void *self)
{
    struct work *work = self;
    work->next = work->taken = 0;
    const enum status outcome =
        generation_run(work->generation, &(struct generation_ends){ give, take, work });
    *items = (double)work->taken;
    return outcome;
}
