#include "nn/tape_norm.h"
#include "training/contrastive_inside.h"

#include <math.h>
#include <string.h>

/* Dropouts of the image tower count from here. */
enum { IMAGE_DROPOUTS = 1 << 16 };

/* Units from the first of a frame to the first of the next: frames of several share half of them.
 */
static size_t unit_step(const struct contrastive *self)
{
    return (self->options.speech.merged_units + 1) / 2;
}

/* Frames of a record's speech. */
static size_t speech_frames(const struct contrastive *self, const struct store_batch *batch,
                            size_t record)
{
    if (self->options.speech.units == 0)
        return batch->feature_offsets[record + 1] - batch->feature_offsets[record];
    const size_t units = batch->unit_offsets[record + 1] - batch->unit_offsets[record];
    return (units + unit_step(self) - 1) / unit_step(self);
}

static size_t picture_frames(const struct contrastive *self)
{
    return self->images != NULL ? self->shape.tokens / self->options.images.merged_units : 0;
}

struct record_range contrastive_range(const struct contrastive *self,
                                      const struct store_batch *batch, size_t first)
{
    struct record_range range = { first, 0 };
    size_t speech = 0, pictures = 0;
    while (first + range.count < batch->count) {
        speech += speech_frames(self, batch, first + range.count);
        pictures += picture_frames(self);
        if (range.count > 0 &&
            (speech > self->options.pass_frames || pictures > self->options.pass_frames))
            break;
        range.count++;
    }
    return range;
}

/* Where each record's frames begin, from 0 on. */
static size_t *speech_starts(const struct contrastive *self, struct tape *tape,
                             const struct store_batch *batch, struct record_range range)
{
    size_t *starts = tape_take(tape, range.count + 1, sizeof *starts);
    if (starts == NULL)
        return NULL;
    starts[0] = 0;
    for (size_t r = 0; r < range.count; r++)
        starts[r + 1] = starts[r] + speech_frames(self, batch, range.first + r);
    return starts;
}

/* Layers stand side by side in the store and one after the other here. */
static const uint16_t *const *split_layers(const struct contrastive *self, struct tape *tape,
                                           const struct store_batch *batch, size_t first,
                                           size_t frames)
{
    const size_t L = self->options.speech.feature_layers, D = self->options.speech.sizes.width;
    const uint16_t **layers = tape_take(tape, L, sizeof *layers);
    const uint16_t *rows = batch->features + first * L * D;
    if (layers != NULL && L == 1)
        layers[0] = rows;
    for (size_t l = 0; l < L && L > 1 && tape_has_room(tape); l++) {
        uint16_t *layer = tape_take(tape, frames * D, sizeof *layer);
        for (size_t t = 0; t < frames && layer != NULL; t++)
            memcpy(layer + t * D, rows + (t * L + l) * D, D * sizeof *layer);
        layers[l] = layer;
    }
    return layers;
}

/* Each frame's units side by side; beyond the caption's end, its last unit. */
static int32_t *stack_units(const struct contrastive *self, struct tape *tape,
                            const struct store_batch *batch, struct record_range range,
                            const size_t *starts)
{
    const size_t merged = self->options.speech.merged_units, step = unit_step(self);
    int32_t *ids = tape_take(tape, starts[range.count] * merged, sizeof *ids);
    for (size_t r = 0; r < range.count && ids != NULL; r++) {
        const size_t first = batch->unit_offsets[range.first + r];
        const size_t last = batch->unit_offsets[range.first + r + 1] - 1;
        for (size_t i = 0; i < (starts[r + 1] - starts[r]) * merged; i++) {
            const size_t at = first + i / merged * step + i % merged;
            ids[starts[r] * merged + i] = batch->units[at < last ? at : last];
        }
    }
    return ids;
}

static struct array *embeddings_of(struct speech_encoder *encoder, struct tape *tape,
                                   struct speech_batch *batch, struct record_range range,
                                   const struct objective_batch *step)
{
    if (step != NULL) {
        batch->records = step->names + range.first;
        batch->seed = step->seed;
        batch->step = step->step;
    }
    if (!tape_has_room(tape))
        return tape_constant(tape, NULL, range.count, 0);
    return speech_encoder_run(encoder, tape, batch, false).embedding;
}

struct array *contrastive_encode_speech(struct contrastive *self, struct tape *tape,
                                        const struct store_batch *batch, struct record_range range,
                                        const struct objective_batch *step)
{
    const bool has_units = self->options.speech.units > 0;
    size_t *starts = speech_starts(self, tape, batch, range);
    struct speech_batch speech = { .frames = { range.count, starts } };
    if (starts != NULL && has_units)
        speech.units = stack_units(self, tape, batch, range, starts);
    else if (starts != NULL)
        speech.half_layers = split_layers(self, tape, batch, batch->feature_offsets[range.first],
                                          starts[range.count]);
    return embeddings_of(self->speech, tape, &speech, range, step);
}

/* The units of a picture, row by row, as patches of side x side one after the other; side 1 leaves
 * them as they are. */
static void cut_patches(int32_t *ids, const uint16_t *units, const struct store_batch_shape *shape,
                        size_t side)
{
    const size_t across = shape->grid_columns / side;
    for (size_t row = 0; row < shape->grid_rows; row++)
        for (size_t column = 0; column < shape->grid_columns; column++) {
            const size_t patch = row / side * across + column / side;
            const size_t inside = row % side * side + column % side;
            ids[patch * side * side + inside] = units[row * shape->grid_columns + column];
        }
}

struct array *contrastive_encode_images(struct contrastive *self, struct tape *tape,
                                        const struct store_batch *batch, struct record_range range,
                                        const struct objective_batch *step)
{
    const size_t tokens = self->shape.tokens, frames = picture_frames(self);
    const struct speech_encoder_config *sizes = &self->options.images;
    const size_t side =
        sizes->convolution_channels > 0 ? 1 : (size_t)lround(sqrt((double)sizes->merged_units));
    size_t *starts = tape_take(tape, range.count + 1, sizeof *starts);
    int32_t *ids = tape_take(tape, range.count * tokens, sizeof *ids);
    for (size_t r = 0; r <= range.count && tape_has_room(tape); r++) {
        starts[r] = r * frames;
        if (r < range.count)
            cut_patches(ids + r * tokens, batch->image_units + (range.first + r) * tokens,
                        &self->shape, side);
    }
    struct speech_batch pictures = { .frames = { range.count, starts },
                                     .units = ids,
                                     .first_dropout = IMAGE_DROPOUTS };
    return embeddings_of(self->images, tape, &pictures, range, step);
}

void contrastive_encode(struct array **speech, struct array **images, struct contrastive *self,
                        struct tape *tape, const struct store_batch *batch,
                        struct record_range range, const struct objective_batch *step)
{
    *speech = contrastive_encode_speech(self, tape, batch, range, step);
    *images =
        self->images != NULL ? contrastive_encode_images(self, tape, batch, range, step) : NULL;
}
