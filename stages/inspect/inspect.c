#include "stages/inspect/inspect.h"

#include "core/digest.h"
#include "core/sha256.h"
#include "models/im2sp.h"
#include "models/unit_vocoder.h"
#include "storage/kmeans_file.h"
#include "storage/weights_file.h"
#include "tokenizers/image/clip.h"
#include "tokenizers/image/vit_vqgan.h"
#include "tokenizers/speech/hubert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_hubert(const struct hubert_config *config, enum status usable)
{
    printf("net        HuBERT: %zu layers of width %zu, %zu heads, feed-forward %zu, %zu "
           "convolutions of %zu channels%s\n",
           config->layers, config->width, config->heads, config->feed_forward_width,
           config->convolution_count, config->convolutions[0].channels,
           config->norm_first ? ", norm first" : "");
    printf("usable     %s\n", usable == STATUS_OK ? "yes, with --hubert" : status_text());
}

static void print_vit_vqgan(const struct vit_vqgan_config *config, enum status usable)
{
    printf("net        ViT-VQGAN: pictures of %zu x %zu in patches of %zu, encoder %zu layers of "
           "width %zu, %zu codes of %zu values\n",
           config->image_width, config->image_height, config->patch, config->encoder.depth,
           config->encoder.dim, config->code_count, config->code_width);
    printf("usable     %s\n", usable == STATUS_OK ? "yes, with --vit-vqgan" : status_text());
}

static bool tell_hubert(const struct weights_file *file)
{
    struct hubert_config config;
    struct hubert *net = NULL;
    if (hubert_config_of_weights(&config, &file->table, file->settings) != STATUS_OK)
        return false;
    const enum status usable = hubert_create(&net, &file->table, &config);
    print_hubert(&config, usable);
    hubert_destroy(net);
    return true;
}

static bool tell_vit_vqgan(const struct weights_file *file)
{
    struct vit_vqgan_config config;
    struct vit_vqgan *net = NULL;
    if (vit_vqgan_config_of_weights(&config, &file->table, file->settings) != STATUS_OK)
        return false;
    const enum status usable = vit_vqgan_create(&net, &file->table, file->settings);
    print_vit_vqgan(&config, usable);
    vit_vqgan_destroy(net);
    return true;
}

static bool tell_clip(const struct weights_file *file)
{
    struct clip *net = NULL;
    char prefix[CLIP_PREFIX_BYTES];
    enum clip_naming naming;
    if (clip_prefix(&naming, prefix, &file->table) != STATUS_OK)
        return false;
    const enum status usable = clip_create(&net, &file->table, file->settings);
    printf("net        CLIP image encoder, named as by %s",
           naming == CLIP_OPENAI ? "OpenAI and OpenCLIP" : "Hugging Face");
    if (usable == STATUS_OK) {
        const struct clip_config *sizes = clip_sizes(net);
        printf(": pictures of side %zu in patches of %zu, %zu layers of width %zu, %zu heads, %s, "
               "embeddings of %zu values",
               sizes->image, sizes->patch, sizes->layers, sizes->width, sizes->heads,
               clip_config_activation(sizes), sizes->embedding);
    }
    printf("\nusable     %s\n", usable == STATUS_OK ? "yes, with --clip" : status_text());
    clip_destroy(net);
    return true;
}

static bool tell_vocoder(const struct weights_file *file)
{
    char prefix[UNIT_VOCODER_PREFIX_BYTES];
    struct unit_vocoder *net = NULL;
    if (unit_vocoder_prefix(prefix, &file->table) != STATUS_OK)
        return false;
    const enum status usable = unit_vocoder_create(&net, &file->table, file->settings);
    printf("net        unit vocoder (code HiFi-GAN)");
    if (usable == STATUS_OK) {
        const struct unit_vocoder_config *sizes = unit_vocoder_sizes(net);
        printf(": %zu units of %zu values, %zu channels, %zu samples a unit at %zu Hz, %s duration "
               "predictor",
               sizes->codes, sizes->width, sizes->channels, unit_vocoder_config_hop(sizes),
               sizes->rate_hz, sizes->duration_hidden > 0 ? "with" : "without");
    }
    printf("\nusable     %s\n", usable == STATUS_OK ? "yes, with --vocoder" : status_text());
    unit_vocoder_destroy(net);
    return true;
}

static void tell_im2sp_sizes(const struct im2sp_config *sizes)
{
    if (sizes->input == IM2SP_EMBEDDINGS)
        printf(": sees embeddings of %zu values as %zu tokens", sizes->encoder.width,
               sizes->prefix_tokens);
    else
        printf(": sees %zu x %zu %s, encoder %zu layers of width %zu", sizes->encoder.side,
               sizes->encoder.side, sizes->input == IM2SP_UNITS ? "image units" : "pixels",
               sizes->encoder.layers, sizes->encoder.width);
    if (sizes->encoder.convolution_channels > 0)
        printf(" behind convolutions of %zu channels%s", sizes->encoder.convolution_channels,
               sizes->encoder.sees_similarities ? " over units and their similarities" : "");
    printf(", decoder %zu layers of width %zu, %zu ids in sequences of up to %zu", sizes->layers,
           sizes->width, sizes->vocabulary, sizes->length_max);
}

static bool tell_im2sp(const struct weights_file *file)
{
    char prefix[IM2SP_PREFIX_BYTES];
    enum im2sp_naming naming;
    struct im2sp *net = NULL;
    if (im2sp_prefix(&naming, prefix, &file->table) != STATUS_OK)
        return false;
    const enum status usable = im2sp_create(&net, &file->table, file->settings);
    printf("net        image-to-speech-unit model on GIT, named as at %s",
           naming == IM2SP_MICROSOFT ? "Microsoft" : "Hugging Face");
    if (usable == STATUS_OK)
        tell_im2sp_sizes(im2sp_sizes(net));
    printf("\nusable     %s\n", usable == STATUS_OK ? "yes, with --im2sp" : status_text());
    im2sp_destroy(net);
    return true;
}

static const size_t *shape_of(const struct weights_file *file, const char *name, size_t dimensions)
{
    const struct tensor *tensor = tensor_table_find(&file->table, name);
    return tensor != NULL && tensor->dimension_count == dimensions ? tensor->shape : NULL;
}

static size_t count_blocks(const struct weights_file *file)
{
    size_t count = 0;
    char name[128];
    do
        snprintf(name, sizeof name, "parallel_branch.self_att.model.layers.%zu.linear1.weight",
                 count++);
    while (shape_of(file, name, 2) != NULL);
    return count - 1;
}

/* What unitmill pretrain writes, or SpeechCLIP's parallel branch, whose names it has. */
static bool tell_speech_encoder(const struct weights_file *file)
{
    const size_t *projection = shape_of(file, "parallel_branch.linear_proj.weight", 2);
    const size_t *layers = shape_of(file, "audio_encoder.weightedsum_layer.weights", 1);
    const size_t *units = shape_of(file, "audio_encoder.unit_embedding.weight", 2);
    if (projection == NULL || shape_of(file, "parallel_branch.cls", 3) == NULL ||
        (layers == NULL && units == NULL))
        return false;
    printf("net        speech CLS encoder: %zu blocks of width %zu, over %zu %s, embeddings of %zu "
           "values%s\n",
           count_blocks(file), projection[1], units != NULL ? units[0] : layers[0],
           units != NULL ? "units" : "layers of features", projection[0],
           shape_of(file, "image_tower.parallel_branch.linear_proj.weight", 2) != NULL
               ? "; with an image tower"
               : "");
    return true;
}

static uint64_t parameter_count(const struct tensor_table *table)
{
    uint64_t count = 0;
    for (size_t t = 0; t < table->count; t++)
        count += table->tensors[t].count;
    return count;
}

static void print_tensors(const struct tensor_table *table)
{
    for (size_t t = 0; t < table->count; t++) {
        const struct tensor *tensor = &table->tensors[t];
        printf("%-5s [", tensor_type_name(tensor->type));
        for (size_t d = 0; d < tensor->dimension_count; d++)
            printf("%s%zu", d == 0 ? "" : ", ", tensor->shape[d]);
        printf("]\t%s\n", tensor->name);
    }
}

static enum status print_file(const char *path, const char *format)
{
    char digest[DIGEST_TEXT_BYTES], sha256[SHA256_TEXT_BYTES];
    enum status outcome = digest_file(digest, path);
    if (outcome == STATUS_OK)
        outcome = sha256_file(sha256, path);
    if (outcome != STATUS_OK)
        return outcome;
    printf("file       %s\n", path);
    printf("format     %s\n", format);
    printf("SHA-256    %s\n", sha256);
    printf("digest     %s (XXH3-128)\n", digest);
    return STATUS_OK;
}

static enum status print_weights(const struct weights_file *file, const char *path)
{
    const enum status outcome = print_file(path, weights_format_name(file->format));
    if (outcome != STATUS_OK)
        return outcome;
    printf("tensors    %zu, %" PRIu64 " values\n", file->table.count,
           parameter_count(&file->table));
    if (!tell_im2sp(file) && !tell_hubert(file) && !tell_vit_vqgan(file) && !tell_clip(file) &&
        !tell_vocoder(file) && !tell_speech_encoder(file))
        printf("net        not recognised\n");
    print_tensors(&file->table);
    return STATUS_OK;
}

/* The file is no weights file, which `reason` says. Is it a k-means model? */
static enum status print_kmeans(const char *path, enum status why, const char *reason)
{
    float *centroids = NULL;
    size_t clusters = 0, width = 0;
    if (kmeans_file_read(&centroids, &clusters, &width, path) != STATUS_OK)
        return status_fail(why, "%s", reason);
    free(centroids);
    const enum status outcome = print_file(path, "k-means model");
    if (outcome == STATUS_OK)
        printf("centres    %zu of %zu values, for --kmeans\n", clusters, width);
    return outcome;
}

enum status inspect_command(struct command_line *line, int argc, char **argv)
{
    const char *config = NULL;
    const struct option options[] = {
        { "config", OPTION_TEXT, &config, "FILE",
          "its configuration (default: config.json beside it)" },
    };
    if (!command_begin(line, options, sizeof options / sizeof options[0], argc, argv))
        return STATUS_OK;
    const char *path = line->operands[0];
    char reason[STATUS_TEXT_BYTES];
    struct weights_file file;
    enum status outcome = weights_file_read(&file, path, config);
    if (outcome != STATUS_OK) {
        snprintf(reason, sizeof reason, "%s", status_text());
        return print_kmeans(path, outcome, reason);
    }
    outcome = print_weights(&file, path);
    weights_file_end(&file);
    return outcome;
}
