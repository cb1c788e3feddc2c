#include "scenes/caption_wording.h"

#include <string.h>

static const char *const plurals[KIND_COUNT] = {
    [KIND_CIRCLE] = "circles",   [KIND_SQUARE] = "squares",     [KIND_TRIANGLE] = "triangles",
    [KIND_STAR] = "stars",       [KIND_RING] = "rings",         [KIND_HEXAGON] = "hexagons",
    [KIND_HEART] = "hearts",     [KIND_ARROW] = "arrows",       [KIND_TREE] = "trees",
    [KIND_HOUSE] = "houses",     [KIND_CAR] = "cars",           [KIND_BOAT] = "boats",
    [KIND_FISH] = "fish",        [KIND_FLOWER] = "flowers",     [KIND_SUN] = "suns",
    [KIND_MOON] = "moons",       [KIND_CLOUD] = "clouds",       [KIND_CUP] = "cups",
    [KIND_BALLOON] = "balloons", [KIND_UMBRELLA] = "umbrellas", [KIND_APPLE] = "apples",
    [KIND_FLAG] = "flags",
};

static const char *const places[PLACE_COUNT] = {
    "at the top left",    "at the top",    "at the top right",
    "on the left",        "in the center", "on the right",
    "at the bottom left", "at the bottom", "at the bottom right",
};

static const char *const relations[RELATION_COUNT] = {
    [RELATION_LEFT_OF] = "to the left of",
    [RELATION_RIGHT_OF] = "to the right of",
    [RELATION_ABOVE] = "above",
    [RELATION_BELOW] = "below",
    [RELATION_INSIDE] = "inside",
    [RELATION_BIGGER_THAN] = "bigger than",
    [RELATION_SMALLER_THAN] = "smaller than",
};

static const char *const numbers[SCENE_OBJECTS_MAX + 1] = { "no",    "one",  "two",
                                                            "three", "four", "five" };

enum article { INDEFINITE, DEFINITE };

/* "a large red star", "two red stars", "the two red stars" */
static void add_group(struct sentence *sentence, const struct scene *scene, size_t group,
                      enum article article, bool with_size)
{
    const size_t count = scene->groups[group].count;
    const struct scene_object *object = &scene->objects[scene->groups[group].first];
    const char *colour = scene_colour_name(object->colour);
    const char *next = with_size ? scene_size_name(object->size) : colour;

    if (article == DEFINITE)
        sentence_add(sentence, "the ");
    else if (count == 1)
        sentence_add(sentence, "%s ", strchr("aeiou", next[0]) != NULL ? "an" : "a");
    if (count > 1)
        sentence_add(sentence, "%s ", numbers[count]);
    if (with_size)
        sentence_add(sentence, "%s ", scene_size_name(object->size));
    sentence_add(sentence, "%s %s", colour,
                 count == 1 ? scene_kind_name(object->kind) : plurals[object->kind]);
}

/* "a red star, two blue cars and a green tree" */
static void add_list(struct sentence *sentence, const struct scene *scene, bool with_sizes)
{
    for (size_t g = 0; g < scene->group_count; g++) {
        if (g > 0)
            sentence_add(sentence, "%s", g + 1 < scene->group_count ? ", " : " and ");
        add_group(sentence, scene, g, INDEFINITE, with_sizes);
    }
}

/* "at the top left and in the center" */
static void add_places(struct sentence *sentence, const struct scene *scene, size_t group)
{
    const struct scene_group *of = &scene->groups[group];
    for (size_t o = 0; o < of->count; o++) {
        if (o > 0)
            sentence_add(sentence, "%s", o + 1 < of->count ? ", " : " and ");
        sentence_add(sentence, "%s", places[scene->objects[of->first + o].place]);
    }
}

/* "light blue striped", to stand before "background" */
static void add_ground(struct sentence *sentence, const struct scene *scene)
{
    sentence_add(sentence, "%s %s %s", scene->ground.dark ? "dark" : "light",
                 scene_colour_name(scene->ground.colour),
                 scene_texture_name(scene->ground.texture));
}

/* "light blue and striped", "a light blue gradient", to stand after "is" */
static void add_ground_told(struct sentence *sentence, const struct scene *scene)
{
    const bool is_gradient = scene->ground.texture == TEXTURE_GRADIENT;
    sentence_add(sentence, "%s%s %s %s%s", is_gradient ? "a " : "",
                 scene->ground.dark ? "dark" : "light", scene_colour_name(scene->ground.colour),
                 is_gradient ? "" : "and ", scene_texture_name(scene->ground.texture));
}

static const char *is_or_are(const struct scene *scene, size_t group)
{
    return scene->groups[group].count == 1 ? "is" : "are";
}

static void word_list(struct sentence *sentence, const struct scene *scene, unsigned wording,
                      bool with_sizes)
{
    static const char *const openings[] = { "The picture shows ", "A picture of ", "We can see ",
                                            "Here you see " };
    if (wording % 5 < 4)
        sentence_add(sentence, "%s", openings[wording % 5]);
    else
        sentence_add(sentence, "There %s ", is_or_are(scene, 0));
    add_list(sentence, scene, with_sizes);
}

static void word_relation(struct sentence *sentence, const struct scene *scene,
                          const struct caption_facts *facts)
{
    const char *verb = is_or_are(scene, facts->subject);
    const char *relation = relations[facts->relation];
    const bool is_comparison = facts->relation >= RELATION_BIGGER_THAN;
    switch (is_comparison ? 0 : facts->wording % 3) {
    case 0:
        add_group(sentence, scene, facts->subject, DEFINITE, false);
        sentence_add(sentence, " %s %s ", verb, relation);
        add_group(sentence, scene, facts->object, DEFINITE, false);
        break;
    case 1:
        sentence_add(sentence, "there %s ", verb);
        add_group(sentence, scene, facts->subject, INDEFINITE, false);
        sentence_add(sentence, " %s ", relation);
        add_group(sentence, scene, facts->object, INDEFINITE, false);
        break;
    default:
        sentence_add(sentence, "%s ", relation);
        add_group(sentence, scene, facts->object, DEFINITE, false);
        sentence_add(sentence, " there %s ", verb);
        add_group(sentence, scene, facts->subject, INDEFINITE, false);
    }
}

static void word_place_and_ground(struct sentence *sentence, const struct scene *scene,
                                  unsigned wording)
{
    if (wording % 2 == 0) {
        add_group(sentence, scene, 0, DEFINITE, false);
        sentence_add(sentence, " %s ", is_or_are(scene, 0));
        add_places(sentence, scene, 0);
        sentence_add(sentence, ", and the background is ");
        add_ground_told(sentence, scene);
        return;
    }
    sentence_add(sentence, "on a ");
    add_ground(sentence, scene);
    sentence_add(sentence, " background there %s ", is_or_are(scene, 0));
    add_group(sentence, scene, 0, INDEFINITE, false);
    sentence_add(sentence, " ");
    add_places(sentence, scene, 0);
}

static void word_count(struct sentence *sentence, const struct scene *scene)
{
    sentence_add(sentence, "there are %s things in the picture: ", numbers[scene->object_count]);
    add_list(sentence, scene, false);
}

static void word_place(struct sentence *sentence, const struct scene *scene, size_t group,
                       unsigned wording)
{
    switch (wording) {
    case 0:
        add_group(sentence, scene, group, DEFINITE, false);
        sentence_add(sentence, " %s ", is_or_are(scene, group));
        add_places(sentence, scene, group);
        break;
    case 1:
        sentence_add(sentence, "there %s ", is_or_are(scene, group));
        add_group(sentence, scene, group, INDEFINITE, false);
        sentence_add(sentence, " ");
        add_places(sentence, scene, group);
        break;
    default:
        add_places(sentence, scene, group);
        sentence_add(sentence, " there %s ", is_or_are(scene, group));
        add_group(sentence, scene, group, INDEFINITE, false);
    }
}

static void word_thing(struct sentence *sentence, const struct scene_object *object)
{
    const char *name = scene_kind_name(object->kind);
    sentence_add(sentence, "%s there is %s %s", places[object->place],
                 strchr("aeiou", name[0]) != NULL ? "an" : "a", name);
}

static void word_ground(struct sentence *sentence, const struct scene *scene, unsigned wording)
{
    switch (wording % 3) {
    case 0:
        add_list(sentence, scene, false);
        sentence_add(sentence, " on a ");
        add_ground(sentence, scene);
        sentence_add(sentence, " background");
        break;
    case 1:
        sentence_add(sentence, "on a ");
        add_ground(sentence, scene);
        sentence_add(sentence, " background we see ");
        add_list(sentence, scene, false);
        break;
    default:
        sentence_add(sentence, "the background is ");
        add_ground_told(sentence, scene);
        sentence_add(sentence, ", and in front of it there %s ", is_or_are(scene, 0));
        add_list(sentence, scene, false);
    }
}

const struct caption_words caption_words_english = {
    .list = word_list,
    .relation = word_relation,
    .place_and_ground = word_place_and_ground,
    .count = word_count,
    .place = word_place,
    .thing = word_thing,
    .ground = word_ground,
    .and_then = ", and ",
};
