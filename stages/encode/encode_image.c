#include "cluster/stop.h"
#include "stages/encode/encode.h"
#include "stages/encode/encode_group.h"
#include "stages/picture_embeddings.h"
#include "stages/picture_units.h"
#include "stages/shipped_nets.h"

struct request {
    struct picture_units_options units;           /* weights NULL where embeddings are asked for */
    struct picture_embeddings_options embeddings; /* weights NULL where units are */
    const char *out;
    bool wants_trace;
};

/* One net, the other one NULL, and where its results go. */
struct encoding {
    struct picture_units *units;
    struct picture_embeddings *embeddings;
    struct array_file *file;
    struct encode_trace trace;
};

static void put_traced(void *payload, size_t picture, const char *name, const float *values,
                       size_t rows, size_t columns)
{
    (void)picture; /* one at a time here */
    encode_trace_put(payload, name, values, rows, columns);
}

static enum status put_units(struct encoding *encoding)
{
    struct picture_units *units = encoding->units;
    const struct picture_result *result = NULL;
    size_t count = 0;
    enum status outcome = picture_units_flush(&result, &count, units);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t grid[2] = { picture_units_rows(units), picture_units_columns(units) };
    const size_t latents[2] = { grid[0] * grid[1],
                                vit_vqgan_sizes(picture_units_net(units))->code_width };
    outcome = array_file_put(encoding->file, "units", ARRAY_U16, 2, grid, result->tokens);
    if (outcome == STATUS_OK)
        outcome = array_file_put(encoding->file, "latents", ARRAY_F32, 2, latents, result->latents);
    return outcome;
}

static enum status put_embedding(struct encoding *encoding)
{
    const struct picture_embedding *result = NULL;
    size_t count = 0;
    picture_embeddings_flush(&result, &count, encoding->embeddings);
    const size_t width = clip_sizes(picture_embeddings_net(encoding->embeddings))->embedding;
    return array_file_put(encoding->file, "embedding", ARRAY_F32, 1, &width, result->values);
}

static enum status encode_picture(struct encoding *encoding, const char *path)
{
    enum status outcome = encoding->units != NULL
                              ? picture_units_add(encoding->units, path, 0)
                              : picture_embeddings_add(encoding->embeddings, path, 0);
    if (outcome == STATUS_OK)
        outcome = encode_group_begin(encoding->file, path);
    if (outcome == STATUS_OK)
        outcome = encoding->units != NULL ? put_units(encoding) : put_embedding(encoding);
    return outcome == STATUS_OK ? encoding->trace.outcome : outcome;
}

static enum status load(struct encoding *encoding, const struct request *request)
{
    const struct picture_trace trace = { put_traced, &encoding->trace };
    enum status outcome =
        request->units.weights != NULL
            ? picture_units_create(&encoding->units, &request->units)
            : picture_embeddings_create(&encoding->embeddings, &request->embeddings);
    if (outcome == STATUS_OK)
        outcome = array_file_create(&encoding->file, request->out);
    encoding->trace =
        (struct encode_trace){ .file = encoding->file, .wants_all = request->wants_trace };
    if (outcome == STATUS_OK && request->wants_trace && encoding->units != NULL)
        vit_vqgan_set_trace(picture_units_net(encoding->units), &trace);
    else if (outcome == STATUS_OK && request->wants_trace)
        clip_set_trace(picture_embeddings_net(encoding->embeddings), &trace);
    return outcome;
}

static enum status encode_pictures(const struct command_line *line, const struct request *request)
{
    struct encoding encoding = { 0 };
    enum status outcome = load(&encoding, request);
    for (size_t p = 0; p < line->operand_count && outcome == STATUS_OK; p++) {
        outcome = stop_check();
        if (outcome == STATUS_OK)
            outcome = encode_picture(&encoding, line->operands[p]);
    }
    if (outcome == STATUS_OK)
        outcome = array_file_commit(encoding.file);
    array_file_destroy(encoding.file);
    picture_units_destroy(encoding.units);
    picture_embeddings_destroy(encoding.embeddings);
    return outcome;
}

/* NULL where the request makes sense. */
static const char *find_fault(const struct request *request, const char *filter)
{
    const bool wants_units = request->embeddings.weights == NULL;
    if (request->out == NULL)
        return "--out is needed";
    if (!wants_units && request->units.weights != NULL)
        return "either --vit-vqgan or --clip, not both";
    if (!wants_units && (filter != NULL || request->units.crop_tokens > 0))
        return "--resize and --crop-tokens go with --vit-vqgan; CLIP has one way to see a picture";
    return NULL;
}

enum status encode_image_command(struct command_line *line, int argc, char **argv)
{
    struct request request = {
        .units = { .batch_images = 1, .wants_latents = true, .filter = RESIZE_BICUBIC },
        .embeddings = { .batch_images = 1 }
    };
    const char *filter = NULL, *config = NULL;
    char weights[PATH_BYTES];
    const struct option table[] = {
        { "vit-vqgan", OPTION_TEXT, &request.units.weights, "W",
          "ViT-VQGAN weights: gives units (default: those that ship with unitmill)" },
        { "clip", OPTION_TEXT, &request.embeddings.weights, "W",
          "CLIP weights: gives an embedding instead" },
        { "config", OPTION_TEXT, &config, "FILE",
          "their configuration (default: config.json beside them)" },
        { "resize", OPTION_TEXT, &filter, "FILTER", "bicubic (default), bilinear or lanczos" },
        { "crop-tokens", OPTION_COUNT, &request.units.crop_tokens, "N",
          "keep the middle N x N tokens (default: all)" },
        { "out", OPTION_TEXT, &request.out, "FILE", "HDF5 file to write" },
        { "trace", OPTION_SWITCH, &request.wants_trace, NULL,
          "add what lies between, to find a mismatch" },
    };
    if (!command_begin(line, table, sizeof table / sizeof table[0], argc, argv))
        return STATUS_OK;
    request.units.config = request.embeddings.config = config;
    const char *fault = find_fault(&request, filter);
    if (fault == NULL && filter != NULL &&
        resize_filter_parse(&request.units.filter, filter) != STATUS_OK)
        fault = status_text();
    if (fault != NULL)
        return command_usage(line, fault);
    const enum status outcome =
        request.embeddings.weights != NULL
            ? STATUS_OK
            : shipped_net_default(&request.units.weights, weights, "vit-vqgan");
    return outcome == STATUS_OK ? encode_pictures(line, &request) : outcome;
}
