/** Manifest: what a run works on. JSON lines, a picture a line, with its captions:
 *
 *     {"unitmill_manifest": 1, "image_root": ".", "audio_root": "."}     optional first line
 *     {"id": "7", "image": "images/7.jpg", "split": "train", "captions": [
 *       {"id": "7-0", "text": "a red star", "language": "en", "speaker": "s1"}]}
 *
 * The schema is manifests/schema.json. The roots are relative to the manifest's folder, the paths
 * of pictures and of recorded audio to their roots. Speaker is optional, split is "train" where
 * absent. A caption with "audio" was recorded and is not spoken; its text may be empty. Only a
 * record with such a caption may lack "image".
 *
 * A line that does not follow the schema is an error, with its number. A record that cannot be
 * used (an id that stands before, a path that leaves the image root, text that is not UTF-8) is
 * kept in its place with the reason, so that record numbers are those of the file. */
#ifndef STORAGE_MANIFEST_H
#define STORAGE_MANIFEST_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct manifest_image {
    const char *id;
    const char *path; /* relative to the image root; empty where there is no picture */
    const char *split;
    const char *reject; /* NULL, or why the record cannot be used */
    size_t first_caption, caption_count;
};

struct manifest_caption {
    const char *id, *text, *language;
    const char *speaker; /* NULL where none is named */
    const char *audio;   /* of a recorded caption, relative to the audio root; else NULL */
    const char *reject;  /* as above */
    size_t image;        /* index of its picture */
};

struct manifest {
    char *image_root; /* absolute or relative to the working directory, like the manifest's path */
    char *audio_root; /* likewise */
    struct manifest_image *images;
    size_t image_count;
    struct manifest_caption *captions;
    size_t caption_count;
    struct manifest_memory *memory; /* holds the texts */
};

/** Local. Reads the whole manifest. On success `*out` is the caller's, to end with manifest_end; on
 * failure it is empty.
 *
 * Errors: STATUS_NOT_FOUND, STATUS_IO, STATUS_NO_MEMORY; STATUS_INVALID with "file:line: what". */
enum status manifest_read(struct manifest *out, const char *path);

/** Local. As manifest_read, of the first `byte_count` bytes, or of all where there are fewer: what
 * was appended behind them does not count. */
enum status manifest_read_part(struct manifest *out, const char *path, uint64_t byte_count);

/** An all-zero manifest is allowed. */
void manifest_end(struct manifest *manifest);

#endif
