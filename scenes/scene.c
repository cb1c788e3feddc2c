#include "scenes/scene.h"

#include "core/random.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far apart two colours must be, as a distance in the RGB cube, to be told apart at a glance.
 */
static const double visible_distance = 0.38;

static bool happens(struct random_stream *stream, double probability)
{
    return random_uniform(stream) < probability;
}

static double between(struct random_stream *stream, double low, double high)
{
    return low + (high - low) * random_uniform(stream);
}

/* Sides as collections of photographs have them: mostly 640 on the long side, some 500, few odd
 * ones. Shares are per thousand. */
static void draw_format(struct scene *scene, struct random_stream *stream)
{
    static const struct {
        uint16_t share, width, height;
    } common[] = {
        { 300, 640, 480 }, { 110, 480, 640 }, { 120, 500, 375 }, { 50, 375, 500 },
        { 110, 640, 427 }, { 60, 427, 640 },  { 40, 640, 426 },  { 30, 640, 360 },
        { 30, 612, 612 },  { 25, 333, 500 },  { 15, 160, 120 },  { 10, 240, 320 },
        { 12, 1024, 768 }, { 8, 960, 1280 },
    };
    uint32_t left = random_below(stream, 1000);
    scene->width = 300 + random_below(stream, 341);
    scene->height = 300 + random_below(stream, 341);
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        if (left < common[i].share) {
            scene->width = common[i].width;
            scene->height = common[i].height;
            break;
        }
        left -= common[i].share;
    }
    scene->grayscale = happens(stream, 0.05);
}

static void draw_ground(struct scene_ground *ground, bool grayscale, struct random_stream *stream)
{
    static const enum scene_colour light[] = { COLOUR_BLUE, COLOUR_GREEN,  COLOUR_YELLOW,
                                               COLOUR_PINK, COLOUR_PURPLE, COLOUR_ORANGE,
                                               COLOUR_GRAY, COLOUR_BLUE };
    static const enum scene_colour dark[] = { COLOUR_BLUE, COLOUR_GREEN, COLOUR_PURPLE,
                                              COLOUR_GRAY };
    ground->texture = (enum scene_texture)random_below(stream, TEXTURE_COUNT);
    ground->dark = happens(stream, 0.3);
    const enum scene_colour colour =
        ground->dark ? dark[random_below(stream, 4)] : light[random_below(stream, 8)];
    ground->colour = grayscale ? COLOUR_GRAY : colour;
    ground->turn = between(stream, -0.8, 0.8);
    ground->period = between(stream, 0.09, 0.17);
    ground->brightness = between(stream, -1.0, 1.0);
}

static double colour_distance(const double a[3], const double b[3])
{
    const double red = a[0] - b[0], green = a[1] - b[1], blue = a[2] - b[2];
    return sqrt(red * red + green * green + blue * blue);
}

/* One of the colours that stand out from the ground, from `host` (COLOUR_COUNT: none) and from the
 * `taken` ones (bits). */
static enum scene_colour draw_colour(const struct scene *scene, unsigned taken,
                                     enum scene_colour host, struct random_stream *stream)
{
    enum scene_colour choice[COLOUR_COUNT];
    uint32_t count = 0;
    double ground[3];
    scene_ground_rgb(ground, &scene->ground);
    for (unsigned c = scene->grayscale ? COLOUR_BLACK : COLOUR_RED; c < COLOUR_COUNT; c++) {
        const double *rgb = scene_colour_rgb((enum scene_colour)c);
        const bool is_seen = colour_distance(rgb, ground) >= visible_distance;
        const bool is_apart =
            host == COLOUR_COUNT || colour_distance(rgb, scene_colour_rgb(host)) >= 0.5;
        if (is_seen && is_apart && (taken >> c & 1u) == 0)
            choice[count++] = (enum scene_colour)c;
    }
    assert(count > 0); /* even on gray, two of black, gray and white stand out */
    return choice[random_below(stream, count)];
}

/* Sets group counts; true where group 1 shall be inside group 0. */
static bool draw_counts(struct scene *scene, struct random_stream *stream)
{
    const uint32_t arrangement = random_below(stream, 100);
    const bool is_nested = arrangement >= 28 && arrangement < 46;
    size_t counts[SCENE_GROUPS_MAX] = { 1, 1, 1 };

    if (arrangement < 16)
        scene->group_count = 1;
    else if (arrangement < 28) {
        scene->group_count = 1;
        counts[0] = 2 + random_below(stream, 3);
    } else if (is_nested)
        scene->group_count = 2 + random_below(stream, 2);
    else
        scene->group_count = arrangement < 80 ? 2 : 3;

    size_t first = 0;
    for (size_t g = 0; g < scene->group_count; g++) {
        const uint32_t more = random_below(stream, 20);
        if (scene->group_count > 1 && !is_nested)
            counts[g] = more < 14 ? 1 : more < 18 ? 2 : 3;
        const size_t groups_after = scene->group_count - g - 1;
        if (first + counts[g] + groups_after > SCENE_OBJECTS_MAX)
            counts[g] = SCENE_OBJECTS_MAX - groups_after - first;
        scene->groups[g] = (struct scene_group){ first, counts[g] };
        first += counts[g];
    }
    scene->object_count = first;
    return is_nested;
}

static enum scene_kind draw_kind(const struct scene *scene, size_t group, bool is_host,
                                 struct random_stream *stream)
{
    static const enum scene_kind hosts[] = { KIND_CIRCLE, KIND_SQUARE, KIND_HEXAGON, KIND_RING };
    if (is_host)
        return hosts[random_below(stream, 4)];
    /* The same kind in two colours keeps a listener from going by the kind alone. */
    if (group > 0 && !scene->grayscale && happens(stream, 0.15))
        return scene->objects[scene->groups[group - 1].first].kind;
    return (enum scene_kind)random_below(stream, KIND_COUNT);
}

/* Whether the kind may stand in `group`: one sun and one moon at most, and in gray, where colours
 * are few, no kind twice. */
static bool kind_fits(const struct scene *scene, size_t group, enum scene_kind kind)
{
    const bool is_single = kind == KIND_SUN || kind == KIND_MOON;
    if (is_single && scene->groups[group].count > 1)
        return false;
    for (size_t g = 0; g < group; g++)
        if (scene->objects[scene->groups[g].first].kind == kind && (is_single || scene->grayscale))
            return false;
    return true;
}

/* The group's kind, colour and size, for each of its objects. Earlier groups are already drawn. */
static void draw_group(struct scene *scene, size_t group, bool is_nested,
                       struct random_stream *stream)
{
    const bool is_host = is_nested && group == 0, is_inner = is_nested && group == 1;
    enum scene_kind kind;
    do
        kind = draw_kind(scene, group, is_host, stream);
    while (!kind_fits(scene, group, kind));

    unsigned taken = 0;
    for (size_t g = 0; g < group; g++) {
        const struct scene_object *other = &scene->objects[scene->groups[g].first];
        if (other->kind == kind)
            taken |= 1u << other->colour;
    }
    const enum scene_colour behind = is_inner ? scene->objects[0].colour : COLOUR_COUNT;
    const enum scene_colour colour = draw_colour(scene, taken, behind, stream);
    enum scene_size size = happens(stream, 0.6) ? SIZE_LARGE : SIZE_SMALL;
    if (is_nested && group < 2)
        size = is_host ? SIZE_LARGE : SIZE_SMALL;

    const struct scene_group *of = &scene->groups[group];
    for (size_t o = of->first; o < of->first + of->count; o++)
        scene->objects[o] = (struct scene_object){
            .kind = kind,
            .colour = colour,
            .size = size,
            .group = group,
            .host = is_inner ? 0 : SCENE_NO_HOST,
        };
}

static void draw_places(struct scene *scene, struct random_stream *stream)
{
    enum scene_place places[PLACE_COUNT];
    for (unsigned p = 0; p < PLACE_COUNT; p++)
        places[p] = (enum scene_place)p;
    for (uint32_t last = PLACE_COUNT - 1; last > 0; last--) {
        const uint32_t other = random_below(stream, last + 1);
        const enum scene_place swapped = places[last];
        places[last] = places[other];
        places[other] = swapped;
    }
    for (size_t o = 0; o < scene->object_count; o++) {
        struct scene_object *object = &scene->objects[o];
        object->place =
            object->host == SCENE_NO_HOST ? places[o] : scene->objects[object->host].place;
    }
}

static int column_of(enum scene_place place)
{
    return (int)place % 3;
}

static int row_of(enum scene_place place)
{
    return (int)place / 3;
}

/* How much larger than its cell an object may be drawn: a lone one more than one among others, and
 * neighbours not at all. */
static double room_of(const struct scene *scene)
{
    double room = 1.6;
    for (size_t a = 0; a < scene->object_count; a++)
        for (size_t b = 0; b < a; b++) {
            const enum scene_place p = scene->objects[a].place, q = scene->objects[b].place;
            const int columns = abs(column_of(p) - column_of(q)), rows = abs(row_of(p) - row_of(q));
            if (p != q)
                room = fmin(room, columns > 1 || rows > 1 ? 1.3 : 1.0);
        }
    return room;
}

/* A coordinate in cell `cell` of three on a side of that length: moved a little from the middle of
 * the cell, but with the whole extent inside the picture. */
static double draw_coordinate(int cell, double side, double extent, struct random_stream *stream)
{
    const double free_way = fmax((side / 3.0 - extent) / 2.0, 0.0);
    const double moved = (cell + 0.5) * side / 3.0 + between(stream, -free_way, free_way);
    return fmin(fmax(moved, extent / 2.0), side - extent / 2.0);
}

static void draw_geometry(struct scene *scene, struct random_stream *stream)
{
    const double shorter = (double)(scene->width < scene->height ? scene->width : scene->height);
    const double room = room_of(scene);
    for (size_t o = 0; o < scene->object_count; o++) {
        struct scene_object *object = &scene->objects[o];
        const double share = object->size == SIZE_LARGE ? between(stream, 0.29, 0.315)
                                                        : between(stream, 0.15, 0.165);
        object->extent = share * room * shorter;
        object->brightness = between(stream, -1.0, 1.0);
        object->mirrored = happens(stream, 0.5);
        object->turn = between(stream, -1.0, 1.0) * (object->kind <= KIND_ARROW ? 0.2 : 0.08);
        if (object->host != SCENE_NO_HOST) {
            const struct scene_object *host = &scene->objects[object->host];
            object->extent = between(stream, 0.42, 0.46) * host->extent;
            object->x = host->x;
            object->y = host->y;
            continue;
        }
        const double width = (double)scene->width, height = (double)scene->height;
        object->x = draw_coordinate(column_of(object->place), width, object->extent, stream);
        object->y = draw_coordinate(row_of(object->place), height, object->extent, stream);
    }
}

void scene_compose(struct scene *scene, uint64_t seed, uint64_t index)
{
    struct random_stream stream = random_stream_numbered(seed, index, "scene");
    *scene = (struct scene){ 0 };
    draw_format(scene, &stream);
    draw_ground(&scene->ground, scene->grayscale, &stream);
    const bool is_nested = draw_counts(scene, &stream);
    for (size_t g = 0; g < scene->group_count; g++)
        draw_group(scene, g, is_nested, &stream);
    draw_places(scene, &stream);
    draw_geometry(scene, &stream);
}

bool scene_holds(const struct scene *scene, size_t subject, enum scene_relation relation,
                 size_t object)
{
    assert(subject < scene->object_count && object < scene->object_count);
    const struct scene_object *a = &scene->objects[subject], *b = &scene->objects[object];
    switch (relation) {
    case RELATION_LEFT_OF:
        return column_of(a->place) < column_of(b->place);
    case RELATION_RIGHT_OF:
        return column_of(a->place) > column_of(b->place);
    case RELATION_ABOVE:
        return row_of(a->place) < row_of(b->place);
    case RELATION_BELOW:
        return row_of(a->place) > row_of(b->place);
    case RELATION_INSIDE:
        return a->host == object;
    case RELATION_BIGGER_THAN:
        return a->size > b->size;
    case RELATION_SMALLER_THAN:
        return a->size < b->size;
    case RELATION_COUNT:
        break;
    }
    return false;
}

static int compare_contents(const void *a, const void *b)
{
    const unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;
    return (left > right) - (left < right);
}

void scene_signature(char text[SCENE_SIGNATURE_BYTES], const struct scene *scene)
{
    unsigned contents[SCENE_OBJECTS_MAX];
    for (size_t o = 0; o < scene->object_count; o++) {
        const struct scene_object *object = &scene->objects[o];
        contents[o] =
            ((unsigned)object->kind * COLOUR_COUNT + object->colour) * PLACE_COUNT + object->place;
    }
    qsort(contents, scene->object_count, sizeof contents[0], compare_contents);

    size_t length = 0;
    text[0] = '\0';
    for (size_t o = 0; o < scene->object_count; o++)
        length +=
            (size_t)snprintf(text + length, SCENE_SIGNATURE_BYTES - length, "%04u.", contents[o]);
    assert(length < SCENE_SIGNATURE_BYTES);
}

enum scene_split scene_split_of(const struct scene *scene)
{
    char signature[SCENE_SIGNATURE_BYTES];
    scene_signature(signature, scene);
    /* Not the data set's seed: equal contents go to one split in every data set. */
    struct random_stream stream = random_stream_for(0, signature, "split");
    const uint32_t share = random_below(&stream, 10);
    return share == 0 ? SPLIT_TEST : share == 1 ? SPLIT_VAL : SPLIT_TRAIN;
}
