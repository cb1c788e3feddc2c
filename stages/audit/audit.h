/** The command `unitmill audit PATH`: what a run or a store takes on disk, beside what its units
 * would take in nominal bits and what the raw data takes.
 *
 * Reads:  a store, or a run directory with its shards; plan and manifest are not needed
 * Writes: one report on standard output, as a table, as one JSON object or as CSV
 *
 * The report is a list of sections, each a table of rows and quantities. The keys are stable:
 *
 *     table1      nominal bits, as Table 1 of the Im2Sp paper counts: bits a picture, bits a second
 *     counts      records, codebooks and tokens of the store, which the nominal bits come from
 *     stages      bytes of a run by stage: files, data, chunk index, overhead
 *     modalities  bytes of the store by what they hold: data, checksums, index, overhead
 *     datasets    bytes of the store by dataset, with bits a value, nominal and stored
 *     languages   captions, seconds, units and their bytes by language
 *     steps       what run lengths, the codebooks' bits and deflate gain, one after the other
 *     entropy     bits a token against the entropies of the tokens
 *     projection  what larger stores would take, packed like this one
 *     speech      raw audio, FLAC, nominal and stored bytes, in all and a caption
 *     pictures    raw pixels, source files, nominal and stored bytes, in all and a picture
 *
 * JSON is {"unitmill_audit": 1, "path": ..., SECTION: {ROW: {QUANTITY: number}}}; CSV has the
 * columns section, name, quantity, value, unit. A quantity that has no meaning for a row, or whose
 * source is not there (FLAC beside a lone store), is left out. In `stages`, and in `modalities` and
 * its total, data + index + overhead is exactly the size of the files. */
#ifndef STAGES_AUDIT_AUDIT_H
#define STAGES_AUDIT_AUDIT_H

#include "stages/command_line.h"

#include <stdio.h>

enum audit_format { AUDIT_TABLE, AUDIT_JSON, AUDIT_CSV };

struct audit_options {
    enum audit_format format;
    uint64_t projected_captions; /* of the row "requested" of the projection; 0: none */
    bool is_quick;               /* without languages and entropies */
};

enum status audit_command(struct command_line *line, int argc, char **argv);

/** Local. Audits what lies at `path` and writes the report to `stream`.
 * Errors: STATUS_NOT_FOUND  nothing there
 *         STATUS_INVALID    neither a run directory nor a store
 *         STATUS_CORRUPT    a store that is cut short or damaged; damaged shards are counted
 * instead STATUS_IO, STATUS_NO_MEMORY */
enum status audit_write(FILE *stream, const char *path, const struct audit_options *options);

#endif
