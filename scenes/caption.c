#include "scenes/caption.h"

#include "core/random.h"
#include "scenes/caption_wording.h"

#include <assert.h>
#include <math.h>

const char *caption_language_name(enum caption_language language)
{
    return language == CAPTION_ENGLISH ? "en" : "ar";
}

const char *caption_form_name(enum caption_form form)
{
    static const char *const names[CAPTION_FORM_COUNT] = { "list", "sizes", "relation", "places",
                                                           "ground" };
    return names[form];
}

/* Whether every object of group a stands in the relation to every object of group b, and clearly
 * so: what is farther above than to the left is not called left. */
static bool groups_hold(const struct scene *scene, size_t a, enum scene_relation relation, size_t b)
{
    const struct scene_group *subjects = &scene->groups[a], *objects = &scene->groups[b];
    const bool is_sideways = relation == RELATION_LEFT_OF || relation == RELATION_RIGHT_OF;
    const bool is_upright = relation == RELATION_ABOVE || relation == RELATION_BELOW;
    for (size_t s = subjects->first; s < subjects->first + subjects->count; s++)
        for (size_t o = objects->first; o < objects->first + objects->count; o++) {
            const struct scene_object *subject = &scene->objects[s], *object = &scene->objects[o];
            const double across = fabs(subject->x - object->x);
            const double down = fabs(subject->y - object->y);
            if (!scene_holds(scene, s, relation, o) || (is_sideways && across < down) ||
                (is_upright && down < across))
                return false;
        }
    return true;
}

/* One of the relations that hold between two groups; being inside goes before all others. */
static void draw_relation(struct caption_facts *facts, const struct scene *scene,
                          struct random_stream *stream)
{
    uint32_t found = 0;
    for (size_t a = 0; a < scene->group_count; a++)
        for (size_t b = 0; b < scene->group_count; b++)
            for (unsigned r = 0; r < RELATION_COUNT; r++) {
                const enum scene_relation relation = (enum scene_relation)r;
                if (a == b || !groups_hold(scene, a, relation, b))
                    continue;
                const bool is_settled = facts->has_relation && facts->relation == RELATION_INSIDE;
                /* Each of n candidates replaces the earlier choice with probability 1/n. */
                const bool is_chosen = random_below(stream, ++found) == 0;
                if (relation == RELATION_INSIDE || (is_chosen && !is_settled)) {
                    facts->has_relation = true;
                    facts->relation = relation;
                    facts->subject = a;
                    facts->object = b;
                }
            }
}

/* One or two groups; what is inside another thing shares its place and is left out. */
static void draw_placed(struct caption_facts *facts, const struct scene *scene,
                        struct random_stream *stream)
{
    size_t groups[SCENE_GROUPS_MAX];
    uint32_t count = 0;
    for (size_t g = 0; g < scene->group_count; g++)
        if (scene->objects[scene->groups[g].first].host == SCENE_NO_HOST)
            groups[count++] = g;
    assert(count > 0); /* a host is not inside anything */
    const uint32_t start = random_below(stream, count);
    facts->placed_count = count > 1 ? 2 : 1;
    for (uint32_t p = 0; p < facts->placed_count; p++)
        facts->placed[p] = groups[(start + p) % count];
}

void caption_draw(struct caption_facts facts[CAPTION_FORM_COUNT], const struct scene *scene,
                  uint64_t seed, uint64_t index, enum caption_language language)
{
    struct random_stream stream =
        random_stream_numbered(seed, index, caption_language_name(language));
    for (unsigned f = 0; f < CAPTION_FORM_COUNT; f++) {
        struct caption_facts told = { .form = (enum caption_form)f,
                                      .wording = random_bits(&stream) >> 1 };
        draw_relation(&told, scene, &stream);
        draw_placed(&told, scene, &stream);
        const uint32_t position = random_below(&stream, f + 1);
        facts[f] = facts[position];
        facts[position] = told;
    }
}

static void word_places(struct sentence *sentence, const struct scene *scene,
                        const struct caption_facts *facts, const struct caption_words *words)
{
    for (size_t p = 0; p < facts->placed_count; p++) {
        sentence_add(sentence, "%s", p > 0 ? words->and_then : "");
        words->place(sentence, scene, facts->placed[p], facts->wording % 3);
    }
}

static void word_facts(struct sentence *sentence, const struct scene *scene,
                       const struct caption_facts *facts, const struct caption_words *words)
{
    switch (facts->form) {
    case CAPTION_LIST:
    case CAPTION_SIZES:
        words->list(sentence, scene, facts->wording, facts->form == CAPTION_SIZES);
        break;
    case CAPTION_RELATION:
        if (facts->has_relation)
            words->relation(sentence, scene, facts);
        else if (scene->group_count == 1)
            words->place_and_ground(sentence, scene, facts->wording);
        else
            words->count(sentence, scene);
        break;
    case CAPTION_PLACES:
        word_places(sentence, scene, facts, words);
        break;
    case CAPTION_GROUND:
        words->ground(sentence, scene, facts->wording);
        break;
    case CAPTION_FORM_COUNT:
        break;
    }
}

static const struct caption_words *words_of(enum caption_language language)
{
    return language == CAPTION_ENGLISH ? &caption_words_english : &caption_words_arabic;
}

static void end_sentence(struct sentence *sentence)
{
    sentence_add(sentence, ".");
    if (sentence->text[0] >= 'a' && sentence->text[0] <= 'z')
        sentence->text[0] = (char)(sentence->text[0] - 'a' + 'A');
    assert(!sentence->is_cut);
}

void caption_word(struct sentence *sentence, const struct scene *scene,
                  const struct caption_facts *facts, enum caption_language language)
{
    *sentence = (struct sentence){ 0 };
    word_facts(sentence, scene, facts, words_of(language));
    end_sentence(sentence);
}

/* The only thing in that place; NULL where there are more, or none. */
static const struct scene_object *alone_in(const struct scene *scene, enum scene_place place)
{
    const struct scene_object *thing = NULL;
    size_t found = 0;
    for (size_t o = 0; o < scene->object_count; o++)
        if (scene->objects[o].place == place) {
            thing = &scene->objects[o];
            found++;
        }
    return found == 1 ? thing : NULL;
}

bool caption_word_things(struct sentence *sentence, const struct scene *scene,
                         enum caption_language language)
{
    const struct caption_words *words = words_of(language);
    *sentence = (struct sentence){ 0 };
    for (unsigned p = 0; p < PLACE_COUNT; p++) {
        const struct scene_object *thing = alone_in(scene, (enum scene_place)p);
        if (thing == NULL)
            continue;
        if (sentence->length > 0)
            sentence_add(sentence, "%s", words->and_then);
        words->thing(sentence, thing);
    }
    if (sentence->length == 0)
        return false;
    end_sentence(sentence);
    return true;
}
