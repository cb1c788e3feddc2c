/* The names and colours that scene.h promises, as tables. */
#include "scenes/scene.h"

#include <assert.h>

static const char *const kind_names[KIND_COUNT] = {
    [KIND_CIRCLE] = "circle",   [KIND_SQUARE] = "square",     [KIND_TRIANGLE] = "triangle",
    [KIND_STAR] = "star",       [KIND_RING] = "ring",         [KIND_HEXAGON] = "hexagon",
    [KIND_HEART] = "heart",     [KIND_ARROW] = "arrow",       [KIND_TREE] = "tree",
    [KIND_HOUSE] = "house",     [KIND_CAR] = "car",           [KIND_BOAT] = "boat",
    [KIND_FISH] = "fish",       [KIND_FLOWER] = "flower",     [KIND_SUN] = "sun",
    [KIND_MOON] = "moon",       [KIND_CLOUD] = "cloud",       [KIND_CUP] = "cup",
    [KIND_BALLOON] = "balloon", [KIND_UMBRELLA] = "umbrella", [KIND_APPLE] = "apple",
    [KIND_FLAG] = "flag",
};

static const char *const colour_names[COLOUR_COUNT] = {
    [COLOUR_RED] = "red",     [COLOUR_ORANGE] = "orange", [COLOUR_YELLOW] = "yellow",
    [COLOUR_GREEN] = "green", [COLOUR_BLUE] = "blue",     [COLOUR_PURPLE] = "purple",
    [COLOUR_PINK] = "pink",   [COLOUR_BROWN] = "brown",   [COLOUR_BLACK] = "black",
    [COLOUR_GRAY] = "gray",   [COLOUR_WHITE] = "white",
};

static const double colour_values[COLOUR_COUNT][3] = {
    [COLOUR_RED] = { 0.85, 0.12, 0.13 },    [COLOUR_ORANGE] = { 0.97, 0.52, 0.06 },
    [COLOUR_YELLOW] = { 0.98, 0.86, 0.12 }, [COLOUR_GREEN] = { 0.13, 0.62, 0.26 },
    [COLOUR_BLUE] = { 0.12, 0.36, 0.86 },   [COLOUR_PURPLE] = { 0.50, 0.20, 0.70 },
    [COLOUR_PINK] = { 0.97, 0.50, 0.70 },   [COLOUR_BROWN] = { 0.48, 0.29, 0.14 },
    [COLOUR_BLACK] = { 0.08, 0.08, 0.09 },  [COLOUR_GRAY] = { 0.52, 0.52, 0.53 },
    [COLOUR_WHITE] = { 0.97, 0.97, 0.97 },
};

static const char *const size_names[SIZE_COUNT] = { "small", "large" };

static const char *const place_names[PLACE_COUNT] = { "top left",    "top",    "top right",
                                                      "left",        "center", "right",
                                                      "bottom left", "bottom", "bottom right" };

static const char *const texture_names[TEXTURE_COUNT] = {
    [TEXTURE_GRADIENT] = "gradient", [TEXTURE_STRIPED] = "striped",
    [TEXTURE_DOTTED] = "dotted",     [TEXTURE_CHECKERED] = "checkered",
    [TEXTURE_WAVY] = "wavy",         [TEXTURE_SPECKLED] = "speckled",
};

static const char *const relation_names[RELATION_COUNT] = {
    [RELATION_LEFT_OF] = "left of",
    [RELATION_RIGHT_OF] = "right of",
    [RELATION_ABOVE] = "above",
    [RELATION_BELOW] = "below",
    [RELATION_INSIDE] = "inside",
    [RELATION_BIGGER_THAN] = "bigger than",
    [RELATION_SMALLER_THAN] = "smaller than",
};

static const char *const split_names[SPLIT_COUNT] = { "train", "val", "test" };

const double *scene_colour_rgb(enum scene_colour colour)
{
    assert(colour < COLOUR_COUNT);
    return colour_values[colour];
}

void scene_ground_rgb(double rgb[3], const struct scene_ground *ground)
{
    const double *pure = scene_colour_rgb(ground->colour);
    for (int channel = 0; channel < 3; channel++) {
        const double shade =
            ground->dark ? 0.40 * pure[channel] + 0.04 : 0.32 * pure[channel] + 0.64;
        rgb[channel] = shade + 0.03 * ground->brightness;
    }
}

const char *scene_kind_name(enum scene_kind kind)
{
    assert(kind < KIND_COUNT);
    return kind_names[kind];
}

const char *scene_colour_name(enum scene_colour colour)
{
    assert(colour < COLOUR_COUNT);
    return colour_names[colour];
}

const char *scene_size_name(enum scene_size size)
{
    assert(size < SIZE_COUNT);
    return size_names[size];
}

const char *scene_place_name(enum scene_place place)
{
    assert(place < PLACE_COUNT);
    return place_names[place];
}

const char *scene_texture_name(enum scene_texture texture)
{
    assert(texture < TEXTURE_COUNT);
    return texture_names[texture];
}

const char *scene_relation_name(enum scene_relation relation)
{
    assert(relation < RELATION_COUNT);
    return relation_names[relation];
}

const char *scene_split_name(enum scene_split split)
{
    assert(split < SPLIT_COUNT);
    return split_names[split];
}
