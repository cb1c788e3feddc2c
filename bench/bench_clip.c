#include "bench/bench_photo.h"
#include "bench/bench_works.h"
#include "core/random.h"
#include "tokenizers/image/clip.h"
#include "tokenizers/image/clip_untrained.h"

#include <stdlib.h>

/* As many pictures as go through the net together; the plan's default for
 * embed_images.batch_images is twice that. */
enum { BATCH_PICTURES = 8, SEED = 1 };

struct work {
    struct tensor_table table;
    struct settings *settings;
    struct clip *net;
    struct bench_photo photo;
    uint8_t *pixels;   /* [BATCH_PICTURES][S][S][3] */
    float *embeddings; /* [BATCH_PICTURES][E] */
};

void bench_clip_close(void *self)
{
    struct work *work = self;
    if (work == NULL)
        return;
    clip_destroy(work->net);
    tensor_table_end(&work->table);
    settings_destroy(work->settings);
    bench_photo_end(&work->photo);
    free(work->pixels);
    free(work->embeddings);
    free(work);
}

static enum status make_pictures(struct work *work, const struct clip_config *config)
{
    struct random_stream stream = random_stream_for(SEED, "bench", "pixels");
    const size_t levels = BATCH_PICTURES * config->image * config->image * 3;
    work->pixels = malloc(levels);
    work->embeddings = calloc(BATCH_PICTURES * config->embedding, sizeof *work->embeddings);
    if (work->pixels == NULL || work->embeddings == NULL)
        return status_fail(STATUS_NO_MEMORY, "a batch of %d pictures", BATCH_PICTURES);
    for (size_t i = 0; i < levels; i++)
        work->pixels[i] = (uint8_t)random_bits(&stream);
    return bench_photo_begin(&work->photo);
}

static enum status prepare(struct work *work, const struct clip_config *config)
{
    work->settings = settings_create("bench");
    if (work->settings == NULL)
        return status_fail(STATUS_NO_MEMORY, "clip: no memory");
    enum status outcome = clip_config_write(work->settings, config);
    if (outcome == STATUS_OK)
        outcome = clip_untrained(&work->table, config, SEED);
    if (outcome == STATUS_OK)
        outcome = clip_create(&work->net, &work->table, work->settings);
    return outcome == STATUS_OK ? make_pictures(work, config) : outcome;
}

enum status bench_clip_open(void **self, double *gflop_per_item,
                            const struct bench_setting *setting)
{
    (void)setting;
    struct clip_config config = clip_config_compact(); /* for what all nets share */
    config.patch = 14;
    config.width = 1024;
    config.layers = 24;
    config.heads = 16;
    config.mlp = 4096;
    config.embedding = 768;
    struct work *work = calloc(1, sizeof *work);
    *self = NULL;
    if (work == NULL)
        return status_fail(STATUS_NO_MEMORY, "clip: no memory");
    const enum status outcome = prepare(work, &config);
    if (outcome != STATUS_OK) {
        bench_clip_close(work);
        return outcome;
    }
    *gflop_per_item = 1e-9 * clip_config_flop(&config);
    *self = work;
    return STATUS_OK;
}

enum status bench_clip_run(double *items, void *self)
{
    struct work *work = self;
    *items = BATCH_PICTURES;
    clip_encode(work->embeddings, work->net, work->pixels, BATCH_PICTURES);
    return STATUS_OK;
}

enum status bench_clip_read(double *items, void *self)
{
    struct work *work = self;
    struct resize_window window;
    *items = BATCH_PICTURES;
    const enum status outcome =
        clip_config_window(&window, clip_sizes(work->net), BENCH_PHOTO_WIDTH, BENCH_PHOTO_HEIGHT);
    return outcome == STATUS_OK
               ? bench_photo_read(work->pixels, &work->photo, &window, BATCH_PICTURES)
               : outcome;
}
