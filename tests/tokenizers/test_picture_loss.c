/* The loss of pictures against a plain calculation in double precision, and its gradient against
 * differences. */
#include "core/random.h"
#include "tests/support/check.h"
#include "tokenizers/image/picture_loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURES = 2, VALUES_MAX = PICTURES * 3 * 24 * 24 };

static const struct picture_loss_weights weights = { .absolute = 0.7f,
                                                     .squared = 1.3f,
                                                     .edges = 0.4f };

struct sample {
    float made[VALUES_MAX], wanted[VALUES_MAX];
};

static void draw(struct sample *sample)
{
    struct random_stream stream = random_stream_numbered(5, 0, "pictures");
    for (size_t i = 0; i < VALUES_MAX; i++) {
        sample->made[i] = (float)random_uniform(&stream);
        sample->wanted[i] = (float)random_uniform(&stream);
    }
}

/* The mean change between neighbours of planes [3][height][width]. */
static double edges(const double *planes, size_t height, size_t width)
{
    double sum = 0.0;
    size_t pairs = 0;
    for (size_t c = 0; c < 3; c++)
        for (size_t y = 0; y < height; y++)
            for (size_t x = 0; x < width; x++) {
                const double *at = planes + (c * height + y) * width + x;
                if (x + 1 < width)
                    sum += fabs(at[1] - at[0]);
                if (y + 1 < height)
                    sum += fabs(at[width] - at[0]);
                pairs += (size_t)(x + 1 < width) + (size_t)(y + 1 < height);
            }
    return sum / (double)pairs;
}

static void halve(double *planes, size_t height, size_t width)
{
    for (size_t row = 0; row < 3 * height / 2; row++)
        for (size_t x = 0; x < width / 2; x++) {
            const double *at = planes + 2 * row * width + 2 * x;
            planes[row * width / 2 + x] = (at[0] + at[1] + at[width] + at[width + 1]) / 4.0;
        }
}

/* The plain calculation, of one picture; `parts` are the three losses without weights. */
static void measure(double parts[3], const float *made, const float *wanted,
                    const struct patches_shape *shape, size_t scales)
{
    float x[VALUES_MAX], y[VALUES_MAX];
    double error[VALUES_MAX];
    const size_t values = 3 * shape->height * shape->width;
    size_t height = shape->height, width = shape->width;
    memset(parts, 0, 3 * sizeof *parts);
    patches_to_planes(x, made, shape);
    patches_to_planes(y, wanted, shape);
    for (size_t i = 0; i < values; i++) {
        error[i] = (double)x[i] - (double)y[i];
        parts[0] += fabs(error[i]) / (double)values;
        parts[1] += error[i] * error[i] / (double)values;
    }
    for (size_t s = 0; s < scales; s++, height /= 2, width /= 2) {
        if (s > 0)
            halve(error, 2 * height, 2 * width);
        parts[2] += edges(error, height, width) / (double)scales;
    }
}

static double plain_loss(const struct sample *sample, const struct patches_shape *shape,
                         size_t scales, double divisor)
{
    const size_t values = 3 * shape->height * shape->width;
    double sum = 0.0, parts[3];
    for (size_t p = 0; p < PICTURES; p++) {
        measure(parts, sample->made + p * values, sample->wanted + p * values, shape, scales);
        sum += (double)weights.absolute * parts[0] + (double)weights.squared * parts[1] +
               (double)weights.edges * parts[2];
    }
    return sum / divisor;
}

/* The loss, and in `gradient` [PICTURES * values] its gradient. */
static double run(float *gradient, const struct sample *sample, const struct patches_shape *shape,
                  double divisor)
{
    struct tape *tape;
    const size_t patch = 3 * shape->patch * shape->patch;
    const size_t values = 3 * shape->height * shape->width;
    check_status(tape_create(&tape, 1 << 20), STATUS_OK, NULL);
    tape_reset(tape);
    struct array *made = tape_variable(tape, sample->made, PICTURES * values / patch, patch);
    struct array *loss =
        picture_loss(tape, made, sample->wanted, PICTURES, shape, &weights, divisor);
    check_status(tape_backward(tape, loss), STATUS_OK, NULL);
    const double value = (double)loss->value[0];
    memcpy(gradient, made->gradient, PICTURES * values * sizeof *gradient);
    tape_destroy(tape);
    return value;
}

static void check_shape(const struct patches_shape *shape, size_t scales)
{
    static struct sample sample;
    static float gradient[VALUES_MAX];
    const double step = 1e-5; /* small, because |x| has a kink */
    draw(&sample);
    CU_ASSERT_EQUAL(picture_loss_scales(shape), scales);
    const double loss = run(gradient, &sample, shape, 3.0);
    CU_ASSERT_DOUBLE_EQUAL(loss, plain_loss(&sample, shape, scales, 3.0), 1e-6);
    for (size_t i = 0; i < PICTURES * 3 * shape->height * shape->width; i += 7) {
        const float kept = sample.made[i];
        sample.made[i] = kept + (float)step;
        const double above = plain_loss(&sample, shape, scales, 3.0), up = (double)sample.made[i];
        sample.made[i] = kept - (float)step;
        const double below = plain_loss(&sample, shape, scales, 3.0);
        const double slope = (above - below) / (up - (double)sample.made[i]);
        sample.made[i] = kept;
        CU_ASSERT_DOUBLE_EQUAL((double)gradient[i], slope, 3e-6);
    }
}

static void loss_and_gradient_are_those_of_a_plain_calculation(void)
{
    check_shape(&(struct patches_shape){ 24, 16, 4 }, 4);
    check_shape(&(struct patches_shape){ 16, 24, 8 }, 4);
}

static void scales_end_where_sides_are_odd(void)
{
    check_shape(&(struct patches_shape){ 12, 18, 6 }, 2);
    check_shape(&(struct patches_shape){ 9, 6, 3 }, 1);
    check_shape(&(struct patches_shape){ 2, 2, 1 }, 1);
}

static void a_picture_that_is_right_costs_nothing(void)
{
    static struct sample sample;
    static float gradient[VALUES_MAX];
    draw(&sample);
    memcpy(sample.made, sample.wanted, sizeof sample.made);
    CU_ASSERT_EQUAL(run(gradient, &sample, &(struct patches_shape){ 8, 8, 4 }, 1.0), 0.0);
    for (size_t i = 0; i < PICTURES * 3 * 64; i++)
        CU_ASSERT_EQUAL(gradient[i], 0.0f);
}

static void a_tape_without_room_is_told(void)
{
    static struct sample sample;
    struct tape *tape;
    check_status(tape_create(&tape, 4096), STATUS_OK, NULL);
    tape_reset(tape);
    struct array *made = tape_variable(tape, sample.made, 8, 3 * 64);
    struct array *loss = picture_loss(tape, made, sample.wanted, PICTURES,
                                      &(struct patches_shape){ 16, 16, 8 }, &weights, 1.0);
    check_status(tape_backward(tape, loss), STATUS_NO_MEMORY, NULL);
    tape_destroy(tape);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "as a plain calculation", loss_and_gradient_are_those_of_a_plain_calculation },
        { "scales end where sides are odd", scales_end_where_sides_are_odd },
        { "a picture that is right costs nothing", a_picture_that_is_right_costs_nothing },
        { "a tape without room is told", a_tape_without_room_is_told },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "picture loss", cases);
}
