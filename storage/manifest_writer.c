#include "storage/manifest_writer.h"

enum status manifest_write_header(struct json_writer *writer, FILE *file, const char *name,
                                  const char *image_root, const char *audio_root)
{
    json_writer_open_object(writer, NULL);
    json_writer_integer(writer, "unitmill_manifest", 1);
    json_writer_text(writer, "image_root", image_root);
    if (audio_root != NULL)
        json_writer_text(writer, "audio_root", audio_root);
    json_writer_close(writer);
    return json_writer_print(writer, file, name);
}

void manifest_write_image(struct json_writer *writer, const struct manifest_image *image)
{
    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "id", image->id);
    if (image->path[0] != '\0')
        json_writer_text(writer, "image", image->path);
    json_writer_text(writer, "split", image->split);
    json_writer_open_array(writer, "captions");
}

void manifest_write_caption(struct json_writer *writer, const struct manifest_caption *caption)
{
    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "id", caption->id);
    json_writer_text(writer, "text", caption->text);
    json_writer_text(writer, "language", caption->language);
    if (caption->speaker != NULL)
        json_writer_text(writer, "speaker", caption->speaker);
    if (caption->audio != NULL)
        json_writer_text(writer, "audio", caption->audio);
    json_writer_close(writer);
}

enum status manifest_write_end(struct json_writer *writer, FILE *file, const char *name)
{
    json_writer_close(writer);
    json_writer_close(writer);
    return json_writer_print(writer, file, name);
}
