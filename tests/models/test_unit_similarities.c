/* Similarities of a picture's units to those around them, against the definition in the header. */
#include "models/unit_similarities.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { CODES = 9, WIDTH = 5, SIDE = 10, PLACES = SIDE * SIDE };

static void make_codes(float codes[CODES * WIDTH])
{
    for (size_t i = 0; i < CODES * WIDTH; i++)
        codes[i] = 2.0f + cosf((float)(i * i + 1));
}

static double unit_value(const float *codes, size_t code, size_t channel)
{
    double square = 0.0;
    for (size_t c = 0; c < WIDTH; c++)
        square += (double)codes[code * WIDTH + c] * (double)codes[code * WIDTH + c];
    return (double)codes[code * WIDTH + channel] / sqrt(square);
}

static double squared_distance(const float *codes, size_t a, size_t b)
{
    double square = 0.0;
    for (size_t c = 0; c < WIDTH; c++)
        square += pow(unit_value(codes, a, c) - unit_value(codes, b, c), 2.0);
    return square;
}

/* V: half of the mean squared distance of two codes. */
static double spread(const float *codes)
{
    double sum = 0.0;
    for (size_t a = 0; a < CODES; a++)
        for (size_t b = 0; b < CODES; b++)
            sum += squared_distance(codes, a, b) / (2.0 * CODES * CODES);
    return sum;
}

static size_t clamp(long place)
{
    return place < 0 ? 0 : place >= SIDE ? SIDE - 1 : (size_t)place;
}

static const long downs[] = { -2, 0, 2, -4, 7, 0 }, rights[] = { -2, 1, 2, 0, 7, -7 };
static const size_t numbers[] = { 0, 12, 23, 25, 39, 35 }; /* of these neighbours */

static void check_places(const float *taken, size_t place_stride, size_t similarity_stride,
                         const float *codes, const uint16_t *units)
{
    const double V = spread(codes);
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++)
            for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
                const size_t row = clamp((long)y + downs[n]), column = clamp((long)x + rights[n]);
                const double d =
                    squared_distance(codes, units[y * SIDE + x], units[row * SIDE + column]);
                const float *place = taken + (y * SIDE + x) * place_stride;
                CU_ASSERT_DOUBLE_EQUAL((double)place[numbers[n] * similarity_stride],
                                       2.0 * exp(-d / (2.0 * V)) - 1.0, 1e-4);
                CU_ASSERT_DOUBLE_EQUAL(
                    (double)place[(UNIT_NEIGHBOURS + numbers[n]) * similarity_stride],
                    2.0 * exp(-4.0 * d / V) - 1.0, 1e-4);
            }
}

static void similarities_are_those_of_the_definition(void)
{
    float codes[CODES * WIDTH], *taken = calloc(PLACES * UNIT_SIMILARITIES, sizeof *taken);
    uint16_t units[PLACES];
    struct unit_similarities *similarities;
    make_codes(codes);
    for (size_t i = 0; i < PLACES; i++)
        units[i] = (uint16_t)((i * i + i / 3) % CODES);
    check_status(unit_similarities_create(&similarities, codes, CODES, WIDTH, SIDE), STATUS_OK,
                 NULL);
    unit_similarities_take(taken, UNIT_SIMILARITIES, 1, similarities, units);
    check_places(taken, UNIT_SIMILARITIES, 1, codes, units);
    unit_similarities_take(taken, 1, PLACES, similarities, units); /* plane by plane */
    check_places(taken, 1, PLACES, codes, units);
    unit_similarities_destroy(similarities);
    free(taken);
}

/* A square of one code on another looks the same in any two that are as far apart. */
static void colours_are_left_out(void)
{
    float codes[4 * WIDTH] = { 0 }, *taken = calloc(2 * PLACES * UNIT_SIMILARITIES, sizeof *taken);
    struct unit_similarities *similarities;
    float worst = 0.0f, least = 1.0f;
    for (size_t code = 0; code < 4; code++)
        codes[code * WIDTH + code] = 1.0f;
    check_status(unit_similarities_create(&similarities, codes, 4, WIDTH, SIDE), STATUS_OK, NULL);
    for (size_t picture = 0; picture < 2; picture++) {
        uint16_t units[PLACES];
        for (size_t i = 0; i < PLACES; i++) {
            const bool is_inside = i / SIDE > 2 && i / SIDE < 6 && i % SIDE > 3 && i % SIDE < 8;
            units[i] = (uint16_t)(2 * picture + (is_inside ? 1 : 0));
        }
        unit_similarities_take(taken + picture * PLACES * UNIT_SIMILARITIES, UNIT_SIMILARITIES, 1,
                               similarities, units);
    }
    for (size_t i = 0; i < PLACES * UNIT_SIMILARITIES; i++) {
        worst = fmaxf(worst, fabsf(taken[i] - taken[PLACES * UNIT_SIMILARITIES + i]));
        least = fminf(least, taken[i]);
    }
    CU_ASSERT(worst < 1e-5f);
    CU_ASSERT(least < -0.5f); /* and yet the square is there */
    unit_similarities_destroy(similarities);
    free(taken);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "similarities are those of the definition", similarities_are_those_of_the_definition },
        { "colours are left out", colours_are_left_out },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "unit_similarities", cases);
}
