#include "stages/make_weights/drawn_pictures.h"

#include "scenes/draw.h"
#include "scenes/scene.h"
#include "storage/rgb_image.h"
#include "tokenizers/image/resize.h"

static enum status make_one(uint8_t *pixels, size_t side, uint64_t seed, uint64_t index)
{
    struct scene scene;
    struct rgb_image image = { 0 };
    scene_compose(&scene, seed, index);
    const struct resize_window window = resize_squash(side, side);
    enum status outcome = rgb_image_begin(&image, scene.width, scene.height, 0, "a drawn scene");
    if (outcome == STATUS_OK)
        outcome = draw_scene(image.pixels, &scene, seed, index);
    if (outcome == STATUS_OK)
        outcome = resize_picture(pixels, image.pixels, scene.width, scene.height, &window,
                                 RESIZE_BICUBIC);
    rgb_image_end(&image);
    return outcome;
}

enum status drawn_pictures_make(uint8_t *pixels, size_t count, size_t side, uint64_t seed)
{
    enum status outcome = STATUS_OK;
    for (size_t p = 0; p < count && outcome == STATUS_OK; p++)
        outcome = make_one(pixels + p * side * side * 3, side, seed, p);
    return outcome;
}
