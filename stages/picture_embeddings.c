#include "stages/picture_embeddings.h"

#include "stages/picture_pixels.h"
#include "storage/weights_file.h"

#include <stdlib.h>

struct picture_embeddings {
    size_t batch_images;
    struct weights_file weights;
    struct clip *net;
    uint8_t *pixels; /* [batch][S][S][3] */
    float *values;   /* [batch][E] */
    struct picture_embedding *results;
    size_t count; /* pictures in the batch */
};

static enum status allocate(struct picture_embeddings *embeddings)
{
    const struct clip_config *sizes = clip_sizes(embeddings->net);
    const size_t batch = embeddings->batch_images;
    embeddings->pixels = calloc(batch * sizes->image * sizes->image, 3);
    embeddings->values = calloc(batch * sizes->embedding, sizeof *embeddings->values);
    embeddings->results = calloc(batch, sizeof *embeddings->results);
    if (embeddings->pixels == NULL || embeddings->values == NULL || embeddings->results == NULL)
        return status_fail(STATUS_NO_MEMORY, "a batch of %zu pictures", batch);
    return STATUS_OK;
}

enum status picture_embeddings_create(struct picture_embeddings **out,
                                      const struct picture_embeddings_options *options)
{
    struct picture_embeddings *embeddings = calloc(1, sizeof *embeddings);
    *out = NULL;
    if (embeddings == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", options->weights);
    embeddings->batch_images = options->batch_images;
    enum status outcome =
        weights_file_read(&embeddings->weights, options->weights, options->config);
    if (outcome == STATUS_OK)
        outcome =
            clip_create(&embeddings->net, &embeddings->weights.table, embeddings->weights.settings);
    if (outcome == STATUS_OK)
        outcome = allocate(embeddings);
    if (outcome != STATUS_OK) {
        picture_embeddings_destroy(embeddings);
        return outcome;
    }
    *out = embeddings;
    return STATUS_OK;
}

void picture_embeddings_destroy(struct picture_embeddings *embeddings)
{
    if (embeddings == NULL)
        return;
    clip_destroy(embeddings->net);
    weights_file_end(&embeddings->weights);
    free(embeddings->pixels);
    free(embeddings->values);
    free(embeddings->results);
    free(embeddings);
}

struct clip *picture_embeddings_net(struct picture_embeddings *embeddings)
{
    return embeddings->net;
}

bool picture_embeddings_is_full(const struct picture_embeddings *embeddings)
{
    return embeddings->count == embeddings->batch_images;
}

static enum status window(struct resize_window *out, const void *net, size_t width, size_t height)
{
    return clip_config_window(out, net, width, height);
}

/* The next place of the batch is read into, and counts only after picture_embeddings_add. */
enum status picture_embeddings_try(struct picture_embeddings *embeddings, const char *path)
{
    const struct clip_config *sizes = clip_sizes(embeddings->net);
    const struct picture_view view = { window, sizes, RESIZE_BICUBIC };
    struct picture_source source;
    return picture_pixels_read(embeddings->pixels +
                                   embeddings->count * sizes->image * sizes->image * 3,
                               &source, path, &view);
}

enum status picture_embeddings_add(struct picture_embeddings *embeddings, const char *path,
                                   size_t number)
{
    const enum status outcome = picture_embeddings_try(embeddings, path);
    if (outcome == STATUS_OK)
        embeddings->results[embeddings->count++].number = number;
    return outcome;
}

void picture_embeddings_flush(const struct picture_embedding **results, size_t *count,
                              struct picture_embeddings *embeddings)
{
    const size_t width = clip_sizes(embeddings->net)->embedding;
    *results = embeddings->results;
    *count = embeddings->count;
    embeddings->count = 0;
    clip_encode(embeddings->values, embeddings->net, embeddings->pixels, *count);
    for (size_t picture = 0; picture < *count; picture++)
        embeddings->results[picture].values = embeddings->values + picture * width;
}
