#include "stages/convert_weights/convert_weights.h"

#include "core/file.h"
#include "nn/half.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "storage/weights_file.h"
#include "tokenizers/speech/hubert_names.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METADATA_MAX = 32 };

struct request {
    const char *path, *config, *folder;
    size_t layers; /* LAYERS_ALL: as many as there are */
    bool is_half;
};

enum { LAYERS_ALL = 1 << 20 };

/* What happened to the tensors. */
struct tally {
    size_t dropped, kept_wide;
    uint64_t bytes_before, bytes_after;
    double worst; /* largest error over largest value, of any tensor */
};

static uint64_t bytes_of(const struct tensor *tensor)
{
    return (uint64_t)tensor->count * tensor_type_bytes(tensor->type);
}

static void drop_unclaimed(struct tensor_table *table, const bool *claimed, struct tally *tally)
{
    size_t kept = 0;
    for (size_t t = 0; t < table->count; t++) {
        struct tensor *tensor = &table->tensors[t];
        tally->bytes_before += bytes_of(tensor);
        if (claimed[t]) {
            table->tensors[kept++] = *tensor;
            continue;
        }
        printf("dropped  %s\n", tensor->name);
        tally->dropped++;
        free(tensor->name);
        free(tensor->owned);
    }
    table->count = kept;
}

/* The blocks above `request->layers` go too; below, the net gives what it gave. */
static enum status claim_hubert(bool *claimed, struct hubert_config *config,
                                const struct tensor_table *table, const struct request *request)
{
    struct hubert_names names;
    enum status outcome = hubert_names_detect(&names, table);
    if (outcome == STATUS_OK) /* what is not known is not dropped silently */
        outcome = hubert_names_check(&names, table, config);
    if (outcome != STATUS_OK)
        return outcome;
    if (request->layers != LAYERS_ALL) {
        if (request->layers < 1 || request->layers > config->layers)
            return status_fail(STATUS_INVALID, "%s: --layers %zu: it has %zu", request->path,
                               request->layers, config->layers);
        if (config->norm_first && request->layers < config->layers)
            return status_fail(STATUS_INVALID,
                               "%s: --layers: this HuBERT has a norm after its last block, so with "
                               "fewer the last would give something else",
                               request->path);
        config->layers = request->layers;
    }
    hubert_names_claim(claimed, &names, table, config);
    return STATUS_OK;
}

static void claim_others(bool *claimed, const struct tensor_table *table)
{
    static const char training[] = "loss.";
    for (size_t t = 0; t < table->count; t++)
        claimed[t] = strncmp(table->tensors[t].name, training, sizeof training - 1) != 0;
}

static bool is_wide(enum tensor_type type)
{
    return type == TENSOR_F32 || type == TENSOR_F64 || type == TENSOR_BF16;
}

/* Largest error over largest value; infinity where a value is too large for half precision. */
static double measure_loss(const uint16_t *halves, const float *values, size_t count)
{
    double largest = 0.0, error = 0.0;
    for (size_t i = 0; i < count; i++) {
        float back;
        half_to_float(&back, &halves[i], 1);
        largest = fmax(largest, fabs((double)values[i]));
        error = fmax(error, fabs((double)back - (double)values[i]));
    }
    return error > 0.0 ? error / largest : 0.0;
}

static enum status halve(struct tensor *tensor, const struct tensor_table *table,
                         struct tally *tally)
{
    float *values = malloc((tensor->count + 1) * sizeof *values);
    uint16_t *halves = malloc((tensor->count + 1) * sizeof *halves);
    enum status outcome = values == NULL || halves == NULL
                              ? status_fail(STATUS_NO_MEMORY, "%s: %s", table->source, tensor->name)
                              : tensor_table_read(values, table, tensor->name,
                                                  tensor->dimension_count, tensor->shape);
    if (outcome == STATUS_OK) {
        half_from_float(halves, values, tensor->count);
        const double loss = measure_loss(halves, values, tensor->count);
        if (isfinite(loss)) {
            printf("F16      %s: largest error %.2g of its largest value\n", tensor->name, loss);
            tally->worst = fmax(tally->worst, loss);
            free(tensor->owned);
            tensor->type = TENSOR_F16;
            tensor->data = tensor->owned = halves;
            halves = NULL;
        } else {
            printf("%-8s %s: too large for half precision, kept\n", tensor_type_name(tensor->type),
                   tensor->name);
            tally->kept_wide++;
        }
    }
    free(values);
    free(halves);
    return outcome;
}

static enum status convert_tensors(struct tensor_table *table, struct tally *tally, bool is_half)
{
    enum status outcome = STATUS_OK;
    for (size_t t = 0; t < table->count && outcome == STATUS_OK; t++) {
        struct tensor *tensor = &table->tensors[t];
        if (is_half && is_wide(tensor->type))
            outcome = halve(tensor, table, tally);
        tally->bytes_after += bytes_of(tensor);
    }
    return outcome;
}

static const char units_layer[] = "unitmill.units_layer";

/* One naming of the keys, so that none says otherwise. */
static enum status write_hubert(struct settings *out, const struct settings *from,
                                const struct hubert_config *config, const struct request *request)
{
    enum status outcome = hubert_config_write(out, config);
    if (outcome == STATUS_OK && request->layers != LAYERS_ALL)
        outcome = settings_put_number(out, units_layer, (double)config->layers);
    else if (outcome == STATUS_OK && settings_has(from, units_layer))
        outcome = settings_put_number(out, units_layer, settings_number(from, units_layer, 0.0));
    return outcome;
}

/* `hubert` NULL for another net, whose publisher's keys stay. */
static enum status make_config(struct settings **out, const struct weights_file *file,
                               const struct hubert_config *hubert, const struct request *request)
{
    *out = settings_create("config.json");
    if (*out == NULL)
        return status_fail(STATUS_NO_MEMORY, "config.json");
    return hubert == NULL ? settings_put_all(*out, file->settings)
                          : write_hubert(*out, file->settings, hubert, request);
}

/* What a safetensors file says of itself, as how it was made. */
static void list_metadata(const char *metadata[2 * METADATA_MAX + 1],
                          const struct weights_file *file)
{
    size_t count = 0;
    if (file->format == WEIGHTS_SAFETENSORS)
        for (size_t s = 0; s < settings_count(file->inside) && count < METADATA_MAX; s++) {
            const char *key = settings_key(file->inside, s);
            metadata[2 * count] = key;
            metadata[2 * count++ + 1] = settings_text(file->inside, key, "");
        }
    metadata[2 * count] = NULL;
}

static enum status write_files(const struct weights_file *file, const struct settings *config,
                               const struct request *request)
{
    char weights_path[PATH_BYTES], config_path[PATH_BYTES];
    const char *metadata[2 * METADATA_MAX + 1];
    list_metadata(metadata, file);
    enum status outcome = folder_make(request->folder);
    if (outcome == STATUS_OK)
        outcome = path_join(weights_path, request->folder, "model.safetensors");
    if (outcome == STATUS_OK)
        outcome = path_join(config_path, request->folder, "config.json");
    if (outcome == STATUS_OK)
        outcome = settings_file_write(config_path, config);
    return outcome == STATUS_OK ? safetensors_write(weights_path, &file->table, metadata) : outcome;
}

static enum status convert(struct weights_file *file, struct tally *tally,
                           const struct request *request)
{
    struct hubert_config hubert;
    struct settings *config = NULL;
    bool *claimed = calloc(file->table.count + 1, sizeof *claimed);
    if (claimed == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: %zu tensors", request->path, file->table.count);
    const bool is_hubert =
        hubert_config_of_weights(&hubert, &file->table, file->settings) == STATUS_OK;
    enum status outcome = STATUS_OK;
    if (is_hubert)
        outcome = claim_hubert(claimed, &hubert, &file->table, request);
    else if (request->layers != LAYERS_ALL)
        outcome = status_fail(STATUS_INVALID, "--layers goes with a HuBERT: %s", status_text());
    else
        claim_others(claimed, &file->table);
    if (outcome == STATUS_OK)
        drop_unclaimed(&file->table, claimed, tally);
    free(claimed);
    if (outcome == STATUS_OK)
        outcome = convert_tensors(&file->table, tally, request->is_half);
    if (outcome == STATUS_OK)
        outcome = make_config(&config, file, is_hubert ? &hubert : NULL, request);
    if (outcome == STATUS_OK)
        outcome = write_files(file, config, request);
    settings_destroy(config);
    return outcome;
}

static enum status convert_file(const struct request *request)
{
    struct weights_file file;
    struct tally tally = { 0 };
    enum status outcome = weights_file_read(&file, request->path, request->config);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = convert(&file, &tally, request);
    if (outcome == STATUS_OK) {
        printf("%zu tensors, %zu dropped; %" PRIu64 " bytes became %" PRIu64, file.table.count,
               tally.dropped, tally.bytes_before, tally.bytes_after);
        if (request->is_half)
            printf("; %zu too large for half precision, largest error %.2g", tally.kept_wide,
                   tally.worst);
        printf("\n");
    }
    weights_file_end(&file);
    return outcome;
}

enum status convert_weights_command(struct command_line *line, int argc, char **argv)
{
    struct request request = { .layers = LAYERS_ALL };
    const struct option table[] = {
        { "config", OPTION_TEXT, &request.config, "FILE",
          "its configuration (default: config.json beside it)" },
        { "half", OPTION_SWITCH, &request.is_half, NULL,
          "in half precision, and say what that loses" },
        { "layers", OPTION_COUNT, &request.layers, "N",
          "of a HuBERT the first N blocks alone; units are taken after the last" },
        { "out", OPTION_TEXT, &request.folder, "FOLDER",
          "where model.safetensors and config.json go" },
    };
    if (!command_begin(line, table, sizeof table / sizeof table[0], argc, argv))
        return STATUS_OK;
    if (request.folder == NULL)
        return command_usage(line, "--out is needed");
    request.path = line->operands[0];
    return convert_file(&request);
}
