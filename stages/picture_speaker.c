#include "stages/picture_speaker.h"

#include "stages/picture_embeddings.h"
#include "stages/picture_units.h"
#include "storage/weights_file.h"
#include "tokenizers/image/clip_config.h"
#include "tokenizers/image/pixel_planes.h"

#include <stdlib.h>

struct picture_speaker {
    struct im2sp *net;
    struct picture_units *units;           /* for files of a model of image units */
    struct picture_embeddings *embeddings; /* for files of a model of embeddings */
    struct clip_config clip;               /* how a model of pixels sees */
    uint8_t *pixels;                       /* [S][S][3] */
    float *planes;                         /* [3][S][S] */
};

static enum status load_net(struct picture_speaker *speaker,
                            const struct picture_speaker_options *options)
{
    struct weights_file file;
    enum status outcome = weights_file_read(&file, options->weights, options->config);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = im2sp_create(&speaker->net, &file.table, file.settings);
    weights_file_end(&file);
    return outcome;
}

static enum status give_codebook(struct picture_speaker *speaker, const struct vit_vqgan *tokenizer)
{
    const struct vit_vqgan_config *sizes = vit_vqgan_sizes(tokenizer);
    return im2sp_set_codebook(speaker->net, vit_vqgan_codes(tokenizer), sizes->code_count,
                              sizes->code_width);
}

static enum status load_units(struct picture_speaker *speaker,
                              const struct picture_speaker_options *options)
{
    const struct picture_units_options wanted = {
        .weights = options->vit_vqgan,
        .config = options->vit_vqgan_config,
        .filter = options->filter,
        .crop_tokens = im2sp_sizes(speaker->net)->encoder.side,
        .batch_images = 1,
    };
    if (options->vit_vqgan == NULL)
        return status_fail(STATUS_INVALID,
                           "%s: this model sees image units: a ViT-VQGAN is needed too",
                           options->weights);
    enum status outcome = picture_units_create(&speaker->units, &wanted);
    if (outcome == STATUS_OK)
        outcome = give_codebook(speaker, picture_units_net(speaker->units));
    if (!options->sees_files) {
        picture_units_destroy(speaker->units);
        speaker->units = NULL;
    }
    return outcome;
}

static enum status load_clip(struct picture_speaker *speaker,
                             const struct picture_speaker_options *options)
{
    const struct picture_embeddings_options wanted = { options->clip, options->clip_config, 1 };
    const size_t width = im2sp_sizes(speaker->net)->encoder.width;
    if (!options->sees_files)
        return STATUS_OK;
    if (options->clip == NULL)
        return status_fail(STATUS_INVALID,
                           "%s: this model sees image embeddings: a CLIP is needed too",
                           options->weights);
    const enum status outcome = picture_embeddings_create(&speaker->embeddings, &wanted);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t made = clip_sizes(picture_embeddings_net(speaker->embeddings))->embedding;
    return made == width ? STATUS_OK
                         : status_fail(STATUS_INVALID,
                                       "%s: image embeddings of %zu values, the model sees %zu",
                                       options->clip, made, width);
}

static enum status prepare_pixels(struct picture_speaker *speaker)
{
    const struct im2sp_config *sizes = im2sp_sizes(speaker->net);
    const size_t side = sizes->encoder.side;
    speaker->clip = clip_config_compact();
    speaker->clip.naming = sizes->naming == IM2SP_MICROSOFT ? CLIP_OPENAI : CLIP_HUGGING_FACE;
    speaker->clip.image = side;
    speaker->pixels = malloc(side * side * 3);
    speaker->planes = malloc(side * side * 3 * sizeof *speaker->planes);
    if (speaker->pixels == NULL || speaker->planes == NULL)
        return status_fail(STATUS_NO_MEMORY, "a picture of side %zu", side);
    return STATUS_OK;
}

static enum status prepare(struct picture_speaker *speaker,
                           const struct picture_speaker_options *options)
{
    switch (im2sp_sizes(speaker->net)->input) {
    case IM2SP_UNITS:
        return load_units(speaker, options);
    case IM2SP_EMBEDDINGS:
        return load_clip(speaker, options);
    case IM2SP_PIXELS:
        break;
    }
    return prepare_pixels(speaker);
}

enum status picture_speaker_create(struct picture_speaker **out,
                                   const struct picture_speaker_options *options)
{
    struct picture_speaker *speaker = calloc(1, sizeof *speaker);
    *out = NULL;
    if (speaker == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", options->weights);
    enum status outcome = load_net(speaker, options);
    if (outcome == STATUS_OK)
        outcome = prepare(speaker, options);
    if (outcome != STATUS_OK) {
        picture_speaker_destroy(speaker);
        return outcome;
    }
    *out = speaker;
    return STATUS_OK;
}

void picture_speaker_destroy(struct picture_speaker *speaker)
{
    if (speaker == NULL)
        return;
    im2sp_destroy(speaker->net);
    picture_units_destroy(speaker->units);
    picture_embeddings_destroy(speaker->embeddings);
    free(speaker->pixels);
    free(speaker->planes);
    free(speaker);
}

struct im2sp *picture_speaker_net(struct picture_speaker *speaker)
{
    return speaker->net;
}

static enum status look_at_units(float *picture, struct picture_speaker *speaker, const char *path)
{
    const struct picture_result *results = NULL;
    size_t count = 0;
    enum status outcome = picture_units_add(speaker->units, path, 0);
    if (outcome == STATUS_OK)
        outcome = picture_units_flush(&results, &count, speaker->units);
    return outcome == STATUS_OK ? im2sp_encode_units(&picture, speaker->net, results->tokens, count)
                                : outcome;
}

static enum status look_at_embedding(float *picture, struct picture_speaker *speaker,
                                     const char *path)
{
    const struct picture_embedding *results = NULL;
    size_t count = 0;
    const enum status outcome = picture_embeddings_add(speaker->embeddings, path, 0);
    if (outcome != STATUS_OK)
        return outcome;
    picture_embeddings_flush(&results, &count, speaker->embeddings);
    return im2sp_encode_embeddings(&picture, speaker->net, results->values, count);
}

static enum status window(struct resize_window *out, const void *clip, size_t width, size_t height)
{
    return clip_config_window(out, clip, width, height);
}

enum status picture_speaker_look(float *picture, struct picture_speaker *speaker, const char *path)
{
    const struct picture_view view = { window, &speaker->clip, RESIZE_BICUBIC };
    const size_t side = speaker->clip.image;
    struct picture_source source;
    if (im2sp_sizes(speaker->net)->input == IM2SP_UNITS)
        return look_at_units(picture, speaker, path);
    if (im2sp_sizes(speaker->net)->input == IM2SP_EMBEDDINGS)
        return look_at_embedding(picture, speaker, path);
    const enum status outcome = picture_pixels_read(speaker->pixels, &source, path, &view);
    if (outcome != STATUS_OK)
        return outcome;
    pixel_planes(speaker->planes, speaker->pixels, side, side, speaker->clip.mean,
                 speaker->clip.deviation);
    im2sp_encode_pixels(&picture, speaker->net, speaker->planes, 1);
    return STATUS_OK;
}
