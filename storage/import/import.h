/** Import: a manifest from captions in a public format.
 *
 * An import goes in three steps, each of bounded memory: a reader turns the inputs into pictures
 * and captions in the order of the input; a sort by picture brings together what belongs together,
 * wherever it stood; a sort by id makes ids unique, and one by place puts the records back into the
 * order of the input. Sorts beyond the memory that is granted use nameless files in the folder of
 * the manifest, about twice the size of the texts.
 *
 * What cannot be used is left out and counted with its reason. An input that is not of the format
 * ends the import with its name and the place; then there is no manifest. All functions are local.
 */
#ifndef STORAGE_IMPORT_IMPORT_H
#define STORAGE_IMPORT_IMPORT_H

#include "core/options.h"
#include "storage/import/skip_tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Karpathy's restval: pictures of COCO's validation set that many train on. */
enum import_restval { IMPORT_RESTVAL_KEEP, IMPORT_RESTVAL_TRAIN, IMPORT_RESTVAL_SKIP };

enum { IMPORT_MEMORY_MIB = 64 };

struct import_options {
    const char *const *inputs; /* [input_count], files, or folders for cub */
    size_t input_count;
    const char *out;
    const char *images;   /* folder that picture paths start from; NULL: the format's, or the
                             manifest's folder */
    const char *audio;    /* folder of recorded audio; NULL likewise */
    const char *language; /* where the format tells none */
    const char *split;    /* where the format tells none; NULL: by the input's name, or train */
    enum import_restval restval;
    struct option_texts split_lists; /* "SPLIT=FILE", a picture name a line */
    struct option_texts columns;     /* "KEY=COLUMN" */
    bool has_no_header;              /* csv, tsv: columns are numbers from 1 */
    bool checks_files;               /* pictures and audio that are not on disk are skipped */
    const char *extract;             /* webdataset: where pictures and audio are put */
    size_t memory_bytes;             /* for sorting */
};

struct import_summary {
    uint64_t pictures, captions, recorded; /* written; `recorded` of the captions */
    struct skip_tally skipped;
};

/** Whether there is such a format, and the options suit it: karpathy, coco, spokencoco, places,
 * flickr8k, cub, csv, tsv, jsonl, fairseq, webdataset. Errors: STATUS_INVALID. */
enum status import_check(const char *format, const struct import_options *options);

/** Reads the inputs, in their order, and writes the manifest `options->out`, which then is whole or
 * as it was before. `summary` is filled on success.
 *
 * Errors: STATUS_INVALID  those of import_check; malformed input ("file:line: what", "file:
 * images[17]: what", "file: byte N: what"); nothing that can be used STATUS_NOT_FOUND, STATUS_IO,
 * STATUS_NO_MEMORY STATUS_STOPPED  a signal asked for an end */
enum status import_run(struct import_summary *summary, const char *format,
                       const struct import_options *options);

#endif
