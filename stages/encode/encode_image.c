#include "core/log.h"
#include "stages/encode/encode.h"
#include "stages/encode/encode_group.h"
#include "stages/picture_embeddings.h"
#include "stages/picture_units.h"

#include <string.h>

struct request {
    struct picture_units_options units;           /* weights NULL: not asked for */
    struct picture_embeddings_options embeddings; /* weights NULL: not asked for */
    const char *out;
    bool wants_trace;
};

/* The nets, NULL where not asked for, and where their results go. */
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
        outcome =
            array_file_put(encoding->file, "latents", ARRAY_F32, 2, latents, result->latents);
    return outcome;
}

static enum status put_embedding(struct encoding *encoding)
{
    const struct picture_embedding *result = NULL;
    size_t count = 0;
    picture_embeddings_flush(&result, &count, encoding->embeddings);
    const size_t width = clip_sizes(picture_embeddings_net(encoding->embeddings))->embedding;
    /* The trace has it too, as a matrix of one row; the group holds it once. */
    return array_file_put(encoding->file, "embedding", ARRAY_F32, 1, &width, result->values);
}

static enum status encode_picture(struct encoding *encoding, const char *path)
{
    enum status outcome = STATUS_OK;
    if (encoding->units != NULL)
        outcome = picture_units_add(encoding->units, path, 0);
    if (outcome == STATUS_OK && encoding->embeddings != NULL)
        outcome = picture_embeddings_add(encoding->embeddings, path, 0);
    if (outcome == STATUS_OK)
        outcome = encode_group_begin(encoding->file, path);
    if (outcome == STATUS_OK && encoding->units != NULL)
        outcome = put_units(encoding);
    if (outcome == STATUS_OK && encoding->embeddings != NULL)
        outcome = put_embedding(encoding);
    return outcome == STATUS_OK ? encoding->trace.outcome : outcome;
}
