#include "bench/bench_works.h"
#include "cluster/slices.h"
#include "core/random.h"
#include "models/speech_encoder.h"
#include "nn/half.h"
#include "nn/norm.h"
#include "training/contrastive_exchange.h"
#include "training/sharded_optimiser.h"

#include <math.h>
#include <stdlib.h>

/* Captions of 3.5 s, features of HuBERT base, embeddings as Speak the Art has them. */
enum { CAPTIONS = 256, FRAMES = 175, WIDTH = 768, EMBEDDING = 1024, SEED = 1 };

static const size_t memory_bytes = (size_t)16 << 30;

struct work {
    const struct team *team;
    struct slice own; /* captions of this rank */
    struct parameter_set *set;
    struct parameter *log_scale;
    struct speech_encoder *encoder;
    struct sharded_optimiser *optimiser;
    struct tape *tape;
    uint16_t *features;       /* [own][FRAMES][WIDTH] */
    float *images, *gradient; /* [own][EMBEDDING] */
    size_t starts[CAPTIONS + 1];
    uint64_t names[CAPTIONS];
    uint64_t step;
};

void bench_pretrain_close(void *self)
{
    struct work *work = self;
    if (work == NULL)
        return;
    sharded_optimiser_destroy(work->optimiser);
    speech_encoder_destroy(work->encoder);
    parameter_set_destroy(work->set);
    tape_destroy(work->tape);
    free(work->features);
    free(work->images);
    free(work->gradient);
    free(work);
}

static enum status make_records(struct work *work)
{
    struct random_stream stream = random_stream_numbered(SEED, work->own.first, "bench features");
    const size_t values = work->own.count * FRAMES * WIDTH, floats = work->own.count * EMBEDDING;
    work->features = malloc((values + 1) * sizeof *work->features);
    work->images = malloc((floats + 1) * sizeof *work->images);
    work->gradient = malloc((floats + 1) * sizeof *work->gradient);
    if (work->features == NULL || work->images == NULL || work->gradient == NULL)
        return status_fail(STATUS_NO_MEMORY, "features of %zu captions", work->own.count);
    for (size_t v = 0; v < values; v++) {
        const float value = (float)(random_uniform(&stream) - 0.5);
        half_from_float(&work->features[v], &value, 1);
    }
    for (size_t v = 0; v < floats; v++)
        work->images[v] = (float)(random_uniform(&stream) - 0.5);
    l2_normalise(work->images, work->images, 1e-12f, work->own.count, EMBEDDING);
    for (size_t c = 0; c <= work->own.count; c++)
        work->starts[c] = c * FRAMES;
    for (size_t c = 0; c < work->own.count; c++)
        work->names[c] = work->own.first + c;
    return STATUS_OK;
}

static enum status make_net(struct work *work, const struct speech_encoder_config *config)
{
    enum status outcome = parameter_set_create(&work->set);
    if (outcome == STATUS_OK)
        outcome = speech_encoder_create(&work->encoder, work->set, "", config);
    if (outcome != STATUS_OK)
        return outcome;
    work->log_scale = parameter_set_add(work->set, "criterion.temperature", 0, NULL);
    outcome = parameter_set_lay_out(work->set);
    if (outcome == STATUS_OK) {
        speech_encoder_draw(work->encoder, SEED);
        work->log_scale->value[0] = logf(1.0f / 0.07f);
        outcome = tape_create(&work->tape, memory_bytes);
    }
    return outcome;
}

enum status bench_pretrain_open(void **self, double *gflop_per_item,
                                const struct bench_setting *setting)
{
    static const struct adamw_options options = {
        .beta1 = 0.9f, .beta2 = 0.98f, .eps = 1e-6f, .weight_decay = 0.01f
    };
    const struct speech_encoder_config config = speech_encoder_default(WIDTH, EMBEDDING);
    struct work *work = calloc(1, sizeof *work);
    enum status outcome = STATUS_OK;
    *self = NULL;
    if (work == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "pretrain: no memory");
    else {
        work->team = setting->team;
        work->own = slice_of(CAPTIONS, setting->team->rank, setting->team->size);
        outcome = make_net(work, &config);
        if (outcome == STATUS_OK)
            outcome = make_records(work);
    }
    outcome = team_agree(setting->team, "prepare pretrain", outcome);
    if (outcome == STATUS_OK)
        outcome = sharded_optimiser_create(&work->optimiser, setting->team, work->set, &options);
    if (outcome != STATUS_OK) {
        bench_pretrain_close(work);
        return outcome;
    }
    /* Scores of the loss are one product each way. */
    *gflop_per_item =
        1e-9 * (speech_encoder_flop(&config, FRAMES) + 4.0 * (double)CAPTIONS * EMBEDDING);
    *self = work;
    return STATUS_OK;
}

static enum status go_back(struct work *work, struct array *embedding)
{
    const struct contrastive_batch batch = { .count = CAPTIONS,
                                             .width = EMBEDDING,
                                             .speech = embedding->value,
                                             .images = work->images,
                                             .log_scale = work->log_scale->value[0] };
    struct contrastive_result result = { .speech_gradient = work->gradient };
    enum status outcome = contrastive_exchange(&result, work->team, &batch);
    if (outcome != STATUS_OK)
        return outcome;
    work->log_scale->gradient[0] += (float)result.log_scale_gradient;
    tape_seed(work->tape, embedding, work->gradient);
    return tape_run_backward(work->tape);
}

enum status bench_pretrain_run(double *items, void *self)
{
    struct work *work = self;
    const uint16_t *const layers[] = { work->features };
    const struct speech_batch batch = { .frames = { work->own.count, work->starts },
                                        .half_layers = layers,
                                        .records = work->names,
                                        .seed = SEED,
                                        .step = work->step++ };
    tape_reset(work->tape);
    parameter_set_clear_gradients(work->set);
    struct array *embedding =
        speech_encoder_run(work->encoder, work->tape, &batch, false).embedding;
    enum status outcome = team_agree(work->team, "encode captions", tape_status(work->tape));
    if (outcome == STATUS_OK)
        outcome = team_agree(work->team, "differentiate", go_back(work, embedding));
    if (outcome == STATUS_OK)
        (void)sharded_optimiser_update(work->optimiser, 1e-4f, 1.0f, 1.0);
    *items = (double)work->own.count;
    return outcome;
}
