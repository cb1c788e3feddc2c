#include "models/unit_similarities.h"

#include "nn/multiversion.h"
#include "nn/norm.h"
#include "nn/vector_math.h"

#include <stdlib.h>

enum { FARTHEST = 7, NEAR = 2 };

struct unit_similarities {
    size_t width, side;
    float *codes;     /* [count][width]: of length 1, divided by the root of 2 V */
    float *planes;    /* [width][padded side][padded side] */
    float *distances; /* [side] of one row: squares over 2 V, then the wide similarities */
    struct {
        int down, right;
    } neighbours[UNIT_NEIGHBOURS];
};

static void list_neighbours(struct unit_similarities *self)
{
    size_t n = 0;
    for (int down = -NEAR; down <= NEAR; down++)
        for (int right = -NEAR; right <= NEAR; right++)
            if (down != 0 || right != 0) {
                self->neighbours[n].down = down;
                self->neighbours[n++].right = right;
            }
    for (int far = 4; far <= FARTHEST; far += 3)
        for (int down = -far; down <= far; down += far)
            for (int right = -far; right <= far; right += far)
                if (down != 0 || right != 0) {
                    self->neighbours[n].down = down;
                    self->neighbours[n++].right = right;
                }
}

/* Mean squared distance from the mean. */
static double spread(const float *rows, size_t count, size_t width)
{
    double squares = 0.0;
    for (size_t c = 0; c < width; c++) {
        double sum = 0.0, square = 0.0;
        for (size_t i = 0; i < count; i++) {
            sum += (double)rows[i * width + c];
            square += (double)rows[i * width + c] * (double)rows[i * width + c];
        }
        squares += square / (double)count - sum / (double)count * (sum / (double)count);
    }
    return squares;
}

enum status unit_similarities_create(struct unit_similarities **out, const float *codes,
                                     size_t count, size_t width, size_t side)
{
    const size_t padded = side + 2 * FARTHEST;
    struct unit_similarities *self = calloc(1, sizeof *self);
    *out = self;
    if (self != NULL) {
        self->width = width;
        self->side = side;
        self->codes = malloc(count * width * sizeof *self->codes);
        self->planes = malloc(width * padded * padded * sizeof *self->planes);
        self->distances = malloc(side * sizeof *self->distances);
    }
    if (self == NULL || self->codes == NULL || self->planes == NULL || self->distances == NULL) {
        unit_similarities_destroy(self);
        *out = NULL;
        return status_fail(STATUS_NO_MEMORY, "similarities of %zu codes", count);
    }
    l2_normalise(self->codes, codes, 1e-12f, count, width);
    const double V = spread(self->codes, count, width);
    const float scale = V > 1e-9 ? (float)(1.0 / sqrt(2.0 * V)) : 1.0f;
    for (size_t i = 0; i < count * width; i++)
        self->codes[i] *= scale;
    list_neighbours(self);
    return STATUS_OK;
}

void unit_similarities_destroy(struct unit_similarities *self)
{
    if (self == NULL)
        return;
    free(self->codes);
    free(self->planes);
    free(self->distances);
    free(self);
}

/* Codes plane by plane, with a border in which the outermost go on. */
static void put_planes(struct unit_similarities *self, const uint16_t *units)
{
    const size_t side = self->side, padded = side + 2 * FARTHEST;
    for (size_t y = 0; y < padded; y++)
        for (size_t x = 0; x < padded; x++) {
            const size_t last = side - 1;
            const size_t row = y < FARTHEST ? 0 : y - FARTHEST > last ? last : y - FARTHEST;
            const size_t column = x < FARTHEST ? 0 : x - FARTHEST > last ? last : x - FARTHEST;
            const float *code = self->codes + units[row * side + column] * self->width;
            for (size_t c = 0; c < self->width; c++)
                self->planes[(c * padded + y) * padded + x] = code[c];
        }
}

/* Wide similarities without their shift, of a row of `side` places, to the places `offset` floats
 * away. */
MULTIVERSION
static void compare_row(float *restrict distances, const float *row, ptrdiff_t offset, size_t plane,
                        size_t width, size_t side)
{
    for (size_t x = 0; x < side; x++)
        distances[x] = 0.0f;
    for (size_t c = 0; c < width; c++) {
        const float *here = row + c * plane, *there = here + offset;
        for (size_t x = 0; x < side; x++)
            distances[x] += (here[x] - there[x]) * (here[x] - there[x]);
    }
    for (size_t x = 0; x < side; x++)
        distances[x] = vector_exp(-distances[x]);
}

void unit_similarities_take(float *out, size_t place_stride, size_t similarity_stride,
                            struct unit_similarities *self, const uint16_t *units)
{
    const size_t side = self->side, padded = side + 2 * FARTHEST;
    put_planes(self, units);
    for (size_t n = 0; n < UNIT_NEIGHBOURS; n++)
        for (size_t y = 0; y < side; y++) {
            const float *row = self->planes + (y + FARTHEST) * padded + FARTHEST;
            const ptrdiff_t offset = (ptrdiff_t)padded * self->neighbours[n].down;
            compare_row(self->distances, row, offset + self->neighbours[n].right, padded * padded,
                        self->width, side);
            for (size_t x = 0; x < side; x++) {
                float *place = out + (y * side + x) * place_stride;
                const float wide = self->distances[x], square = wide * wide;
                const float narrow = square * square * (square * square); /* e^-8a of e^-a */
                place[n * similarity_stride] = 2.0f * wide - 1.0f;
                place[(UNIT_NEIGHBOURS + n) * similarity_stride] = 2.0f * narrow - 1.0f;
            }
        }
}
