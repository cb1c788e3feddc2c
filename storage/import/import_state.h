/** The inside of an import, shared by its steps: import_sink.c (rows), import_group.c (records of
 * the rows), import_write.c (the manifest of the records). */
#ifndef STORAGE_IMPORT_IMPORT_STATE_H
#define STORAGE_IMPORT_IMPORT_STATE_H

#include "core/file.h"
#include "storage/import/import_sink.h"
#include "storage/import/text_pack.h"
#include "storage/record_sort.h"

enum {
    IMPORT_SPLIT_BYTES = 33,
    IMPORT_NAME_BYTES = 257,
    IMPORT_ID_BYTES = 201, /* leaves room for "~2", and for a caption's number behind it */
    IMPORT_RECORD_KEY_BYTES = IMPORT_ID_BYTES + 8,
    IMPORT_PATH_BYTES = PATH_BYTES / 2,
    IMPORT_TEXT_BYTES_MAX = 1 << 16,
    IMPORT_CAPTIONS_MAX = 10000,      /* of a picture */
    IMPORT_RECORD_BYTES_MAX = 4 << 20 /* so that a line of the manifest stays below its limit */
};

struct import_sink {
    const struct import_options *options;
    const char *input;
    char input_split[IMPORT_SPLIT_BYTES]; /* by its name */
    struct skip_tally skipped;
    struct record_sort *rows; /* key: as the reader says; payload: a row */
    uint64_t sequence;
    char *image_root, *audio_root; /* as the inputs say; NULL where they do not */
    bool has_lists, expects_once;
    char out_folder[PATH_BYTES];
    struct text_pack pack;            /* scratch */
    char *text;                       /* scratch, [IMPORT_TEXT_BYTES_MAX + 1] */
    char last_key[IMPORT_PATH_BYTES]; /* of the picture added last */
};

/** Rows are packed as kind, then
 *     PICTURE  sequence, id, path, split
 *     CAPTION  number, text, language, speaker, audio
 *     LISTED   split
 *     SKIPPED  nothing: the picture cannot be used */
enum import_row { IMPORT_PICTURE, IMPORT_CAPTION, IMPORT_LISTED, IMPORT_SKIPPED };

/** Where the roots are, as the manifest is to say it: relative to its folder or absolute. */
struct import_roots {
    char images[PATH_BYTES], audio[PATH_BYTES];
};

/** By the options, else by the inputs. Errors: STATUS_NOT_FOUND; STATUS_INVALID for a name that a
 * manifest cannot hold. */
enum status import_roots_find(struct import_roots *roots, const struct import_sink *sink);

/** Gathers the rows, which are then spent, into records: key the id, payload the place in the
 * input, then the packed record: id, path, split, whether the captions' numbers are theirs, their
 * count and for each number, text, language, speaker, audio. */
enum status import_group(struct record_sort *records, struct import_sink *sink,
                         const struct import_roots *roots);

/** Writes the manifest of the records, in order, with ids made unique. An empty one is
 * STATUS_INVALID, with the reason. */
enum status import_write(struct import_summary *summary, struct record_sort *records,
                         const struct import_sink *sink, const struct import_roots *roots);

/** UTF-8 without control characters. */
bool import_is_plain(const char *text);

/** A name as ids and speakers may be: control characters, what is no UTF-8 and, with `is_id`, the
 * '~' that tells equal ids apart become '_'; cut to fit `bytes`; never empty. */
void import_clean_name(char *out, size_t bytes, const char *name, bool is_id);

#endif
