#include "scenes/draw.h"

#include "core/random.h"
#include "scenes/pixels.h"
#include "scenes/sketch.h"

#include <assert.h>
#include <cairo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double full_turn = 6.283185307179586;

struct colour {
    double red, green, blue;
};

static struct colour colour_of(const double rgb[3])
{
    return (struct colour){ rgb[0], rgb[1], rgb[2] };
}

/* The colour on the way from `from` (share 0) to `to` (share 1). */
static struct colour mix(struct colour from, struct colour to, double share)
{
    return (struct colour){
        .red = from.red + share * (to.red - from.red),
        .green = from.green + share * (to.green - from.green),
        .blue = from.blue + share * (to.blue - from.blue),
    };
}

static struct colour lighter(struct colour colour, double share)
{
    return mix(colour, (struct colour){ 1.0, 1.0, 1.0 }, share);
}

static struct colour darker(struct colour colour, double share)
{
    return mix(colour, (struct colour){ 0.0, 0.0, 0.02 }, share);
}

static void set_source(cairo_t *cairo, struct colour colour)
{
    cairo_set_source_rgb(cairo, colour.red, colour.green, colour.blue);
}

static void add_stop(cairo_pattern_t *pattern, double offset, struct colour colour)
{
    cairo_pattern_add_color_stop_rgb(pattern, offset, colour.red, colour.green, colour.blue);
}

static void set_source_and_drop(cairo_t *cairo, cairo_pattern_t *pattern)
{
    cairo_set_source(cairo, pattern);
    cairo_pattern_destroy(pattern);
}

/* Textures are drawn around the middle of the picture, out to `reach` in each direction, so that
 * they fill it whichever way they are turned. */
static int steps_to(double reach, double step)
{
    return (int)ceil(reach / step);
}

static void add_stripes(cairo_t *cairo, double reach, double period)
{
    const int count = steps_to(reach, period);
    for (int row = -count; row < count; row++)
        cairo_rectangle(cairo, -reach, row * period, 2.0 * reach, period / 2.0);
}

static void add_dots(cairo_t *cairo, double reach, double period)
{
    const int count = steps_to(reach, period);
    for (int row = -count; row <= count; row++)
        for (int column = -count; column <= count; column++) {
            cairo_new_sub_path(cairo);
            cairo_arc(cairo, column * period, row * period, 0.24 * period, 0.0, full_turn);
        }
}

static void add_checks(cairo_t *cairo, double reach, double period)
{
    const double side = 0.8 * period;
    const int count = steps_to(reach, side);
    for (int row = -count; row < count; row++)
        for (int column = -count + (row & 1); column < count; column += 2)
            cairo_rectangle(cairo, column * side, row * side, side, side);
}

static void add_waves(cairo_t *cairo, double reach, double period)
{
    const double half = 0.7 * period, high = 0.45 * period;
    const int rows = steps_to(reach, period), columns = steps_to(reach, 2.0 * half);
    for (int row = -rows; row <= rows; row++) {
        cairo_move_to(cairo, -columns * 2.0 * half, row * period);
        for (int column = -columns; column < columns; column++) {
            cairo_rel_curve_to(cairo, half / 2.0, -high, half / 2.0, -high, half, 0.0);
            cairo_rel_curve_to(cairo, half / 2.0, high, half / 2.0, high, half, 0.0);
        }
    }
}

static void add_speckles(cairo_t *cairo, double reach, double period, struct random_stream *stream)
{
    for (int i = 0; i < 420; i++) {
        const double x = (2.0 * random_uniform(stream) - 1.0) * reach;
        const double y = (2.0 * random_uniform(stream) - 1.0) * reach;
        const double share = 0.04 + 0.14 * random_uniform(stream);
        cairo_new_sub_path(cairo);
        cairo_arc(cairo, x, y, share * period, 0.0, full_turn);
    }
}

static void paint_texture(cairo_t *cairo, const struct scene *scene, struct random_stream *stream)
{
    const double width = (double)scene->width, height = (double)scene->height;
    const double period = scene->ground.period * fmin(width, height);
    const double reach = 0.5 * hypot(width, height) + period;
    cairo_save(cairo);
    cairo_translate(cairo, width / 2.0, height / 2.0);
    cairo_rotate(cairo, scene->ground.turn);
    switch (scene->ground.texture) {
    case TEXTURE_STRIPED:
        add_stripes(cairo, reach, period);
        break;
    case TEXTURE_DOTTED:
        add_dots(cairo, reach, period);
        break;
    case TEXTURE_CHECKERED:
        add_checks(cairo, reach, period);
        break;
    case TEXTURE_WAVY:
        add_waves(cairo, reach, period);
        break;
    case TEXTURE_SPECKLED:
        add_speckles(cairo, reach, period, stream);
        break;
    case TEXTURE_GRADIENT:
    case TEXTURE_COUNT:
        break;
    }
    cairo_restore(cairo);
    cairo_set_antialias(cairo, CAIRO_ANTIALIAS_FAST);
    if (scene->ground.texture == TEXTURE_WAVY) {
        cairo_set_line_width(cairo, 0.22 * period);
        cairo_stroke(cairo);
    } else
        cairo_fill(cairo);
    cairo_set_antialias(cairo, CAIRO_ANTIALIAS_DEFAULT);
}

/* By hand, as cairo's gradients over whole pictures would take most of the time. */
static void paint_wash(cairo_surface_t *surface, const struct scene *scene, struct colour from,
                       struct colour to)
{
    const struct wash wash = {
        .from = { from.red, from.green, from.blue },
        .to = { to.red, to.green, to.blue },
        .turn = scene->ground.turn + full_turn / 4.0,
    };
    pixels_fill_wash(cairo_image_surface_get_data(surface),
                     (size_t)cairo_image_surface_get_stride(surface), scene->width, scene->height,
                     &wash);
    cairo_surface_mark_dirty(surface);
}

static void paint_ground(cairo_t *cairo, cairo_surface_t *surface, const struct scene *scene,
                         struct random_stream *stream)
{
    double rgb[3];
    scene_ground_rgb(rgb, &scene->ground);
    const struct colour colour = colour_of(rgb);
    const double strength = scene->ground.texture == TEXTURE_GRADIENT ? 1.0 : 0.25;
    paint_wash(surface, scene, lighter(colour, (scene->ground.dark ? 0.28 : 0.6) * strength),
               darker(colour, (scene->ground.dark ? 0.55 : 0.2) * strength));
    set_source(cairo, scene->ground.dark ? lighter(colour, 0.14) : darker(colour, 0.1));
    paint_texture(cairo, scene, stream);
}

/* Adds a sketch's path, whose grammar is told in sketch.h. */
static void add_path(cairo_t *cairo, const char *path)
{
    for (const char *at = path; *at != '\0';) {
        const char command = *at++;
        const size_t wanted = command == 'C'                     ? 6
                              : command == 'O' || command == 'I' ? 3
                              : command == 'M' || command == 'L' ? 2
                                                                 : 0;
        double v[6] = { 0 };
        for (size_t i = 0; i < wanted; i++) {
            char *end = NULL;
            v[i] = strtod(at, &end);
            assert(end != at);
            at = end;
        }
        if (command == 'M')
            cairo_move_to(cairo, v[0], v[1]);
        else if (command == 'L')
            cairo_line_to(cairo, v[0], v[1]);
        else if (command == 'C')
            cairo_curve_to(cairo, v[0], v[1], v[2], v[3], v[4], v[5]);
        else if (command == 'Z')
            cairo_close_path(cairo);
        else if (command == 'O' || command == 'I') {
            cairo_new_sub_path(cairo);
            if (command == 'O')
                cairo_arc(cairo, v[0], v[1], v[2], 0.0, full_turn);
            else
                cairo_arc_negative(cairo, v[0], v[1], v[2], full_turn, 0.0);
            cairo_close_path(cairo);
        }
        at += strspn(at, " ");
    }
}

/* Lit from above: lighter at the top than at the bottom. */
static void set_lit_source(cairo_t *cairo, struct colour colour)
{
    cairo_pattern_t *lit = cairo_pattern_create_linear(0.0, -0.5, 0.0, 0.5);
    add_stop(lit, 0.0, lighter(colour, 0.18));
    add_stop(lit, 0.5, colour);
    add_stop(lit, 1.0, darker(colour, 0.16));
    set_source_and_drop(cairo, lit);
}

static void set_paint(cairo_t *cairo, enum sketch_paint paint, struct colour colour)
{
    switch (paint) {
    case PAINT_BODY:
        set_lit_source(cairo, colour);
        break;
    case PAINT_SHADE:
        set_lit_source(cairo, darker(colour, 0.22));
        break;
    case PAINT_TINT:
        set_lit_source(cairo, lighter(colour, 0.35));
        break;
    case PAINT_WOOD:
        set_source(cairo, (struct colour){ 0.42, 0.28, 0.16 });
        break;
    case PAINT_LEAF:
        set_source(cairo, (struct colour){ 0.30, 0.55, 0.22 });
        break;
    case PAINT_GLASS:
        set_source(cairo, (struct colour){ 0.88, 0.92, 0.95 });
        break;
    case PAINT_INK:
    case PAINT_LINE:
        set_source(cairo, (struct colour){ 0.17, 0.17, 0.19 });
        break;
    }
}

static void paint_part(cairo_t *cairo, const struct sketch_part *part,
                       const struct scene_object *object)
{
    const struct colour colour = colour_of(scene_colour_rgb(object->colour));
    const struct colour shaded = object->brightness < 0.0
                                     ? darker(colour, -0.08 * object->brightness)
                                     : lighter(colour, 0.06 * object->brightness);
    /* Black has no darker edge; a lighter one keeps its parts apart. */
    const struct colour edge =
        object->colour == COLOUR_BLACK ? lighter(shaded, 0.3) : darker(shaded, 0.45);
    const double line = fmax(0.02, 1.2 / object->extent);
    add_path(cairo, part->path);
    set_paint(cairo, part->paint, shaded);
    if (part->paint == PAINT_LINE) {
        cairo_set_line_width(cairo, 1.5 * line);
        cairo_stroke(cairo);
    } else {
        cairo_fill_preserve(cairo);
        set_source(cairo, edge);
        cairo_set_line_width(cairo, line);
        cairo_stroke(cairo);
    }
}

/* A soft shadow from many faint copies of the drawing, below and to the right of it. */
static void paint_shadow(cairo_t *cairo, cairo_pattern_t *drawing, double extent)
{
    enum { COPIES = 9 };
    for (int copy = 0; copy < COPIES; copy++) {
        const double turn = full_turn * copy / COPIES;
        const double reach = copy % 2 == 0 ? 0.035 : 0.015;
        cairo_save(cairo);
        cairo_translate(cairo, floor(extent * (0.035 + reach * cos(turn)) + 0.5),
                        floor(extent * (0.05 + reach * sin(turn)) + 0.5));
        cairo_set_source_rgba(cairo, 0.0, 0.0, 0.05, 0.05);
        cairo_mask(cairo, drawing);
        cairo_restore(cairo);
    }
}

static void paint_object(cairo_t *cairo, const struct scene_object *object)
{
    /* Clipping keeps the group, which cairo holds in a picture of its own, no larger than needed.
     */
    const double half = floor(0.65 * object->extent) + 4.0;
    cairo_save(cairo);
    cairo_rectangle(cairo, floor(object->x) - half, floor(object->y) - half, 2.0 * half,
                    2.0 * half);
    cairo_clip(cairo);

    cairo_push_group(cairo);
    cairo_translate(cairo, object->x, object->y);
    cairo_rotate(cairo, object->turn);
    cairo_scale(cairo, object->mirrored ? -object->extent : object->extent, object->extent);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
    const struct sketch_part *parts = sketch_of(object->kind);
    for (size_t p = 0; p < SKETCH_PARTS_MAX && parts[p].path != NULL; p++)
        paint_part(cairo, &parts[p], object);
    cairo_pattern_t *drawing = cairo_pop_group(cairo);

    paint_shadow(cairo, drawing, object->extent);
    set_source_and_drop(cairo, drawing);
    cairo_paint(cairo);
    cairo_restore(cairo);
}

static cairo_status_t draw_on(cairo_surface_t *surface, const struct scene *scene, uint64_t seed,
                              uint64_t index)
{
    struct random_stream speckles = random_stream_numbered(seed, index, "speckles");
    cairo_t *cairo = cairo_create(surface);
    paint_ground(cairo, surface, scene, &speckles);
    for (size_t o = 0; o < scene->object_count; o++)
        paint_object(cairo, &scene->objects[o]);
    cairo_surface_flush(surface);
    /* A cairo context remembers its first failure and ignores what follows. */
    const cairo_status_t drawn = cairo_status(cairo);
    cairo_destroy(cairo);
    return drawn;
}

enum status draw_scene(uint8_t *pixels, const struct scene *scene, uint64_t seed, uint64_t index)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)scene->width, (int)scene->height);
    cairo_status_t drawn = cairo_surface_status(surface);
    if (drawn == CAIRO_STATUS_SUCCESS)
        drawn = draw_on(surface, scene, seed, index);
    if (drawn == CAIRO_STATUS_SUCCESS) {
        struct random_stream grain = random_stream_numbered(seed, index, "grain");
        pixels_unpack(pixels, cairo_image_surface_get_data(surface),
                      (size_t)cairo_image_surface_get_stride(surface), scene->width, scene->height,
                      &grain);
    }
    cairo_surface_destroy(surface);
    return drawn == CAIRO_STATUS_SUCCESS
               ? STATUS_OK
               : status_fail(STATUS_NO_MEMORY, "a picture of %zu x %zu: %s", scene->width,
                             scene->height, cairo_status_to_string(drawn));
}
