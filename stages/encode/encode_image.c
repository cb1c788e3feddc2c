#include "core/log.h"
#include "stages/encode/encode.h"
#include "stages/encode/encode_group.h"
#include "stages/picture_units.h"

#include <string.h>

static void put_traced(void *payload, size_t picture, const char *name, const float *values,
                       size_t rows, size_t columns)
{
    (void)picture; /* one at a time here */
    encode_trace_put(payload, name, values, rows, columns);
}

static enum status encode_picture(struct array_file *file, struct picture_units *units,
                                  const char *path)
{
    const struct picture_result *result = NULL;
    size_t count = 0;
    enum status outcome = picture_units_add(units, path, 0);
    if (outcome == STATUS_OK)
        outcome = encode_group_begin(file, path);
    if (outcome == STATUS_OK)
        outcome = picture_units_flush(&result, &count, units);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t grid[2] = { picture_units_rows(units), picture_units_columns(units) };
    const size_t latents[2] = { grid[0] * grid[1],
                                vit_vqgan_sizes(picture_units_net(units))->code_width };
    outcome = array_file_put(file, "units", ARRAY_U16, 2, grid, result->tokens);
    if (outcome == STATUS_OK)
        outcome = array_file_put(file, "latents", ARRAY_F32, 2, latents, result->latents);
    return outcome;
}

static enum status encode_pictures(const struct command_line *line,
                                   const struct picture_units_options *options, const char *out,
                                   bool wants_trace)
{
    struct picture_units *units = NULL;
    struct array_file *file = NULL;
    enum status outcome = picture_units_create(&units, options);
    if (outcome == STATUS_OK)
        outcome = array_file_create(&file, out);
    struct encode_trace trace = { .file = file, .wants_all = wants_trace };
    if (outcome == STATUS_OK && wants_trace)
        vit_vqgan_set_trace(picture_units_net(units),
                            &(struct picture_trace){ put_traced, &trace });
    for (size_t p = 0; p < line->operand_count && outcome == STATUS_OK; p++) {
        outcome = encode_picture(file, units, line->operands[p]);
        if (outcome == STATUS_OK)
            outcome = trace.outcome;
    }
    if (outcome == STATUS_OK)
        outcome = array_file_commit(file);
    array_file_destroy(file);
    picture_units_destroy(units);
    return outcome;
}

enum status encode_image_command(struct command_line *line, int argc, char **argv)
{
    struct picture_units_options options = { .batch_images = 1, .wants_latents = true };
    const char *filter = "bicubic", *out = NULL;
    bool wants_trace = false;
    const struct option table[] = {
        { "vit-vqgan", OPTION_TEXT, &options.weights, "W", "ViT-VQGAN weights" },
        { "config", OPTION_TEXT, &options.config, "FILE",
          "their configuration (default: config.json beside them)" },
        { "resize", OPTION_TEXT, &filter, "FILTER", "bicubic (default), bilinear or lanczos" },
        { "crop-tokens", OPTION_COUNT, &options.crop_tokens, "N",
          "keep the middle N x N tokens (default: all)" },
        { "out", OPTION_TEXT, &out, "FILE", "HDF5 file to write" },
        { "trace", OPTION_SWITCH, &wants_trace, NULL, "add what lies between, to find a mismatch" },
    };
    if (!command_begin(line, table, sizeof table / sizeof table[0], argc, argv))
        return STATUS_OK;
    if (options.weights == NULL || out == NULL)
        return command_usage(line, "--vit-vqgan and --out are needed");
    const enum status outcome = resize_filter_parse(&options.filter, filter);
    if (outcome != STATUS_OK)
        return command_usage(line, status_text());
    return encode_pictures(line, &options, out, wants_trace);
}
