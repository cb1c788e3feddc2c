#include "stages/scenes/scene_lines.h"

#include "scenes/caption.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { ID_BYTES = 48 };

static void put_names(struct json_writer *writer, uint64_t index)
{
    char text[ID_BYTES];
    snprintf(text, sizeof text, "scene-%06" PRIu64, index);
    json_writer_text(writer, "id", text);
    snprintf(text, sizeof text, "images/%06" PRIu64 ".jpg", index);
    json_writer_text(writer, "image", text);
}

static void put_caption(struct json_writer *writer, const char *text, uint64_t index,
                        const char *language, size_t number)
{
    char id[ID_BYTES];
    snprintf(id, sizeof id, "scene-%06" PRIu64 "-%s-%zu", index, language, number);
    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "id", id);
    json_writer_text(writer, "text", text);
    json_writer_text(writer, "language", language);
    json_writer_close(writer);
}

static void put_captions(struct json_writer *writer, const struct scene *scene, uint64_t seed,
                         uint64_t index, enum caption_language language,
                         const struct scene_caption_choice *chosen)
{
    const char *name = caption_language_name(language);
    struct caption_facts facts[CAPTION_FORM_COUNT];
    size_t count = 0;
    if (chosen->form != NULL && strcmp(chosen->form, SCENE_FORM_THINGS) == 0) {
        struct sentence sentence;
        if (caption_word_things(&sentence, scene, language))
            put_caption(writer, sentence.text, index, name, CAPTION_FORM_COUNT);
        return;
    }
    caption_draw(facts, scene, seed, index, language);
    for (size_t c = 0; c < CAPTION_FORM_COUNT && (chosen->count == 0 || count < chosen->count);
         c++) {
        struct sentence sentence;
        if (chosen->form != NULL && strcmp(chosen->form, caption_form_name(facts[c].form)) != 0)
            continue;
        if (chosen->groups > 0 && facts[c].placed_count > chosen->groups)
            facts[c].placed_count = chosen->groups;
        if (chosen->wording > 0)
            facts[c].wording = (unsigned)chosen->wording - 1;
        caption_word(&sentence, scene, &facts[c], language);
        put_caption(writer, sentence.text, index, name, c);
        count++;
    }
}

enum status scene_lines_put_manifest(struct json_writer *writer, FILE *file, const char *path,
                                     const struct scene *scene, uint64_t seed, uint64_t index,
                                     const struct scene_caption_choice *chosen)
{
    json_writer_open_object(writer, NULL);
    put_names(writer, index);
    json_writer_text(writer, "split", scene_split_name(scene_split_of(scene)));
    json_writer_open_array(writer, "captions");
    for (unsigned l = 0; l < CAPTION_LANGUAGE_COUNT; l++)
        if (chosen->language == NULL ||
            strcmp(chosen->language, caption_language_name((enum caption_language)l)) == 0)
            put_captions(writer, scene, seed, index, (enum caption_language)l, chosen);
    json_writer_close(writer);
    json_writer_close(writer);
    return json_writer_print(writer, file, path);
}

static void put_encoder(struct json_writer *writer, const struct jpeg_image_options *encoder)
{
    static const char *const subsampling_names[] = {
        [JPEG_444] = "4:4:4", [JPEG_422] = "4:2:2", [JPEG_420] = "4:2:0"
    };
    json_writer_open_object(writer, "encoder");
    json_writer_integer(writer, "quality", encoder->quality);
    if (!encoder->grayscale)
        json_writer_text(writer, "subsampling", subsampling_names[encoder->subsampling]);
    json_writer_switch(writer, "progressive", encoder->progressive);
    json_writer_switch(writer, "grayscale", encoder->grayscale);
    json_writer_close(writer);
}

/* A tenth of a pixel is finer than anybody can tell. */
static void put_tenths(struct json_writer *writer, const char *key, double value)
{
    json_writer_number(writer, key, round(10.0 * value) / 10.0);
}

static void put_object(struct json_writer *writer, const struct scene_object *object)
{
    static const double degrees_a_radian = 57.29577951308232;
    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "kind", scene_kind_name(object->kind));
    json_writer_text(writer, "colour", scene_colour_name(object->colour));
    json_writer_text(writer, "size", scene_size_name(object->size));
    json_writer_text(writer, "place", scene_place_name(object->place));
    put_tenths(writer, "x", object->x);
    put_tenths(writer, "y", object->y);
    put_tenths(writer, "extent", object->extent);
    put_tenths(writer, "turn_degrees", degrees_a_radian * object->turn);
    json_writer_switch(writer, "mirrored", object->mirrored);
    json_writer_close(writer);
}

static void put_relations(struct json_writer *writer, const struct scene *scene)
{
    json_writer_open_array(writer, "relations");
    for (size_t subject = 0; subject < scene->object_count; subject++)
        for (size_t object = 0; object < scene->object_count; object++)
            for (unsigned r = 0; r < RELATION_COUNT; r++) {
                const enum scene_relation relation = (enum scene_relation)r;
                if (!scene_holds(scene, subject, relation, object))
                    continue;
                json_writer_open_object(writer, NULL);
                json_writer_integer(writer, "subject", (int64_t)subject);
                json_writer_text(writer, "relation", scene_relation_name(relation));
                json_writer_integer(writer, "object", (int64_t)object);
                json_writer_close(writer);
            }
    json_writer_close(writer);
}

enum status scene_lines_put_truth(struct json_writer *writer, FILE *file, const char *path,
                                  const struct scene *scene,
                                  const struct jpeg_image_options *encoder, uint64_t index)
{
    json_writer_open_object(writer, NULL);
    put_names(writer, index);
    json_writer_integer(writer, "width", (int64_t)scene->width);
    json_writer_integer(writer, "height", (int64_t)scene->height);
    json_writer_text(writer, "split", scene_split_name(scene_split_of(scene)));
    put_encoder(writer, encoder);
    json_writer_open_object(writer, "ground");
    json_writer_text(writer, "texture", scene_texture_name(scene->ground.texture));
    json_writer_text(writer, "colour", scene_colour_name(scene->ground.colour));
    json_writer_text(writer, "tone", scene->ground.dark ? "dark" : "light");
    json_writer_close(writer);
    json_writer_open_array(writer, "objects");
    for (size_t o = 0; o < scene->object_count; o++)
        put_object(writer, &scene->objects[o]);
    json_writer_close(writer);
    put_relations(writer, scene);
    json_writer_close(writer);
    return json_writer_print(writer, file, path);
}
