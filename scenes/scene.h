/** Scenes: what is in a picture, where, and how it hangs together, before anybody draws or names
 * it.
 *
 * A scene is a pure function of (seed, picture index), so any picture can be made alone and by
 * anybody. Local: nothing here allocates or fails. */
#ifndef SCENES_SCENE_H
#define SCENES_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scene_kind {
    KIND_CIRCLE,
    KIND_SQUARE,
    KIND_TRIANGLE,
    KIND_STAR,
    KIND_RING,
    KIND_HEXAGON,
    KIND_HEART,
    KIND_ARROW,
    KIND_TREE,
    KIND_HOUSE,
    KIND_CAR,
    KIND_BOAT,
    KIND_FISH,
    KIND_FLOWER,
    KIND_SUN,
    KIND_MOON,
    KIND_CLOUD,
    KIND_CUP,
    KIND_BALLOON,
    KIND_UMBRELLA,
    KIND_APPLE,
    KIND_FLAG,
    KIND_COUNT
};

/** The last three are the only ones in a grayscale picture. */
enum scene_colour {
    COLOUR_RED,
    COLOUR_ORANGE,
    COLOUR_YELLOW,
    COLOUR_GREEN,
    COLOUR_BLUE,
    COLOUR_PURPLE,
    COLOUR_PINK,
    COLOUR_BROWN,
    COLOUR_BLACK,
    COLOUR_GRAY,
    COLOUR_WHITE,
    COLOUR_COUNT
};

enum scene_size { SIZE_SMALL, SIZE_LARGE, SIZE_COUNT };

/** The nine cells of a 3 x 3 grid, row by row: column = place % 3, row = place / 3. */
enum scene_place {
    PLACE_TOP_LEFT,
    PLACE_TOP,
    PLACE_TOP_RIGHT,
    PLACE_LEFT,
    PLACE_CENTER,
    PLACE_RIGHT,
    PLACE_BOTTOM_LEFT,
    PLACE_BOTTOM,
    PLACE_BOTTOM_RIGHT,
    PLACE_COUNT
};

enum scene_texture {
    TEXTURE_GRADIENT,
    TEXTURE_STRIPED,
    TEXTURE_DOTTED,
    TEXTURE_CHECKERED,
    TEXTURE_WAVY,
    TEXTURE_SPECKLED,
    TEXTURE_COUNT
};

enum scene_relation {
    RELATION_LEFT_OF,
    RELATION_RIGHT_OF,
    RELATION_ABOVE,
    RELATION_BELOW,
    RELATION_INSIDE,
    RELATION_BIGGER_THAN,
    RELATION_SMALLER_THAN,
    RELATION_COUNT
};

enum scene_split { SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST, SPLIT_COUNT };

enum {
    SCENE_OBJECTS_MAX = 5,
    SCENE_GROUPS_MAX = 3,
    SCENE_NO_HOST = SCENE_OBJECTS_MAX,
    SCENE_SIGNATURE_BYTES = 32
};

struct scene_ground {
    enum scene_texture texture;
    enum scene_colour colour;
    bool dark;         /* "dark blue", else "light blue" */
    double turn;       /* of the texture, radians */
    double period;     /* of the texture, as a share of the shorter side */
    double brightness; /* -1 .. 1: lightly moves the shade within its name */
};

struct scene_object {
    enum scene_kind kind;
    enum scene_colour colour;
    enum scene_size size;
    enum scene_place place;
    size_t group;  /* index into scene.groups */
    size_t host;   /* the object that this one is inside of, or SCENE_NO_HOST */
    double x, y;   /* centre, pixels from the top left corner; always inside the cell of `place` */
    double extent; /* diameter in pixels of the circle that the drawing fits in */
    double turn;   /* clockwise, radians */
    bool mirrored;
    double brightness; /* -1 .. 1, as for the ground */
};

/** Objects alike in kind, colour and size: what a caption counts ("two red stars"). No two groups
 * share both kind and colour, so "the red star" names one group. */
struct scene_group {
    size_t first; /* its objects lie back to back from here */
    size_t count;
};

struct scene {
    size_t width, height; /* pixels */
    bool grayscale;
    struct scene_ground ground;
    size_t object_count; /* 1 .. SCENE_OBJECTS_MAX */
    struct scene_object objects[SCENE_OBJECTS_MAX];
    size_t group_count; /* 1 .. SCENE_GROUPS_MAX */
    struct scene_group groups[SCENE_GROUPS_MAX];
};

/** Composes picture `index` of the data set of that seed. Objects do not overlap, except where one
 * is inside another. */
void scene_compose(struct scene *scene, uint64_t seed, uint64_t index);

/** Whether objects[subject] stands in that relation to objects[object]. Left, right, above and
 * below compare columns and rows of the grid; bigger and smaller compare the named sizes. */
bool scene_holds(const struct scene *scene, size_t subject, enum scene_relation relation,
                 size_t object);

/** The content as text: the multiset of (kind, colour, place), whatever the order of objects. Two
 * scenes of equal content have equal signatures, and only they. */
void scene_signature(char text[SCENE_SIGNATURE_BYTES], const struct scene *scene);

/** The split, a function of the signature alone: what is in test is never in train, for any two
 * pictures of any two data sets. About 80, 10 and 10 %. */
enum scene_split scene_split_of(const struct scene *scene);

/** Red, green and blue of a colour, 0 .. 1. */
const double *scene_colour_rgb(enum scene_colour colour);

/** The ground's main colour, 0 .. 1. */
void scene_ground_rgb(double rgb[3], const struct scene_ground *ground);

/** English names, as ground truth and manifests write them: "star", "top left", "left of", ... */
const char *scene_kind_name(enum scene_kind kind);
const char *scene_colour_name(enum scene_colour colour);
const char *scene_size_name(enum scene_size size);
const char *scene_place_name(enum scene_place place);
const char *scene_texture_name(enum scene_texture texture);
const char *scene_relation_name(enum scene_relation relation);
const char *scene_split_name(enum scene_split split);

#endif
