/* Composed scenes: every one keeps what scene.h promises, and splits never share a content. */
#include "scenes/scene.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 20000 };

static void a_scene_depends_on_seed_and_index_only(void)
{
    struct scene first, again, others[2];
    scene_compose(&first, 7, 12);
    scene_compose(&others[0], 7, 13);
    scene_compose(&others[1], 8, 12);
    scene_compose(&again, 7, 12);
    CU_ASSERT_EQUAL(memcmp(&first, &again, sizeof first), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(&first, &others[0], sizeof first), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(&first, &others[1], sizeof first), 0);
}

static int count_bad_counts(const struct scene *scene)
{
    size_t total = 0;
    int bad = scene->group_count < 1 || scene->group_count > SCENE_GROUPS_MAX ||
              scene->object_count < 1 || scene->object_count > SCENE_OBJECTS_MAX;
    for (size_t g = 0; g < scene->group_count; g++) {
        const struct scene_group *group = &scene->groups[g];
        bad += group->first != total || group->count < 1;
        for (size_t o = group->first; o < group->first + group->count; o++)
            bad += scene->objects[o].group != g;
        total += group->count;
    }
    return bad + (total != scene->object_count);
}

static void groups_divide_the_objects_and_tell_them_apart(void)
{
    int bad = 0;
    for (uint64_t index = 0; index < MANY; index++) {
        struct scene scene;
        scene_compose(&scene, 1, index);
        bad += count_bad_counts(&scene);
        for (size_t a = 0; a < scene.object_count; a++)
            for (size_t b = 0; b < a; b++) {
                const struct scene_object *one = &scene.objects[a], *other = &scene.objects[b];
                const bool is_alike = one->kind == other->kind && one->colour == other->colour;
                bad += is_alike != (one->group == other->group);
                bad += is_alike && one->size != other->size;
            }
    }
    CU_ASSERT_EQUAL(bad, 0);
}

/* True where the object's circle lies in the picture, and its centre in the cell of its place. */
static bool stands_in_place(const struct scene *scene, const struct scene_object *object)
{
    const double width = (double)scene->width, height = (double)scene->height;
    const double half = object->extent / 2.0 - 1e-6;
    const int column = (int)(3.0 * object->x / width), row = (int)(3.0 * object->y / height);
    return object->x >= half && object->x <= width - half && object->y >= half &&
           object->y <= height - half && (int)object->place == 3 * row + column;
}

static void objects_stand_in_their_places_and_apart(void)
{
    int misplaced = 0, overlapping = 0, outside_host = 0, misnamed = 0, nested = 0;
    for (uint64_t index = 0; index < MANY; index++) {
        struct scene scene;
        scene_compose(&scene, 2, index);
        const double shorter = (double)(scene.width < scene.height ? scene.width : scene.height);
        for (size_t a = 0; a < scene.object_count; a++) {
            const struct scene_object *one = &scene.objects[a];
            misplaced += !stands_in_place(&scene, one);
            misnamed += (one->extent > 0.275 * shorter) != (one->size == SIZE_LARGE);
            for (size_t b = 0; b < a; b++) {
                const struct scene_object *other = &scene.objects[b];
                const double apart = hypot(one->x - other->x, one->y - other->y);
                if (one->host == b) {
                    nested++;
                    outside_host += apart + one->extent / 2.0 > 0.33 * other->extent;
                } else if (other->host == SCENE_NO_HOST && one->host == SCENE_NO_HOST)
                    overlapping += apart < (one->extent + other->extent) / 2.0 - 1e-6;
            }
        }
    }
    CU_ASSERT_EQUAL(misplaced, 0);
    CU_ASSERT_EQUAL(overlapping, 0);
    CU_ASSERT_EQUAL(outside_host, 0);
    CU_ASSERT_EQUAL(misnamed, 0);
    CU_ASSERT(nested > MANY / 10);
}

static double distance(const double a[3], const double b[3])
{
    return sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
                (a[2] - b[2]) * (a[2] - b[2]));
}

static void colours_stand_out_and_gray_pictures_have_gray_ones(void)
{
    int hidden = 0, coloured = 0, gray = 0;
    for (uint64_t index = 0; index < MANY; index++) {
        struct scene scene;
        double ground[3];
        scene_compose(&scene, 3, index);
        scene_ground_rgb(ground, &scene.ground);
        gray += scene.grayscale;
        coloured += scene.grayscale && scene.ground.colour != COLOUR_GRAY;
        for (size_t o = 0; o < scene.object_count; o++) {
            const struct scene_object *object = &scene.objects[o];
            const double *rgb = scene_colour_rgb(object->colour);
            hidden += distance(rgb, ground) < 0.3;
            coloured += scene.grayscale && object->colour < COLOUR_BLACK;
            if (object->host != SCENE_NO_HOST)
                hidden += distance(rgb, scene_colour_rgb(scene.objects[object->host].colour)) < 0.3;
        }
    }
    CU_ASSERT_EQUAL(hidden, 0);
    CU_ASSERT_EQUAL(coloured, 0);
    CU_ASSERT(gray > MANY / 30 && gray < MANY / 15);
}

static void everything_there_is_comes_up(void)
{
    size_t kinds[KIND_COUNT] = { 0 }, colours[COLOUR_COUNT] = { 0 }, places[PLACE_COUNT] = { 0 };
    size_t textures[TEXTURE_COUNT] = { 0 }, relations[RELATION_COUNT] = { 0 };
    for (uint64_t index = 0; index < MANY; index++) {
        struct scene scene;
        scene_compose(&scene, 4, index);
        textures[scene.ground.texture]++;
        for (size_t a = 0; a < scene.object_count; a++) {
            kinds[scene.objects[a].kind]++;
            colours[scene.objects[a].colour]++;
            places[scene.objects[a].place]++;
            for (size_t b = 0; b < scene.object_count; b++)
                for (unsigned r = 0; r < RELATION_COUNT; r++)
                    relations[r] += scene_holds(&scene, a, (enum scene_relation)r, b);
        }
    }
    for (size_t i = 0; i < KIND_COUNT; i++)
        CU_ASSERT(kinds[i] > MANY / 50);
    for (size_t i = 0; i < COLOUR_COUNT; i++)
        CU_ASSERT(colours[i] > MANY / 50);
    for (size_t i = 0; i < PLACE_COUNT; i++)
        CU_ASSERT(places[i] > MANY / 20);
    for (size_t i = 0; i < TEXTURE_COUNT; i++)
        CU_ASSERT(textures[i] > MANY / 10);
    for (size_t i = 0; i < RELATION_COUNT; i++)
        CU_ASSERT(relations[i] > MANY / 50);
}

static void relations_follow_places_sizes_and_hosts(void)
{
    struct scene scene = { .object_count = 3 };
    scene.objects[0] =
        (struct scene_object){ .place = PLACE_TOP_LEFT, .size = SIZE_LARGE, .host = SCENE_NO_HOST };
    scene.objects[1] =
        (struct scene_object){ .place = PLACE_RIGHT, .size = SIZE_SMALL, .host = SCENE_NO_HOST };
    scene.objects[2] = (struct scene_object){ .place = PLACE_TOP_LEFT, .host = 0 };

    CU_ASSERT_TRUE(scene_holds(&scene, 0, RELATION_LEFT_OF, 1));
    CU_ASSERT_FALSE(scene_holds(&scene, 0, RELATION_RIGHT_OF, 1));
    CU_ASSERT_TRUE(scene_holds(&scene, 1, RELATION_RIGHT_OF, 0));
    CU_ASSERT_TRUE(scene_holds(&scene, 0, RELATION_ABOVE, 1));
    CU_ASSERT_TRUE(scene_holds(&scene, 1, RELATION_BELOW, 2));
    CU_ASSERT_TRUE(scene_holds(&scene, 2, RELATION_INSIDE, 0));
    CU_ASSERT_FALSE(scene_holds(&scene, 0, RELATION_INSIDE, 2));
    CU_ASSERT_TRUE(scene_holds(&scene, 0, RELATION_BIGGER_THAN, 1));
    CU_ASSERT_TRUE(scene_holds(&scene, 1, RELATION_SMALLER_THAN, 0));
    CU_ASSERT_FALSE(scene_holds(&scene, 1, RELATION_BIGGER_THAN, 2));
    CU_ASSERT_FALSE(scene_holds(&scene, 0, RELATION_ABOVE, 2));
}

static void a_signature_is_blind_to_order_and_to_what_is_not_content(void)
{
    struct scene scene = { .object_count = 2 };
    char signature[SCENE_SIGNATURE_BYTES], other[SCENE_SIGNATURE_BYTES];
    scene.objects[0] = (struct scene_object){ .kind = KIND_STAR, .colour = COLOUR_RED };
    scene.objects[1] = (struct scene_object){ .kind = KIND_CAR, .place = PLACE_RIGHT };
    scene_signature(signature, &scene);

    struct scene changed = scene;
    changed.objects[0] = scene.objects[1];
    changed.objects[1] = scene.objects[0];
    changed.objects[0].size = SIZE_LARGE;
    changed.objects[1].x = 12.0;
    changed.ground.texture = TEXTURE_WAVY;
    scene_signature(other, &changed);
    CU_ASSERT_STRING_EQUAL(signature, other);
    CU_ASSERT_EQUAL(scene_split_of(&scene), scene_split_of(&changed));

    changed.objects[0].place = PLACE_LEFT;
    scene_signature(other, &changed);
    CU_ASSERT_STRING_NOT_EQUAL(signature, other);
    changed = scene;
    changed.objects[0].colour = COLOUR_BLUE;
    scene_signature(other, &changed);
    CU_ASSERT_STRING_NOT_EQUAL(signature, other);
    changed = scene;
    changed.object_count = 1;
    scene_signature(other, &changed);
    CU_ASSERT_STRING_NOT_EQUAL(signature, other);
}

/* A content written another way than scene_signature does: how often each (kind, colour, place)
 * occurs is what counts, so a sum of a fixed random number for each is equal for equal contents. */
struct content {
    uint64_t sum;
    enum scene_split split;
};

static uint64_t scrambled(uint64_t value)
{
    value = (value + 1) * 0x9E3779B97F4A7C15u;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

static int compare_contents(const void *a, const void *b)
{
    const struct content *left = a, *right = b;
    return (left->sum > right->sum) - (left->sum < right->sum);
}

static void no_content_is_in_two_splits(void)
{
    struct content *contents = calloc(2 * MANY, sizeof *contents);
    size_t members[SPLIT_COUNT] = { 0 }, repeats = 0, shared = 0;
    for (size_t i = 0; i < 2 * MANY; i++) {
        struct scene scene;
        scene_compose(&scene, 5 + i / MANY, i % MANY); /* two data sets */
        for (size_t o = 0; o < scene.object_count; o++) {
            const struct scene_object *object = &scene.objects[o];
            contents[i].sum += scrambled((uint64_t)object->kind << 16 |
                                         (uint64_t)object->colour << 8 | object->place);
        }
        contents[i].split = scene_split_of(&scene);
        members[contents[i].split]++;
    }
    qsort(contents, 2 * MANY, sizeof *contents, compare_contents);
    for (size_t i = 1; i < 2 * MANY; i++)
        if (contents[i].sum == contents[i - 1].sum) {
            repeats++;
            shared += contents[i].split != contents[i - 1].split;
        }
    free(contents);

    CU_ASSERT(repeats > 1000); /* else nothing was tested */
    CU_ASSERT_EQUAL(shared, 0);
    CU_ASSERT(members[SPLIT_TEST] > 2 * MANY * 9 / 100 &&
              members[SPLIT_TEST] < 2 * MANY * 11 / 100);
    CU_ASSERT(members[SPLIT_VAL] > 2 * MANY * 9 / 100 && members[SPLIT_VAL] < 2 * MANY * 11 / 100);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "a scene depends on seed and index only", a_scene_depends_on_seed_and_index_only },
        { "groups divide the objects", groups_divide_the_objects_and_tell_them_apart },
        { "objects stand in their places and apart", objects_stand_in_their_places_and_apart },
        { "colours stand out", colours_stand_out_and_gray_pictures_have_gray_ones },
        { "everything there is comes up", everything_there_is_comes_up },
        { "relations follow places, sizes and hosts", relations_follow_places_sizes_and_hosts },
        { "a signature is blind to order",
          a_signature_is_blind_to_order_and_to_what_is_not_content },
        { "no content is in two splits", no_content_is_in_two_splits },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "scene", cases);
}
