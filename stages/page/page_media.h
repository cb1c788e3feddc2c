/** Page media: pictures and sounds as files that browsers show and play. All functions are local;
 * files are whole or absent. */
#ifndef STAGES_PAGE_PAGE_MEDIA_H
#define STAGES_PAGE_PAGE_MEDIA_H

#include "storage/audio_file.h"
#include "storage/rgb_image.h"

/** Writes a JPEG. Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status page_media_image(const char *path, const struct rgb_image *image);

/** Writes the picture at `source` as a JPEG whose long side is at most `side_max`.
 * Errors: those of picture_file_read and resize_picture; STATUS_IO. */
enum status page_media_picture(const char *path, const char *source, size_t side_max);

/** Writes a sound of at least one sample as 16-bit WAV. Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status page_media_sound(const char *path, const struct audio *audio);

#endif
