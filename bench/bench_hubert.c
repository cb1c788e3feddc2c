#include "bench/bench_works.h"
#include "core/random.h"
#include "tokenizers/speech/hubert.h"
#include "tokenizers/speech/hubert_untrained.h"

#include <stdlib.h>

/* Batches are those of the plan's default for speech_units.batch_frames. */
enum { SAMPLES = 56000, LAYER = 6, BATCH_FRAMES = 1600, SEED = 1 };

struct work {
    struct tensor_table table;
    struct hubert *net;
    struct hubert_workspace *workspace;
    struct hubert_utterance *utterances; /* [count] */
    float *audio;                        /* [count][SAMPLES] */
    float *features;                     /* [BATCH_FRAMES][width] */
    size_t count;
};

void bench_hubert_close(void *self)
{
    struct work *work = self;
    if (work == NULL)
        return;
    hubert_workspace_destroy(work->workspace);
    hubert_destroy(work->net);
    tensor_table_end(&work->table);
    free(work->utterances);
    free(work->audio);
    free(work->features);
    free(work);
}

static enum status make_audio(struct work *work)
{
    struct random_stream stream = random_stream_for(SEED, "bench", "audio");
    work->count = BATCH_FRAMES / hubert_frame_count(work->net, SAMPLES);
    work->utterances = calloc(work->count, sizeof *work->utterances);
    work->audio = malloc(work->count * SAMPLES * sizeof *work->audio);
    work->features = malloc(BATCH_FRAMES * hubert_width(work->net) * sizeof *work->features);
    if (work->utterances == NULL || work->audio == NULL || work->features == NULL)
        return status_fail(STATUS_NO_MEMORY, "a batch of %zu captions", work->count);
    for (size_t i = 0; i < work->count * SAMPLES; i++)
        work->audio[i] = (float)(0.4 * random_uniform(&stream) - 0.2);
    for (size_t u = 0; u < work->count; u++)
        work->utterances[u] = (struct hubert_utterance){ work->audio + u * SAMPLES, SAMPLES };
    return STATUS_OK;
}

static enum status prepare(struct work *work, const struct hubert_config *config)
{
    enum status outcome = hubert_untrained(&work->table, config, SEED);
    if (outcome == STATUS_OK)
        outcome = hubert_create(&work->net, &work->table, config);
    if (outcome == STATUS_OK)
        outcome = hubert_workspace_create(&work->workspace, work->net, BATCH_FRAMES);
    return outcome == STATUS_OK ? make_audio(work) : outcome;
}

enum status bench_hubert_open(void **self, double *gflop_per_item,
                              const struct bench_setting *setting)
{
    (void)setting;
    const struct hubert_config config = hubert_config_base();
    struct work *work = calloc(1, sizeof *work);
    *self = NULL;
    if (work == NULL)
        return status_fail(STATUS_NO_MEMORY, "hubert: no memory");
    const enum status outcome = prepare(work, &config);
    if (outcome != STATUS_OK) {
        bench_hubert_close(work);
        return outcome;
    }
    *gflop_per_item = 1e-9 * hubert_config_flop(&config, SAMPLES, LAYER);
    *self = work;
    return STATUS_OK;
}

enum status bench_hubert_run(double *items, void *self)
{
    struct work *work = self;
    *items = (double)work->count;
    return hubert_features_of_batch(work->features, work->net, work->workspace, work->utterances,
                                    work->count, LAYER, NULL);
}
