#include "bench/bench_works.h"
#include "models/unit_vocoder.h"
#include "models/unit_vocoder_untrained.h"

#include <stdlib.h>

/* Three captions of some four seconds. */
enum { CODES = 3 * 200, SEED = 1, CODES_A_SECOND = 50 };

struct work {
    struct tensor_table table;
    struct unit_vocoder *net;
    uint16_t codes[CODES];
    float *samples;
};

void bench_vocoder_close(void *self)
{
    struct work *work = self;
    if (work == NULL)
        return;
    unit_vocoder_destroy(work->net);
    tensor_table_end(&work->table);
    free(work->samples);
    free(work);
}

enum status bench_vocoder_open(void **self, double *gflop_per_item,
                               const struct bench_setting *setting)
{
    (void)setting;
    const struct unit_vocoder_config config = unit_vocoder_config_public();
    struct work *work = calloc(1, sizeof *work);
    *self = NULL;
    if (work == NULL)
        return status_fail(STATUS_NO_MEMORY, "vocoder: no memory");
    enum status outcome = unit_vocoder_untrained(&work->table, &config, SEED);
    if (outcome == STATUS_OK)
        outcome = unit_vocoder_create(&work->net, &work->table, NULL);
    work->samples = malloc(CODES * unit_vocoder_config_hop(&config) * sizeof *work->samples);
    if (outcome == STATUS_OK && work->samples == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "vocoder: no memory");
    if (outcome != STATUS_OK) {
        bench_vocoder_close(work);
        return outcome;
    }
    for (size_t i = 0; i < CODES; i++)
        work->codes[i] = (uint16_t)(i * 31 % config.codes);
    *gflop_per_item = 1e-9 * CODES_A_SECOND * unit_vocoder_config_flop(&config);
    *self = work;
    return STATUS_OK;
}

enum status bench_vocoder_run(double *items, void *self)
{
    struct work *work = self;
    for (size_t u = 0; u < 3; u++)
        unit_vocoder_run(work->samples, work->net, work->codes + u * CODES / 3, CODES / 3);
    *items = (double)CODES / CODES_A_SECOND;
    return STATUS_OK;
}
