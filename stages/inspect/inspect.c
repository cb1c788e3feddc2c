#include "stages/inspect/inspect.h"

#include "core/digest.h"
#include "core/sha256.h"
#include "storage/weights_file.h"
#include "tokenizers/image/vit_vqgan.h"
#include "tokenizers/speech/hubert.h"

#include <inttypes.h>
#include <stdio.h>

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
    char digest[DIGEST_TEXT_BYTES], sha256[SHA256_TEXT_BYTES];
    struct weights_file file;
    enum status outcome = weights_file_read(&file, path, config);
    if (outcome == STATUS_OK)
        outcome = digest_file(digest, path);
    if (outcome == STATUS_OK)
        outcome = sha256_file(sha256, path);
    if (outcome != STATUS_OK)
        return outcome;
    printf("file       %s\n", path);
    printf("format     %s\n", weights_format_name(file.format));
    printf("SHA-256    %s\n", sha256);
    printf("digest     %s (XXH3-128)\n", digest);
    printf("tensors    %zu, %" PRIu64 " values\n", file.table.count, parameter_count(&file.table));
    if (!tell_hubert(&file) && !tell_vit_vqgan(&file))
        printf("net        not recognised\n");
    print_tensors(&file.table);
    weights_file_end(&file);
    return STATUS_OK;
}
