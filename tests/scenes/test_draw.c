/* Drawings: the same every time, and of the colours that the scene names. */
#include "scenes/draw.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static uint8_t *draw(const struct scene *scene, uint64_t seed, uint64_t index)
{
    uint8_t *pixels = malloc(scene->width * scene->height * 3);
    check_status(draw_scene(pixels, scene, seed, index), STATUS_OK, NULL);
    return pixels;
}

static void a_picture_is_the_same_every_time(void)
{
    for (uint64_t index = 1; index <= 20; index++) {
        struct scene scene;
        scene_compose(&scene, 9, index);
        const size_t bytes = scene.width * scene.height * 3;
        uint8_t *first = draw(&scene, 9, index), *again = draw(&scene, 9, index);
        uint8_t *other = draw(&scene, 10, index);
        CU_ASSERT_EQUAL(memcmp(first, again, bytes), 0);
        CU_ASSERT_NOT_EQUAL(memcmp(first, other, bytes), 0); /* another grain */
        free(first);
        free(again);
        free(other);
    }
}

/* The named colour nearest to the mean of the 5 x 5 pixels around a point, from `least` on. */
static enum scene_colour colour_at(const uint8_t *pixels, const struct scene *scene, double x,
                                   double y, enum scene_colour least)
{
    double mean[3] = { 0.0 }, best = 1e9;
    for (size_t row = (size_t)y - 2; row <= (size_t)y + 2; row++)
        for (size_t column = (size_t)x - 2; column <= (size_t)x + 2; column++)
            for (size_t channel = 0; channel < 3; channel++)
                mean[channel] +=
                    pixels[3 * (row * scene->width + column) + channel] / (25.0 * 255.0);
    enum scene_colour nearest = least;
    for (unsigned c = least; c < COLOUR_COUNT; c++) {
        const double *rgb = scene_colour_rgb((enum scene_colour)c);
        double distance = 0.0;
        for (size_t channel = 0; channel < 3; channel++)
            distance += (mean[channel] - rgb[channel]) * (mean[channel] - rgb[channel]);
        if (distance < best) {
            best = distance;
            nearest = (enum scene_colour)c;
        }
    }
    return nearest;
}

static bool is_host(const struct scene *scene, size_t object)
{
    for (size_t o = 0; o < scene->object_count; o++)
        if (scene->objects[o].host == object)
            return true;
    return false;
}

static void objects_have_their_colours_where_they_are(void)
{
    int seen = 0, wrong = 0;
    for (uint64_t index = 1; index <= 300; index++) {
        struct scene scene;
        scene_compose(&scene, 11, index);
        uint8_t *pixels = draw(&scene, 11, index);
        for (size_t o = 0; o < scene.object_count; o++) {
            const struct scene_object *object = &scene.objects[o];
            const bool is_solid = object->kind == KIND_CIRCLE || object->kind == KIND_SQUARE ||
                                  object->kind == KIND_HEXAGON || object->kind == KIND_STAR ||
                                  object->kind == KIND_HEART || object->kind == KIND_APPLE ||
                                  object->kind == KIND_SUN || object->kind == KIND_CLOUD;
            if (!is_solid || is_host(&scene, o) || object->extent < 30.0)
                continue;
            seen++;
            wrong += colour_at(pixels, &scene, object->x, object->y, COLOUR_RED) != object->colour;
        }
        free(pixels);
    }
    CU_ASSERT(seen > 150);
    CU_ASSERT_EQUAL(wrong, 0);
}

static void a_ring_shows_the_ground_through_its_hole(void)
{
    struct scene scene = { .width = 200,
                           .height = 200,
                           .ground = { .texture = TEXTURE_GRADIENT, .colour = COLOUR_GRAY },
                           .object_count = 1,
                           .group_count = 1 };
    scene.groups[0].count = 1;
    scene.objects[0] = (struct scene_object){ .kind = KIND_RING,
                                              .colour = COLOUR_RED,
                                              .host = SCENE_NO_HOST,
                                              .x = 100.0,
                                              .y = 100.0,
                                              .extent = 120.0 };
    uint8_t *pixels = draw(&scene, 1, 1);
    CU_ASSERT_NOT_EQUAL(colour_at(pixels, &scene, 100.0, 100.0, COLOUR_RED), COLOUR_RED);
    CU_ASSERT_EQUAL(colour_at(pixels, &scene, 100.0 + 0.41 * 120.0, 100.0, COLOUR_RED), COLOUR_RED);
    CU_ASSERT_EQUAL(colour_at(pixels, &scene, 100.0, 100.0 - 0.41 * 120.0, COLOUR_RED), COLOUR_RED);
    free(pixels);
}

static void every_kind_stays_within_its_extent(void)
{
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        struct scene scene = {
            .width = 200, .height = 200, .ground.colour = COLOUR_BLUE, .object_count = 1
        };
        scene.objects[0] = (struct scene_object){ .kind = (enum scene_kind)kind,
                                                  .colour = COLOUR_RED,
                                                  .x = 100.0,
                                                  .y = 100.0,
                                                  .extent = 100.0 };
        uint8_t *pixels = draw(&scene, 1, 1);
        int inside = 0, outside = 0;
        for (int y = 0; y < 200; y++)
            for (int x = 0; x < 200; x++) {
                /* Neither the blue ground nor the shadow on it has more red than blue. */
                const uint8_t *rgb = pixels + 3 * (y * 200 + x);
                const bool is_drawn = rgb[0] > rgb[2] + 20;
                const int squared = (x - 100) * (x - 100) + (y - 100) * (y - 100);
                inside += is_drawn && squared <= 52 * 52;
                outside += is_drawn && squared > 52 * 52;
            }
        CU_ASSERT(inside > 700);
        CU_ASSERT_EQUAL(outside, 0);
        free(pixels);
    }
}

static void an_impossible_size_is_told(void)
{
    uint8_t pixel[3];
    const struct scene scene = { .width = 100000, .height = 1 };
    check_status(draw_scene(pixel, &scene, 1, 1), STATUS_NO_MEMORY, "100000");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "a picture is the same every time", a_picture_is_the_same_every_time },
        { "objects have their colours where they are", objects_have_their_colours_where_they_are },
        { "a ring shows the ground through its hole", a_ring_shows_the_ground_through_its_hole },
        { "every kind stays within its extent", every_kind_stays_within_its_extent },
        { "an impossible size is told", an_impossible_size_is_told },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "draw", cases);
}
