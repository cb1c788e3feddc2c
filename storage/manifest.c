#include "storage/manifest.h"

#include "core/file.h"
#include "core/utf8.h"
#include "storage/json_text.h"
#include "storage/manifest_memory.h"
#include "storage/text_lines.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES_MAX = 1 << 24, ID_BYTES_MAX = 256, NAME_BYTES_MAX = 32 };

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

struct reader {
    struct manifest *manifest;
    const char *path;
    size_t line;
    uint64_t byte_count; /* of the part that is read */
    size_t image_capacity, caption_capacity;
    bool line_was_repaired; /* bytes that are no UTF-8 were replaced */
};

static enum status fail_at(const struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum status fail_at(const struct reader *reader, const char *format, ...)
{
    char what[STATUS_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return status_fail(STATUS_INVALID, "%s:%zu: %.400s", reader->path, reader->line, what);
}

static enum status fail_memory(const struct reader *reader)
{
    return status_fail(STATUS_NO_MEMORY, "%s:%zu: no memory", reader->path, reader->line);
}

/* Only these keys may stand in `object`: a misspelt one would otherwise be lost silently. */
static enum status check_keys(const struct reader *reader, json_t *object,
                              const char *const *allowed)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        size_t a = 0;
        while (allowed[a] != NULL && strcmp(allowed[a], key) != 0)
            a++;
        if (allowed[a] == NULL)
            return fail_at(reader, "unknown key \"%.60s\"", key);
    }
    return STATUS_OK;
}

/* A text member; NULL where it is absent and may be. */
static enum status take_text(const char **text, const struct reader *reader, const json_t *object,
                             const char *key, bool is_required)
{
    const json_t *value = json_object_get(object, key);
    *text = NULL;
    if (value == NULL && !is_required)
        return STATUS_OK;
    if (value == NULL)
        return fail_at(reader, "\"%s\" is missing", key);
    if (!json_is_string(value))
        return fail_at(reader, "\"%s\" is not a text", key);
    *text = json_string_value(value);
    return STATUS_OK;
}

/* Names and ids go into messages, tables and file names: no control characters, bounded. */
static enum status check_name(const struct reader *reader, const char *key, const json_t *object,
                              size_t bytes_max)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return STATUS_OK;
    const char *text = json_string_value(value);
    const size_t bytes = json_string_length(value);
    if (bytes == 0 || bytes > bytes_max)
        return fail_at(reader, "\"%s\" has %zu bytes, expected 1 to %zu", key, bytes, bytes_max);
    for (size_t b = 0; b < bytes; b++)
        if ((unsigned char)text[b] < 0x20 || text[b] == 0x7f)
            return fail_at(reader, "\"%s\" holds a control character", key);
    return STATUS_OK;
}

static void *grow(void *items, size_t *capacity, size_t count, size_t item_bytes)
{
    if (count < *capacity)
        return items;
    const size_t wanted = *capacity * 2 + 1024;
    void *grown = realloc(items, wanted * item_bytes);
    if (grown != NULL)
        *capacity = wanted;
    return grown;
}

/* Enters the id of the record `number`; where it stood before, that is a reason to reject it. */
static enum status note_id(const char **reject, struct reader *reader, enum manifest_space space,
                           const char *id, size_t number)
{
    size_t first = 0;
    struct manifest_memory *memory = reader->manifest->memory;
    if (!manifest_memory_enter(memory, space, id, number, &first))
        return fail_memory(reader);
    if (first == number || *reject != NULL)
        return STATUS_OK;
    char reason[128];
    snprintf(reason, sizeof reason, "line %zu: the id is that of record %zu before it",
             reader->line, first);
    *reject = manifest_memory_text(memory, reason);
    return *reject == NULL ? fail_memory(reader) : STATUS_OK;
}

static enum status read_caption(struct reader *reader, json_t *object, size_t image)
{
    static const char *const keys[] = { "id", "text", "language", "speaker", "audio", NULL };
    struct manifest *manifest = reader->manifest;
    const char *id, *text, *language, *speaker, *audio;
    enum status outcome = STATUS_OK;
    if (!json_is_object(object))
        return fail_at(reader, "a caption is not an object");
    if ((outcome = check_keys(reader, object, keys)) != STATUS_OK ||
        (outcome = take_text(&id, reader, object, "id", true)) != STATUS_OK ||
        (outcome = check_name(reader, "id", object, ID_BYTES_MAX)) != STATUS_OK ||
        (outcome = take_text(&text, reader, object, "text", true)) != STATUS_OK ||
        (outcome = take_text(&language, reader, object, "language", true)) != STATUS_OK ||
        (outcome = check_name(reader, "language", object, NAME_BYTES_MAX)) != STATUS_OK ||
        (outcome = take_text(&speaker, reader, object, "speaker", false)) != STATUS_OK ||
        (outcome = check_name(reader, "speaker", object, ID_BYTES_MAX)) != STATUS_OK ||
        (outcome = take_text(&audio, reader, object, "audio", false)) != STATUS_OK ||
        (outcome = check_name(reader, "audio", object, PATH_BYTES / 2)) != STATUS_OK)
        return outcome;

    struct manifest_caption *captions = grow(manifest->captions, &reader->caption_capacity,
                                             manifest->caption_count, sizeof *captions);
    if (captions == NULL)
        return fail_memory(reader);
    manifest->captions = captions;
    struct manifest_caption caption = {
        .id = manifest_memory_text(manifest->memory, id),
        .text = manifest_memory_text(manifest->memory, text),
        .language = manifest_memory_common(manifest->memory, language),
        .speaker = speaker == NULL ? NULL : manifest_memory_common(manifest->memory, speaker),
        .audio = audio == NULL ? NULL : manifest_memory_text(manifest->memory, audio),
        .image = image,
    };
    if (caption.id == NULL || caption.text == NULL || caption.language == NULL ||
        (speaker != NULL && caption.speaker == NULL) || (audio != NULL && caption.audio == NULL))
        return fail_memory(reader);
    if (reader->line_was_repaired && strstr(text, replacement) != NULL)
        caption.reject = "text is not UTF-8";
    else if (strlen(text) != json_string_length(json_object_get(object, "text")))
        caption.reject = "text holds a zero character";
    else if (audio != NULL && !path_stays_inside(audio))
        caption.reject = "audio path leaves the audio root";
    captions[manifest->caption_count++] = caption;

    const size_t number = manifest->caption_count - 1;
    return note_id(&captions[number].reject, reader, MANIFEST_CAPTION_IDS, caption.id, number);
}

static bool has_audio(const struct manifest *manifest, size_t image)
{
    const struct manifest_image *record = &manifest->images[image];
    for (size_t c = 0; c < record->caption_count; c++)
        if (manifest->captions[record->first_caption + c].audio != NULL)
            return true;
    return false;
}

static enum status read_image(struct reader *reader, json_t *object)
{
    static const char *const keys[] = { "id", "image", "split", "captions", NULL };
    struct manifest *manifest = reader->manifest;
    const char *id, *path, *split;
    json_t *captions = json_object_get(object, "captions"), *caption;
    enum status outcome = STATUS_OK;
    if ((outcome = check_keys(reader, object, keys)) != STATUS_OK ||
        (outcome = take_text(&id, reader, object, "id", true)) != STATUS_OK ||
        (outcome = check_name(reader, "id", object, ID_BYTES_MAX)) != STATUS_OK ||
        (outcome = take_text(&path, reader, object, "image", false)) != STATUS_OK ||
        (outcome = check_name(reader, "image", object, PATH_BYTES / 2)) != STATUS_OK ||
        (outcome = take_text(&split, reader, object, "split", false)) != STATUS_OK ||
        (outcome = check_name(reader, "split", object, NAME_BYTES_MAX)) != STATUS_OK)
        return outcome;
    if (!json_is_array(captions))
        return fail_at(reader, "\"captions\" is not a list");

    struct manifest_image *images =
        grow(manifest->images, &reader->image_capacity, manifest->image_count, sizeof *images);
    if (images == NULL)
        return fail_memory(reader);
    manifest->images = images;
    const size_t index = manifest->image_count++;
    images[index] = (struct manifest_image){
        .id = manifest_memory_text(manifest->memory, id),
        .path = path == NULL ? "" : manifest_memory_text(manifest->memory, path),
        .split = manifest_memory_common(manifest->memory, split == NULL ? "train" : split),
        .first_caption = manifest->caption_count,
    };
    if (images[index].id == NULL || images[index].path == NULL || images[index].split == NULL)
        return fail_memory(reader);
    if (path == NULL)
        images[index].reject = "it has no picture";
    else if (!path_stays_inside(path))
        images[index].reject = "image path leaves the image root";
    outcome = note_id(&images[index].reject, reader, MANIFEST_IMAGE_IDS, images[index].id, index);

    size_t c;
    json_array_foreach(captions, c, caption)
    {
        if (outcome == STATUS_OK)
            outcome = read_caption(reader, caption, index);
    }
    manifest->images[index].caption_count =
        manifest->caption_count - manifest->images[index].first_caption;
    if (outcome == STATUS_OK && path == NULL && !has_audio(manifest, index))
        outcome = fail_at(reader, "\"image\" is missing");
    return outcome;
}

static enum status set_root(char **root, struct reader *reader, const char *name)
{
    char folder[PATH_BYTES], joined[PATH_BYTES];
    path_folder(folder, reader->path);
    const enum status outcome = path_join(joined, folder, name);
    if (outcome != STATUS_OK)
        return outcome;
    free(*root);
    *root = strdup(joined);
    return *root == NULL ? fail_memory(reader) : STATUS_OK;
}

static enum status take_root(char **root, struct reader *reader, json_t *object, const char *key)
{
    const char *name = NULL;
    enum status outcome = take_text(&name, reader, object, key, false);
    if (outcome == STATUS_OK)
        outcome = check_name(reader, key, object, PATH_BYTES / 2);
    return outcome == STATUS_OK && name != NULL ? set_root(root, reader, name) : outcome;
}

static enum status read_header(struct reader *reader, json_t *object)
{
    static const char *const keys[] = { "unitmill_manifest", "image_root", "audio_root", NULL };
    const json_t *version = json_object_get(object, "unitmill_manifest");
    if (reader->line != 1)
        return fail_at(reader, "\"unitmill_manifest\" may stand in the first line only");
    if (!json_is_integer(version) || json_integer_value(version) != 1)
        return fail_at(reader, "\"unitmill_manifest\" is not 1, the version read here");
    enum status outcome = check_keys(reader, object, keys);
    if (outcome == STATUS_OK)
        outcome = take_root(&reader->manifest->image_root, reader, object, "image_root");
    if (outcome == STATUS_OK)
        outcome = take_root(&reader->manifest->audio_root, reader, object, "audio_root");
    return outcome;
}

/* Replaces each byte that is no UTF-8, so that one bad caption does not cost the whole line.
 * The caller frees the result. */
static char *repair_line(const char *line, size_t byte_count, size_t *repaired_bytes)
{
    char *repaired = malloc(byte_count * (sizeof replacement - 1) + 1);
    size_t used = 0;
    for (size_t at = 0; repaired != NULL && at < byte_count;) {
        const size_t length = utf8_character_bytes(line + at, byte_count - at);
        const char *from = length > 0 ? line + at : replacement;
        const size_t bytes = length > 0 ? length : sizeof replacement - 1;
        memcpy(repaired + used, from, bytes);
        used += bytes;
        at += length > 0 ? length : 1;
    }
    *repaired_bytes = used;
    return repaired;
}

static enum status parse_line(struct reader *reader, const char *line, size_t byte_count)
{
    json_error_t error;
    json_t *object = json_loadb(line, byte_count, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (object == NULL)
        return fail_at(reader, "not JSON, at byte %d: %s", error.position, error.text);
    enum status outcome = STATUS_OK;
    if (!json_is_object(object))
        outcome = fail_at(reader, "not a JSON object");
    else if (json_object_get(object, "unitmill_manifest") != NULL)
        outcome = read_header(reader, object);
    else
        outcome = read_image(reader, object);
    json_decref(object);
    return outcome;
}

static enum status read_line(struct reader *reader, const char *line, size_t byte_count)
{
    if (strspn(line, " \t\r\n") == byte_count)
        return STATUS_OK;
    reader->line_was_repaired = !utf8_is_valid(line, byte_count);
    if (!reader->line_was_repaired)
        return parse_line(reader, line, byte_count);

    size_t repaired_bytes = 0;
    char *repaired = repair_line(line, byte_count, &repaired_bytes);
    if (repaired == NULL)
        return fail_memory(reader);
    const enum status outcome = parse_line(reader, repaired, repaired_bytes);
    free(repaired);
    return outcome;
}

static enum status read_lines(struct reader *reader)
{
    struct text_lines lines;
    bool is_there = false;
    enum status outcome =
        text_lines_open_part(&lines, reader->path, LINE_BYTES_MAX, reader->byte_count);
    if (outcome == STATUS_OK)
        outcome = text_lines_next(&is_there, &lines);
    while (outcome == STATUS_OK && is_there) {
        reader->line = lines.number;
        outcome = read_line(reader, lines.text, lines.bytes);
        if (outcome == STATUS_OK)
            outcome = text_lines_next(&is_there, &lines);
    }
    text_lines_close(&lines);
    return outcome;
}

enum status manifest_read(struct manifest *out, const char *path)
{
    return manifest_read_part(out, path, UINT64_MAX);
}

enum status manifest_read_part(struct manifest *out, const char *path, uint64_t byte_count)
{
    struct reader reader = { .manifest = out, .path = path, .byte_count = byte_count };
    *out = (struct manifest){ .memory = manifest_memory_create() };
    if (out->memory == NULL)
        return fail_memory(&reader);
    enum status outcome = set_root(&out->image_root, &reader, ".");
    if (outcome == STATUS_OK)
        outcome = set_root(&out->audio_root, &reader, ".");
    if (outcome == STATUS_OK)
        outcome = read_lines(&reader);
    if (outcome == STATUS_OK && out->image_count == 0)
        outcome = status_fail(STATUS_INVALID, "%s: no pictures in it", path);
    if (outcome != STATUS_OK)
        manifest_end(out);
    return outcome;
}

void manifest_end(struct manifest *manifest)
{
    free(manifest->image_root);
    free(manifest->audio_root);
    free(manifest->images);
    free(manifest->captions);
    manifest_memory_destroy(manifest->memory);
    *manifest = (struct manifest){ 0 };
}
