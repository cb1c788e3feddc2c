#include "scenes/caption_wording.h"

#include <string.h>

/* Every form is written out: six words a colour are quicker to check than rules for endings. */
struct noun {
    const char *singular;
    const char *dual;         /* nominative */
    const char *dual_oblique; /* after a preposition */
    const char *plural;
    bool is_feminine;
};

struct adjective {
    const char *masculine, *feminine;
    const char *dual_masculine, *dual_masculine_oblique;
    const char *dual_feminine, *dual_feminine_oblique;
};

static const struct noun nouns[KIND_COUNT] = {
    [KIND_CIRCLE] = { "دائرة", "دائرتان", "دائرتين", "دوائر", true },
    [KIND_SQUARE] = { "مربع", "مربعان", "مربعين", "مربعات", false },
    [KIND_TRIANGLE] = { "مثلث", "مثلثان", "مثلثين", "مثلثات", false },
    [KIND_STAR] = { "نجمة", "نجمتان", "نجمتين", "نجمات", true },
    [KIND_RING] = { "حلقة", "حلقتان", "حلقتين", "حلقات", true },
    [KIND_HEXAGON] = { "شكل سداسي", "شكلان سداسيان", "شكلين سداسيين", "أشكال سداسية", false },
    [KIND_HEART] = { "قلب", "قلبان", "قلبين", "قلوب", false },
    [KIND_ARROW] = { "سهم", "سهمان", "سهمين", "أسهم", false },
    [KIND_TREE] = { "شجرة", "شجرتان", "شجرتين", "أشجار", true },
    [KIND_HOUSE] = { "بيت", "بيتان", "بيتين", "بيوت", false },
    [KIND_CAR] = { "سيارة", "سيارتان", "سيارتين", "سيارات", true },
    [KIND_BOAT] = { "قارب", "قاربان", "قاربين", "قوارب", false },
    [KIND_FISH] = { "سمكة", "سمكتان", "سمكتين", "سمكات", true },
    [KIND_FLOWER] = { "زهرة", "زهرتان", "زهرتين", "زهرات", true },
    [KIND_SUN] = { "شمس", "شمسان", "شمسين", "شموس", true },
    [KIND_MOON] = { "هلال", "هلالان", "هلالين", "أهلة", false },
    [KIND_CLOUD] = { "غيمة", "غيمتان", "غيمتين", "غيمات", true },
    [KIND_CUP] = { "كوب", "كوبان", "كوبين", "أكواب", false },
    [KIND_BALLOON] = { "بالون", "بالونان", "بالونين", "بالونات", false },
    [KIND_UMBRELLA] = { "مظلة", "مظلتان", "مظلتين", "مظلات", true },
    [KIND_APPLE] = { "تفاحة", "تفاحتان", "تفاحتين", "تفاحات", true },
    [KIND_FLAG] = { "علم", "علمان", "علمين", "أعلام", false },
};

static const struct adjective colours[COLOUR_COUNT] = {
    [COLOUR_RED] = { "أحمر", "حمراء", "أحمران", "أحمرين", "حمراوان", "حمراوين" },
    [COLOUR_ORANGE] = { "برتقالي", "برتقالية", "برتقاليان", "برتقاليين", "برتقاليتان",
                        "برتقاليتين" },
    [COLOUR_YELLOW] = { "أصفر", "صفراء", "أصفران", "أصفرين", "صفراوان", "صفراوين" },
    [COLOUR_GREEN] = { "أخضر", "خضراء", "أخضران", "أخضرين", "خضراوان", "خضراوين" },
    [COLOUR_BLUE] = { "أزرق", "زرقاء", "أزرقان", "أزرقين", "زرقاوان", "زرقاوين" },
    [COLOUR_PURPLE] = { "بنفسجي", "بنفسجية", "بنفسجيان", "بنفسجيين", "بنفسجيتان", "بنفسجيتين" },
    [COLOUR_PINK] = { "وردي", "وردية", "ورديان", "ورديين", "ورديتان", "ورديتين" },
    [COLOUR_BROWN] = { "بني", "بنية", "بنيان", "بنيين", "بنيتان", "بنيتين" },
    [COLOUR_BLACK] = { "أسود", "سوداء", "أسودان", "أسودين", "سوداوان", "سوداوين" },
    [COLOUR_GRAY] = { "رمادي", "رمادية", "رماديان", "رماديين", "رماديتان", "رماديتين" },
    [COLOUR_WHITE] = { "أبيض", "بيضاء", "أبيضان", "أبيضين", "بيضاوان", "بيضاوين" },
};

static const struct adjective sizes[SIZE_COUNT] = {
    [SIZE_SMALL] = { "صغير", "صغيرة", "صغيران", "صغيرين", "صغيرتان", "صغيرتين" },
    [SIZE_LARGE] = { "كبير", "كبيرة", "كبيران", "كبيرين", "كبيرتان", "كبيرتين" },
};

static const char *const places[PLACE_COUNT] = {
    "في أعلى اليسار", "في الأعلى",      "في أعلى اليمين", "على اليسار",     "في الوسط",
    "على اليمين",     "في أسفل اليسار", "في الأسفل",      "في أسفل اليمين",
};

/* All of them ask for the genitive. */
static const char *const relations[RELATION_COUNT] = {
    [RELATION_LEFT_OF] = "إلى يسار",
    [RELATION_RIGHT_OF] = "إلى يمين",
    [RELATION_ABOVE] = "فوق",
    [RELATION_BELOW] = "تحت",
    [RELATION_INSIDE] = "داخل",
    [RELATION_BIGGER_THAN] = "أكبر من",
    [RELATION_SMALLER_THAN] = "أصغر من",
};

/* Feminine, as the ground is; of the two words for checkered, the first is. */
static const char *const textures[TEXTURE_COUNT] = {
    [TEXTURE_GRADIENT] = "متدرجة", [TEXTURE_STRIPED] = "مخططة",
    [TEXTURE_DOTTED] = "منقطة",    [TEXTURE_CHECKERED] = "شطرنجية النقش",
    [TEXTURE_WAVY] = "مموجة",      [TEXTURE_SPECKLED] = "مرقطة",
};

/* Three and above: the form that goes with masculine nouns carries the feminine ending, and the
 * other way round. */
static const char *const numbers_of_masculine[SCENE_OBJECTS_MAX + 1] = { NULL,    NULL,    NULL,
                                                                         "ثلاثة", "أربعة", "خمسة" };
static const char *const numbers_of_feminine[SCENE_OBJECTS_MAX + 1] = { NULL,   NULL,   NULL,
                                                                        "ثلاث", "أربع", "خمس" };

enum article { INDEFINITE, DEFINITE };
enum grammatical_case { NOMINATIVE, OBLIQUE };

/* In a definite phrase every word takes the article. */
static void add_words(struct sentence *sentence, const char *words, enum article article)
{
    while (*words != '\0') {
        const size_t bytes = strcspn(words, " ");
        sentence_add(sentence, "%s%.*s", article == DEFINITE ? "ال" : "", (int)bytes, words);
        words += bytes;
        if (*words == ' ') {
            sentence_add(sentence, " ");
            words++;
        }
    }
}

static void add_adjective(struct sentence *sentence, const struct adjective *adjective,
                          const struct noun *noun, size_t count, enum article article,
                          enum grammatical_case in_case)
{
    const bool is_oblique = in_case == OBLIQUE;
    const char *word;
    if (count > 2) /* plurals of things count as one feminine */
        word = adjective->feminine;
    else if (count == 1)
        word = noun->is_feminine ? adjective->feminine : adjective->masculine;
    else if (noun->is_feminine)
        word = is_oblique ? adjective->dual_feminine_oblique : adjective->dual_feminine;
    else
        word = is_oblique ? adjective->dual_masculine_oblique : adjective->dual_masculine;
    sentence_add(sentence, " ");
    add_words(sentence, word, article);
}

/* One: noun and adjectives; two: their duals; more: number, plural noun, adjectives. */
static void add_group(struct sentence *sentence, const struct scene *scene, size_t group,
                      enum article article, enum grammatical_case in_case, bool with_size)
{
    const size_t count = scene->groups[group].count;
    const struct scene_object *object = &scene->objects[scene->groups[group].first];
    const struct noun *noun = &nouns[object->kind];
    const char *const *numbers = noun->is_feminine ? numbers_of_feminine : numbers_of_masculine;

    if (count > 2 && article == INDEFINITE)
        sentence_add(sentence, "%s ", numbers[count]);
    if (count == 1)
        add_words(sentence, noun->singular, article);
    else if (count == 2)
        add_words(sentence, in_case == OBLIQUE ? noun->dual_oblique : noun->dual, article);
    else
        add_words(sentence, noun->plural, article);
    add_adjective(sentence, &colours[object->colour], noun, count, article, in_case);
    if (with_size)
        add_adjective(sentence, &sizes[object->size], noun, count, article, in_case);
}

/* "and" is written together with the word after it. */
static void add_list(struct sentence *sentence, const struct scene *scene,
                     enum grammatical_case in_case, bool with_sizes)
{
    for (size_t g = 0; g < scene->group_count; g++) {
        sentence_add(sentence, "%s", g > 0 ? " و" : "");
        add_group(sentence, scene, g, INDEFINITE, in_case, with_sizes);
    }
}

static void add_places(struct sentence *sentence, const struct scene *scene, size_t group)
{
    const struct scene_group *of = &scene->groups[group];
    for (size_t o = 0; o < of->count; o++)
        sentence_add(sentence, "%s%s", o > 0 ? " و" : "",
                     places[scene->objects[of->first + o].place]);
}

/* The adjectives of the ground, which is feminine in Arabic. */
static void add_ground(struct sentence *sentence, const struct scene *scene)
{
    sentence_add(sentence, "%s %s %s", colours[scene->ground.colour].feminine,
                 scene->ground.dark ? "داكنة" : "فاتحة", textures[scene->ground.texture]);
}

static void word_list(struct sentence *sentence, const struct scene *scene, unsigned wording,
                      bool with_sizes)
{
    static const char *const openings[] = { "هناك ", "في الصورة ", "صورة فيها ", "صورة ل" };
    const enum grammatical_case in_case = wording % 4 == 3 ? OBLIQUE : NOMINATIVE;
    sentence_add(sentence, "%s", openings[wording % 4]);
    add_list(sentence, scene, in_case, with_sizes);
}

static void word_relation(struct sentence *sentence, const struct scene *scene,
                          const struct caption_facts *facts)
{
    const char *relation = relations[facts->relation];
    const bool is_comparison = facts->relation >= RELATION_BIGGER_THAN;
    switch (is_comparison ? 0 : facts->wording % 3) {
    case 0:
        add_group(sentence, scene, facts->subject, DEFINITE, NOMINATIVE, false);
        sentence_add(sentence, " %s ", relation);
        add_group(sentence, scene, facts->object, DEFINITE, OBLIQUE, false);
        break;
    case 1:
        sentence_add(sentence, "هناك ");
        add_group(sentence, scene, facts->subject, INDEFINITE, NOMINATIVE, false);
        sentence_add(sentence, " %s ", relation);
        add_group(sentence, scene, facts->object, INDEFINITE, OBLIQUE, false);
        break;
    default:
        sentence_add(sentence, "%s ", relation);
        add_group(sentence, scene, facts->object, DEFINITE, OBLIQUE, false);
        sentence_add(sentence, " ");
        add_group(sentence, scene, facts->subject, INDEFINITE, NOMINATIVE, false);
    }
}

static void word_place_and_ground(struct sentence *sentence, const struct scene *scene,
                                  unsigned wording)
{
    if (wording % 2 == 0) {
        add_group(sentence, scene, 0, DEFINITE, NOMINATIVE, false);
        sentence_add(sentence, " ");
        add_places(sentence, scene, 0);
        sentence_add(sentence, "، والخلفية ");
        add_ground(sentence, scene);
        return;
    }
    sentence_add(sentence, "على خلفية ");
    add_ground(sentence, scene);
    sentence_add(sentence, " هناك ");
    add_group(sentence, scene, 0, INDEFINITE, NOMINATIVE, false);
    sentence_add(sentence, " ");
    add_places(sentence, scene, 0);
}

/* Three to five things: a pair without a relation has at least three objects. */
static void word_count(struct sentence *sentence, const struct scene *scene)
{
    sentence_add(sentence, "في الصورة %s أشياء: ", numbers_of_masculine[scene->object_count]);
    add_list(sentence, scene, NOMINATIVE, false);
}

static void word_place(struct sentence *sentence, const struct scene *scene, size_t group,
                       unsigned wording)
{
    switch (wording) {
    case 0:
        add_group(sentence, scene, group, DEFINITE, NOMINATIVE, false);
        sentence_add(sentence, " ");
        add_places(sentence, scene, group);
        break;
    case 1:
        sentence_add(sentence, "هناك ");
        add_group(sentence, scene, group, INDEFINITE, NOMINATIVE, false);
        sentence_add(sentence, " ");
        add_places(sentence, scene, group);
        break;
    default:
        add_places(sentence, scene, group);
        sentence_add(sentence, " ");
        add_group(sentence, scene, group, INDEFINITE, NOMINATIVE, false);
    }
}

static void word_thing(struct sentence *sentence, const struct scene_object *object)
{
    sentence_add(sentence, "%s %s", places[object->place], nouns[object->kind].singular);
}

static void word_ground(struct sentence *sentence, const struct scene *scene, unsigned wording)
{
    if (wording % 2 == 0) {
        sentence_add(sentence, "%s", wording % 4 == 0 ? "هناك " : "");
        add_list(sentence, scene, NOMINATIVE, false);
        sentence_add(sentence, " على خلفية ");
        add_ground(sentence, scene);
        return;
    }
    sentence_add(sentence, "خلفية الصورة ");
    add_ground(sentence, scene);
    sentence_add(sentence, "، وفيها ");
    add_list(sentence, scene, NOMINATIVE, false);
}

const struct caption_words caption_words_arabic = {
    .list = word_list,
    .relation = word_relation,
    .place_and_ground = word_place_and_ground,
    .count = word_count,
    .place = word_place,
    .thing = word_thing,
    .ground = word_ground,
    .and_then = "، و",
};
