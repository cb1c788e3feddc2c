/* Captions: sentences known by heart in both languages, and what holds for all of them. */
#include "scenes/caption.h"
#include "tests/support/check.h"

#include <string.h>

/* Two red stars at the top left and on the left, a large blue car on the right. */
static struct scene stars_and_car(void)
{
    struct scene scene = {
        .width = 300,
        .height = 300,
        .ground = { .texture = TEXTURE_STRIPED, .colour = COLOUR_GREEN },
        .object_count = 3,
        .group_count = 2,
        .groups = { { 0, 2 }, { 2, 1 } },
    };
    scene.objects[0] = (struct scene_object){
        .kind = KIND_STAR, .place = PLACE_TOP_LEFT, .host = SCENE_NO_HOST, .x = 50, .y = 50
    };
    scene.objects[1] = scene.objects[0];
    scene.objects[1].place = PLACE_LEFT;
    scene.objects[1].y = 150;
    scene.objects[2] = (struct scene_object){ .kind = KIND_CAR,
                                              .colour = COLOUR_BLUE,
                                              .size = SIZE_LARGE,
                                              .place = PLACE_RIGHT,
                                              .group = 1,
                                              .host = SCENE_NO_HOST,
                                              .x = 250,
                                              .y = 150 };
    return scene;
}

/* One object alone. */
static struct scene alone(enum scene_kind kind, enum scene_colour colour, size_t count)
{
    struct scene scene = { .width = 300,
                           .height = 300,
                           .ground = { .colour = COLOUR_BLUE, .dark = true },
                           .object_count = count,
                           .group_count = 1,
                           .groups = { { 0, count } } };
    for (size_t o = 0; o < count; o++)
        scene.objects[o] = (struct scene_object){ .kind = kind,
                                                  .colour = colour,
                                                  .size = SIZE_SMALL,
                                                  .place = (enum scene_place)(PLACE_CENTER + o),
                                                  .host = SCENE_NO_HOST };
    return scene;
}

static void check_sentence(const struct scene *scene, const struct caption_facts *facts,
                           enum caption_language language, const char *expected)
{
    struct sentence sentence;
    caption_word(&sentence, scene, facts, language);
    if (strcmp(sentence.text, expected) != 0)
        fprintf(stderr, "got \"%s\", expected \"%s\"\n", sentence.text, expected);
    CU_ASSERT_STRING_EQUAL(sentence.text, expected);
}

static void english_counts_places_and_relates(void)
{
    const struct scene scene = stars_and_car();
    const struct caption_facts list = { .form = CAPTION_LIST, .wording = 4 };
    const struct caption_facts sizes = { .form = CAPTION_SIZES, .wording = 0 };
    const struct caption_facts left = { .form = CAPTION_RELATION,
                                        .has_relation = true,
                                        .subject = 0,
                                        .object = 1,
                                        .relation = RELATION_LEFT_OF };
    struct caption_facts places = { .form = CAPTION_PLACES, .placed_count = 2, .placed = { 1, 0 } };
    struct caption_facts ground = { .form = CAPTION_GROUND };

    check_sentence(&scene, &list, CAPTION_ENGLISH, "There are two red stars and a blue car.");
    check_sentence(&scene, &sizes, CAPTION_ENGLISH,
                   "The picture shows two small red stars and a large blue car.");
    check_sentence(&scene, &left, CAPTION_ENGLISH,
                   "The two red stars are to the left of the blue car.");
    check_sentence(&scene, &places, CAPTION_ENGLISH,
                   "The blue car is on the right, and the two red stars are at the top left and on "
                   "the left.");
    check_sentence(&scene, &ground, CAPTION_ENGLISH,
                   "Two red stars and a blue car on a light green striped background.");
    ground.wording = 2;
    check_sentence(&scene, &ground, CAPTION_ENGLISH,
                   "The background is light green and striped, and in front of it there are two "
                   "red stars and a blue car.");
}

static void english_articles_follow_the_next_word(void)
{
    const struct caption_facts list = { .form = CAPTION_LIST, .wording = 1 };
    const struct caption_facts sizes = { .form = CAPTION_SIZES, .wording = 1 };
    const struct caption_facts place = { .form = CAPTION_RELATION };
    const struct scene apple = alone(KIND_APPLE, COLOUR_ORANGE, 1);
    const struct scene umbrella = alone(KIND_UMBRELLA, COLOUR_RED, 1);
    const struct scene fish = alone(KIND_FISH, COLOUR_WHITE, 2);
    check_sentence(&apple, &list, CAPTION_ENGLISH, "A picture of an orange apple.");
    check_sentence(&apple, &sizes, CAPTION_ENGLISH, "A picture of a small orange apple.");
    check_sentence(&umbrella, &list, CAPTION_ENGLISH, "A picture of a red umbrella.");
    check_sentence(&fish, &list, CAPTION_ENGLISH, "A picture of two white fish.");
    check_sentence(
        &apple, &place, CAPTION_ENGLISH,
        "The orange apple is in the center, and the background is a dark blue gradient.");
}

static void arabic_agrees_in_number_gender_and_case(void)
{
    const struct scene scene = stars_and_car();
    const struct caption_facts list = { .form = CAPTION_LIST, .wording = 0 };
    const struct caption_facts picture_of = { .form = CAPTION_SIZES, .wording = 3 };
    struct caption_facts left = { .form = CAPTION_RELATION,
                                  .has_relation = true,
                                  .subject = 0,
                                  .object = 1,
                                  .relation = RELATION_LEFT_OF };
    const struct caption_facts places = { .form = CAPTION_PLACES,
                                          .placed_count = 2,
                                          .placed = { 1, 0 } };
    const struct caption_facts ground = { .form = CAPTION_GROUND, .wording = 1 };

    check_sentence(&scene, &list, CAPTION_ARABIC, "هناك نجمتان حمراوان وسيارة زرقاء.");
    check_sentence(&scene, &picture_of, CAPTION_ARABIC,
                   "صورة لنجمتين حمراوين صغيرتين وسيارة زرقاء كبيرة.");
    check_sentence(&scene, &left, CAPTION_ARABIC, "النجمتان الحمراوان إلى يسار السيارة الزرقاء.");
    left.subject = 1;
    left.object = 0;
    left.relation = RELATION_RIGHT_OF;
    left.wording = 1;
    check_sentence(&scene, &left, CAPTION_ARABIC, "هناك سيارة زرقاء إلى يمين نجمتين حمراوين.");
    left.relation = RELATION_BIGGER_THAN;
    check_sentence(&scene, &left, CAPTION_ARABIC, "السيارة الزرقاء أكبر من النجمتين الحمراوين.");
    check_sentence(&scene, &places, CAPTION_ARABIC,
                   "السيارة الزرقاء على اليمين، والنجمتان الحمراوان في أعلى اليسار وعلى اليسار.");
    check_sentence(&scene, &ground, CAPTION_ARABIC,
                   "خلفية الصورة خضراء فاتحة مخططة، وفيها نجمتان حمراوان وسيارة زرقاء.");
}

static void arabic_numbers_take_the_other_gender_and_plurals_a_feminine(void)
{
    const struct caption_facts sizes = { .form = CAPTION_SIZES, .wording = 0 };
    const struct caption_facts place = { .form = CAPTION_RELATION, .wording = 0 };
    const struct scene houses = alone(KIND_HOUSE, COLOUR_BLACK, 3);
    const struct scene trees = alone(KIND_TREE, COLOUR_ORANGE, 4);
    const struct scene hexagons = alone(KIND_HEXAGON, COLOUR_GRAY, 2);
    const struct scene hexagon = alone(KIND_HEXAGON, COLOUR_WHITE, 1);
    check_sentence(&houses, &sizes, CAPTION_ARABIC, "هناك ثلاثة بيوت سوداء صغيرة.");
    check_sentence(&trees, &sizes, CAPTION_ARABIC, "هناك أربع أشجار برتقالية صغيرة.");
    check_sentence(&hexagons, &sizes, CAPTION_ARABIC, "هناك شكلان سداسيان رماديان صغيران.");
    check_sentence(&hexagon, &place, CAPTION_ARABIC,
                   "الشكل السداسي الأبيض في الوسط، والخلفية زرقاء داكنة متدرجة.");
}

/* Whether the word, or its plural, stands in the text. */
static bool word_occurs(const char *text, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        const bool begins = at == text || at[-1] == ' ';
        const char after = at[length] == 's' ? at[length + 1] : at[length];
        if (begins && strchr(" .,:", after) != NULL)
            return true;
    }
    return false;
}

/* Whether the kinds and colours in an English sentence all occur in the scene. */
static bool names_only_what_is_there(const struct sentence *sentence, const struct scene *scene)
{
    struct sentence copy = *sentence;
    char *small = copy.text;
    if (small[0] >= 'A' && small[0] <= 'Z')
        small[0] = (char)(small[0] - 'A' + 'a');
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        bool is_there = false;
        for (size_t o = 0; o < scene->object_count; o++)
            is_there = is_there || scene->objects[o].kind == kind;
        if (word_occurs(small, scene_kind_name((enum scene_kind)kind)) && !is_there)
            return false;
    }
    for (unsigned colour = 0; colour < COLOUR_COUNT; colour++) {
        bool is_there = scene->ground.colour == colour;
        for (size_t o = 0; o < scene->object_count; o++)
            is_there = is_there || scene->objects[o].colour == colour;
        if (word_occurs(small, scene_colour_name((enum scene_colour)colour)) && !is_there)
            return false;
    }
    return true;
}

static bool is_well_formed(const struct sentence *sentence)
{
    return !sentence->is_cut && sentence->length > 8 &&
           sentence->text[sentence->length - 1] == '.' && strstr(sentence->text, "  ") == NULL &&
           strstr(sentence->text, " .") == NULL && strstr(sentence->text, "(null)") == NULL &&
           sentence->text[0] != ' ';
}

static bool relation_is_true(const struct scene *scene, const struct caption_facts *facts)
{
    const struct scene_group *a = &scene->groups[facts->subject];
    const struct scene_group *b = &scene->groups[facts->object];
    for (size_t s = a->first; s < a->first + a->count; s++)
        for (size_t o = b->first; o < b->first + b->count; o++)
            if (!scene_holds(scene, s, facts->relation, o))
                return false;
    return true;
}

static void captions_are_five_different_true_sentences(void)
{
    int malformed = 0, equal = 0, untrue = 0;
    for (uint64_t index = 1; index <= 3000; index++)
        for (unsigned l = 0; l < CAPTION_LANGUAGE_COUNT; l++) {
            const enum caption_language language = (enum caption_language)l;
            struct scene scene;
            struct caption_facts facts[CAPTION_FORM_COUNT];
            struct sentence sentences[CAPTION_FORM_COUNT];
            scene_compose(&scene, 21, index);
            caption_draw(facts, &scene, 21, index, language);
            for (size_t c = 0; c < CAPTION_FORM_COUNT; c++) {
                caption_word(&sentences[c], &scene, &facts[c], language);
                malformed += !is_well_formed(&sentences[c]);
                untrue += facts[c].has_relation && !relation_is_true(&scene, &facts[c]);
                untrue +=
                    language == CAPTION_ENGLISH && !names_only_what_is_there(&sentences[c], &scene);
                for (size_t other = 0; other < c; other++)
                    equal += strcmp(sentences[c].text, sentences[other].text) == 0;
            }
        }
    CU_ASSERT_EQUAL(malformed, 0);
    CU_ASSERT_EQUAL(equal, 0);
    CU_ASSERT_EQUAL(untrue, 0);
}

/* Things that have their places for themselves, in reading order, one by one and without colours.
 */
static void things_are_told_place_by_place(void)
{
    struct scene scene = stars_and_car();
    struct sentence sentence;
    CU_ASSERT(caption_word_things(&sentence, &scene, CAPTION_ENGLISH));
    CU_ASSERT_STRING_EQUAL(sentence.text, "At the top left there is a star, and on the left there "
                                          "is a star, and on the right there is a car.");
    CU_ASSERT(caption_word_things(&sentence, &scene, CAPTION_ARABIC));
    CU_ASSERT_STRING_EQUAL(sentence.text,
                           "في أعلى اليسار نجمة، وعلى اليسار نجمة، وعلى اليمين سيارة.");
    scene.objects[0].place = PLACE_LEFT;
    CU_ASSERT(caption_word_things(&sentence, &scene, CAPTION_ENGLISH));
    CU_ASSERT_STRING_EQUAL(sentence.text, "On the right there is a car.");
    scene.objects[2].place = PLACE_LEFT;
    CU_ASSERT_FALSE(caption_word_things(&sentence, &scene, CAPTION_ENGLISH));
    for (uint64_t index = 1; index <= 1000; index++) {
        scene_compose(&scene, 21, index);
        if (caption_word_things(&sentence, &scene, CAPTION_ENGLISH))
            CU_ASSERT(is_well_formed(&sentence) && names_only_what_is_there(&sentence, &scene));
    }
}

static void captions_are_drawn_alike_each_time(void)
{
    struct scene scene;
    struct caption_facts first[CAPTION_FORM_COUNT], again[CAPTION_FORM_COUNT];
    struct sentence before, after;
    scene_compose(&scene, 3, 4);
    caption_draw(first, &scene, 3, 4, CAPTION_ARABIC);
    caption_draw(again, &scene, 3, 4, CAPTION_ARABIC);
    for (size_t c = 0; c < CAPTION_FORM_COUNT; c++) {
        caption_word(&before, &scene, &first[c], CAPTION_ARABIC);
        caption_word(&after, &scene, &again[c], CAPTION_ARABIC);
        CU_ASSERT_STRING_EQUAL(before.text, after.text);
    }
}

static void a_sentence_never_overflows(void)
{
    struct sentence sentence = { 0 };
    for (int i = 0; i < 100; i++)
        sentence_add(&sentence, "%s", "0123456789");
    CU_ASSERT_TRUE(sentence.is_cut);
    CU_ASSERT(sentence.length < SENTENCE_BYTES);
    CU_ASSERT_EQUAL(strlen(sentence.text), sentence.length);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "English counts, places and relates", english_counts_places_and_relates },
        { "English articles follow the next word", english_articles_follow_the_next_word },
        { "Arabic agrees in number, gender and case", arabic_agrees_in_number_gender_and_case },
        { "Arabic numbers and plurals",
          arabic_numbers_take_the_other_gender_and_plurals_a_feminine },
        { "five different true sentences", captions_are_five_different_true_sentences },
        { "things are told place by place", things_are_told_place_by_place },
        { "captions are drawn alike each time", captions_are_drawn_alike_each_time },
        { "a sentence never overflows", a_sentence_never_overflows },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "caption", cases);
}
