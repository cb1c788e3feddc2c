#include "storage/import/import_state.h"

#include "cluster/stop.h"
#include "core/utf8.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const struct import_options *import_sink_options(const struct import_sink *sink)
{
    return sink->options;
}

const char *import_sink_input(const struct import_sink *sink)
{
    return sink->input;
}

void import_sink_expect_once(struct import_sink *sink)
{
    sink->expects_once = true;
}

void import_sink_skip(struct import_sink *sink, const char *reason, const char *place)
{
    char where[SKIP_EXAMPLE_BYTES];
    snprintf(where, sizeof where, "%.160s%.70s", sink->input, place);
    skip_tally_add(&sink->skipped, reason, where);
}

enum status import_sink_fail(const struct import_sink *sink, const char *place, const char *format,
                             ...)
{
    char what[STATUS_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return status_fail(STATUS_INVALID, "%.200s%.100s: %.200s", sink->input, place, what);
}

void import_clean_name(char *out, size_t bytes, const char *name, bool is_id)
{
    const size_t length = strlen(name);
    size_t used = 0;
    for (size_t at = 0; at < length;) {
        const size_t character = utf8_character_bytes(name + at, length - at);
        const size_t taken = character > 0 ? character : 1;
        if (used + taken >= bytes)
            break;
        memcpy(out + used, name + at, taken);
        const unsigned char first = (unsigned char)name[at];
        if (character == 0 || first < 0x20 || first == 0x7f || (is_id && first == '~'))
            out[used] = '_';
        used += taken;
        at += taken;
    }
    if (used == 0)
        out[used++] = '_';
    out[used] = '\0';
}

/* Writes the text with white space runs as one blank and none at the ends; a reason why it cannot
 * be used, or NULL. `out` has IMPORT_TEXT_BYTES_MAX + 1 bytes. */
static const char *clean_text(char *out, const char *text)
{
    const size_t length = strlen(text);
    size_t used = 0;
    bool is_apart = false;
    if (!utf8_is_valid(text, length))
        return "text is not UTF-8";
    for (size_t at = 0; at < length; at++) {
        const unsigned char byte = (unsigned char)text[at];
        if (byte == ' ' || (byte >= '\t' && byte <= '\r')) {
            is_apart = used > 0;
            continue;
        }
        if (byte < 0x20 || byte == 0x7f)
            return "text holds a control character";
        if (used + 2 > IMPORT_TEXT_BYTES_MAX)
            return "text of more than 64 KiB";
        if (is_apart)
            out[used++] = ' ';
        is_apart = false;
        out[used++] = (char)byte;
    }
    out[used] = '\0';
    return NULL;
}

bool import_is_plain(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    return utf8_is_valid(text, strlen(text));
}

/* The path below `root`, where it is absolute and lies there; NULL and a reason where it cannot be
 * used. */
static const char *clean_path(const char **reason, const char *path, const char *root)
{
    const size_t root_bytes = root == NULL ? 0 : strlen(root);
    if (path[0] == '/' && root_bytes > 0 && strncmp(path, root, root_bytes) == 0 &&
        (path[root_bytes] == '/' || root[root_bytes - 1] == '/'))
        path += root_bytes + strspn(path + root_bytes, "/");
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (strlen(path) >= IMPORT_PATH_BYTES)
        *reason = "path is too long";
    else if (!import_is_plain(path))
        *reason = "path is not UTF-8 or holds a control character";
    else if (!path_stays_inside(path))
        *reason = "path is empty or leaves its folder";
    else
        return path;
    return NULL;
}

static bool is_short_name(const char *name)
{
    return name[0] != '\0' && strlen(name) < IMPORT_SPLIT_BYTES && import_is_plain(name);
}

/* Adds what was packed as a row. */
static enum status add_row(struct import_sink *sink, const char *key)
{
    const struct sorted_record row = { .key = key,
                                       .key_bytes = strlen(key),
                                       .payload = sink->pack.bytes,
                                       .payload_bytes = sink->pack.used };
    const enum status outcome = text_pack_check(&sink->pack);
    sink->pack.used = 0;
    if (outcome != STATUS_OK)
        return outcome;
    if (stop_requested())
        return status_fail(STATUS_STOPPED, "stopped; nothing was written");
    return record_sort_add(sink->rows, &row);
}

static enum status skip_picture(struct import_sink *sink, const char *key, const char *reason,
                                const char *place)
{
    import_sink_skip(sink, reason, place);
    text_pack_add_number(&sink->pack, IMPORT_SKIPPED);
    return add_row(sink, key);
}

/* Without an id, the path without its ending, or the key. */
static void choose_id(char id[IMPORT_ID_BYTES], const struct import_picture *picture,
                      const char *path, const char *key)
{
    char stem[IMPORT_PATH_BYTES];
    const char *name = picture->id != NULL ? picture->id : path != NULL ? path : key;
    snprintf(stem, sizeof stem, "%s", name);
    char *dot = strrchr(stem, '.');
    if (picture->id == NULL && dot != NULL && dot != stem && strchr(dot, '/') == NULL)
        *dot = '\0';
    import_clean_name(id, IMPORT_ID_BYTES, stem, true);
}

enum status import_sink_add_picture(struct import_sink *sink, const char *key, const char *place,
                                    const struct import_picture *picture)
{
    const char *reason = NULL, *path = NULL;
    const char *split = picture->split != NULL ? picture->split : sink->input_split;
    char id[IMPORT_ID_BYTES];
    if (strlen(key) >= IMPORT_PATH_BYTES) {
        import_sink_skip(sink, "path is too long", place);
        return STATUS_OK;
    }
    if (!sink->expects_once && strcmp(key, sink->last_key) == 0 && key[0] != '\0')
        return STATUS_OK;
    snprintf(sink->last_key, sizeof sink->last_key, "%s", key);
    if (picture->path != NULL &&
        (path = clean_path(&reason, picture->path, sink->options->images)) == NULL)
        return skip_picture(sink, key, reason, place);
    if (!is_short_name(split))
        return skip_picture(sink, key, "split is no name of 1 to 32 bytes", place);
    choose_id(id, picture, path, key);
    text_pack_add_number(&sink->pack, IMPORT_PICTURE);
    text_pack_add_number(&sink->pack, sink->sequence++);
    text_pack_add(&sink->pack, id);
    text_pack_add(&sink->pack, path);
    text_pack_add(&sink->pack, split);
    return add_row(sink, key);
}

/* A reason not to take the caption, or NULL. */
static const char *clean_caption(struct import_caption *cleaned, struct import_sink *sink,
                                 const struct import_caption *caption,
                                 char speaker[IMPORT_NAME_BYTES])
{
    const char *reason = clean_text(sink->text, caption->text == NULL ? "" : caption->text);
    *cleaned = *caption;
    cleaned->text = sink->text;
    if (reason != NULL)
        return reason;
    if (sink->text[0] == '\0' && caption->audio == NULL)
        return "text is empty";
    if (caption->audio != NULL &&
        (cleaned->audio = clean_path(&reason, caption->audio, sink->options->audio)) == NULL)
        return reason;
    if (caption->language == NULL)
        cleaned->language = sink->options->language;
    if (!is_short_name(cleaned->language))
        return "language is no name of 1 to 32 bytes";
    if (caption->speaker != NULL && caption->speaker[0] != '\0') {
        import_clean_name(speaker, IMPORT_NAME_BYTES, caption->speaker, false);
        cleaned->speaker = speaker;
    } else
        cleaned->speaker = NULL;
    return NULL;
}

enum status import_sink_add_caption(struct import_sink *sink, const char *key, const char *place,
                                    const struct import_caption *caption)
{
    struct import_caption cleaned;
    char speaker[IMPORT_NAME_BYTES];
    const char *reason = strlen(key) < IMPORT_PATH_BYTES
                             ? clean_caption(&cleaned, sink, caption, speaker)
                             : "path is too long";
    if (reason != NULL) {
        import_sink_skip(sink, reason, place);
        return STATUS_OK;
    }
    text_pack_add_number(&sink->pack, IMPORT_CAPTION);
    text_pack_add_number(&sink->pack, cleaned.number);
    text_pack_add(&sink->pack, cleaned.text);
    text_pack_add(&sink->pack, cleaned.language);
    text_pack_add(&sink->pack, cleaned.speaker);
    text_pack_add(&sink->pack, cleaned.audio);
    return add_row(sink, key);
}

enum status import_sink_add_listed(struct import_sink *sink, const char *key, const char *split)
{
    sink->has_lists = true;
    text_pack_add_number(&sink->pack, IMPORT_LISTED);
    text_pack_add(&sink->pack, split);
    return add_row(sink, key);
}

static enum status set_folder(char **root, const struct import_sink *sink, const char *folder,
                              const char *option)
{
    if (*root != NULL && strcmp(*root, folder) != 0)
        return import_sink_fail(sink, "",
                                "its folder \"%.60s\" is not the \"%.60s\" of the inputs before; "
                                "import it alone, or give --%s",
                                folder, *root, option);
    if (*root == NULL && (*root = strdup(folder)) == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", sink->input);
    return STATUS_OK;
}

enum status import_sink_set_images(struct import_sink *sink, const char *folder)
{
    return sink->options->images != NULL ? STATUS_OK
                                         : set_folder(&sink->image_root, sink, folder, "images");
}

enum status import_sink_set_audio(struct import_sink *sink, const char *folder)
{
    return sink->options->audio != NULL ? STATUS_OK
                                        : set_folder(&sink->audio_root, sink, folder, "audio");
}
