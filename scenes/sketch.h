/** Sketches: the outline of each kind of thing, as data. */
#ifndef SCENES_SKETCH_H
#define SCENES_SKETCH_H

#include "scenes/scene.h"

/** What a part is painted with. The first three follow the object's colour and make up most of it;
 * the others are small details, the same for every colour. */
enum sketch_paint {
    PAINT_BODY,
    PAINT_SHADE, /* darker */
    PAINT_TINT,  /* lighter */
    PAINT_WOOD,
    PAINT_LEAF,
    PAINT_GLASS,
    PAINT_INK,
    PAINT_LINE /* a thin dark line along the path, not filled */
};

enum { SKETCH_PARTS_MAX = 6 };

/** A path is written as commands and numbers in a square of side 1 around (0, 0), y downwards, and
 * stays within the circle of diameter 1:
 *     M x y    begin            L x y    line        C x y x y x y    Bezier curve
 *     Z        close            O x y r  circle      I x y r          circular hole
 * The fill rule is nonzero winding. */
struct sketch_part {
    const char *path; /* NULL after the last part */
    enum sketch_paint paint;
};

/** The parts of a kind, back to front, SKETCH_PARTS_MAX of them. */
const struct sketch_part *sketch_of(enum scene_kind kind);

#endif
