/** Pictures of scenes. The door to cairo.
 *
 * A picture depends on the scene and (seed, index) only. Its bytes are the same on every run with
 * the same cairo and pixman on the same kind of processor; another version of either may round an
 * edge pixel otherwise, so pictures are shipped rather than drawn again where bytes must agree. */
#ifndef SCENES_DRAW_H
#define SCENES_DRAW_H

#include "core/status.h"
#include "scenes/scene.h"

#include <stddef.h>
#include <stdint.h>

/** Local. Draws the scene: ground, soft shadows, objects, and a fine grain that is a function of
 * (seed, index).
 *
 *     pixels [scene->height][scene->width][3]  out  RGB
 *
 * Errors: STATUS_NO_MEMORY. */
enum status draw_scene(uint8_t *pixels, const struct scene *scene, uint64_t seed, uint64_t index);

#endif
