/** Manifest lines out: the header and a record, as storage/manifest.h reads them. Local. */
#ifndef STORAGE_MANIFEST_WRITER_H
#define STORAGE_MANIFEST_WRITER_H

#include "storage/json.h"
#include "storage/manifest.h"

/** Writes the first line. `audio_root` NULL: not said. Errors: those of json_writer_print. */
enum status manifest_write_header(struct json_writer *writer, FILE *file, const char *name,
                                  const char *image_root, const char *audio_root);

/** Begins a record's line; an empty path is left out. Captions follow, then manifest_write_end. */
void manifest_write_image(struct json_writer *writer, const struct manifest_image *image);

/** Adds a caption; speaker and audio NULL are left out. */
void manifest_write_caption(struct json_writer *writer, const struct manifest_caption *caption);

/** Ends the line. Errors: those of json_writer_print. */
enum status manifest_write_end(struct json_writer *writer, FILE *file, const char *name);

#endif
