#include "bench/bench_photo.h"
#include "bench/bench_works.h"
#include "core/random.h"
#include "tokenizers/image/vit_vqgan.h"
#include "tokenizers/image/vit_vqgan_untrained.h"

#include <stdlib.h>

/* A batch is that of the plan's default for image_units.batch_images. */
enum { BATCH_PICTURES = 4, SEED = 1 };

struct work {
    struct tensor_table table;
    struct settings *settings;
    struct vit_vqgan *net;
    struct bench_photo photo;
    uint8_t *pixels;  /* [BATCH_PICTURES][H][W][3] */
    uint16_t *tokens; /* [BATCH_PICTURES][T] */
};

void bench_vit_vqgan_close(void *self)
{
    struct work *work = self;
    if (work == NULL)
        return;
    vit_vqgan_destroy(work->net);
    tensor_table_end(&work->table);
    settings_destroy(work->settings);
    bench_photo_end(&work->photo);
    free(work->pixels);
    free(work->tokens);
    free(work);
}

static enum status make_pictures(struct work *work, const struct vit_vqgan_config *config)
{
    struct random_stream stream = random_stream_for(SEED, "bench", "pixels");
    const size_t levels = BATCH_PICTURES * config->image_height * config->image_width * 3;
    work->pixels = malloc(levels);
    work->tokens = calloc(BATCH_PICTURES * vit_vqgan_config_tokens(config), sizeof *work->tokens);
    if (work->pixels == NULL || work->tokens == NULL)
        return status_fail(STATUS_NO_MEMORY, "a batch of %d pictures", BATCH_PICTURES);
    for (size_t i = 0; i < levels; i++)
        work->pixels[i] = (uint8_t)random_bits(&stream);
    return bench_photo_begin(&work->photo);
}

static enum status prepare(struct work *work, const struct vit_vqgan_config *config)
{
    work->settings = settings_create("bench");
    if (work->settings == NULL)
        return status_fail(STATUS_NO_MEMORY, "vit-vqgan: no memory");
    enum status outcome = vit_vqgan_config_write(work->settings, config);
    if (outcome == STATUS_OK)
        outcome = vit_vqgan_untrained(&work->table, config, SEED);
    if (outcome == STATUS_OK)
        outcome = vit_vqgan_create(&work->net, &work->table, work->settings);
    return outcome == STATUS_OK ? make_pictures(work, config) : outcome;
}

enum status bench_vit_vqgan_open(void **self, double *gflop_per_item,
                                 const struct bench_setting *setting)
{
    (void)setting;
    const struct vit_vqgan_tower base = {
        .dim = 768, .depth = 12, .heads = 12, .head_width = 64, .mlp = 3072
    };
    struct vit_vqgan_config config = vit_vqgan_config_compact();
    config.encoder = base;
    struct work *work = calloc(1, sizeof *work);
    *self = NULL;
    if (work == NULL)
        return status_fail(STATUS_NO_MEMORY, "vit-vqgan: no memory");
    const enum status outcome = prepare(work, &config);
    if (outcome != STATUS_OK) {
        bench_vit_vqgan_close(work);
        return outcome;
    }
    *gflop_per_item = 1e-9 * vit_vqgan_config_encode_flop(&config);
    *self = work;
    return STATUS_OK;
}

enum status bench_vit_vqgan_run(double *items, void *self)
{
    struct work *work = self;
    *items = BATCH_PICTURES;
    vit_vqgan_encode(work->tokens, NULL, work->net, work->pixels, BATCH_PICTURES);
    return STATUS_OK;
}

enum status bench_vit_vqgan_read(double *items, void *self)
{
    struct work *work = self;
    const struct vit_vqgan_config *sizes = vit_vqgan_sizes(work->net);
    const struct resize_window window = resize_squash(sizes->image_width, sizes->image_height);
    *items = BATCH_PICTURES;
    return bench_photo_read(work->pixels, &work->photo, &window, BATCH_PICTURES);
}
