/** The command `unitmill export STORE (--caption ID | --image ID | --contact-sheet N | --generated)
 * --out DIR`: everything of one record, many pictures at a glance, or all generated captions, for a
 * person to hear and see.
 *
 * Reads:  the store; the plan, the manifest and the speech shards of the run that it lies in. What
 *         is not there is left out with a note.
 * Writes: a caption:  ID.txt          its text
 *                     ID.json         all fields, units and durations, and units at frame rate
 *                     ID.wav          the speech, 16 kHz, 16 bit
 *                     ID.phones.txt   its phones as Audacity labels: start, end, name; in seconds
 *         a picture:  ID.json         all fields, the grid of units, the ids of its captions
 *                     ID.jpg or .png  the source picture, as it lies where the manifest says
 *                     ID.units.png    the grid, each unit as a square of its own colour
 *                     ID.reconstruction.png  what the units give back, decoded with the weights
 * that the run's plan names
 *         --generated: generated.tsv, a line a caption, and ID.wav, what generate made of the
 *                      picture of that id. The run itself may be given in place of its store.
 *         --contact-sheet N: contact-sheet.png, N pictures of the store beside their
 * reconstructions
 *
 * In file names, an id keeps letters, digits, '.', '_' and '-'; others become '_', and a digest
 * then keeps ids apart. Files of these names are replaced. */
#ifndef STAGES_EXPORT_EXPORT_H
#define STAGES_EXPORT_EXPORT_H

#include "core/file.h"
#include "stages/command_line.h"
#include "stages/run_directory.h"

enum { EXPORT_FILES_MAX = 5, EXPORT_NOTES_MAX = 4 };

struct export_options {
    const char *store;
    const char *caption, *image; /* an id; at most one of the three is wanted */
    size_t contact_sheet;        /* pictures on it; 0: no sheet */
    bool wants_generated;        /* or the captions that generate made */
    const char *out;             /* a folder, made where it is not there */
};

/** What was done. */
struct export_report {
    char files[EXPORT_FILES_MAX][PATH_BYTES];
    size_t file_count;
    char notes[EXPORT_NOTES_MAX][STATUS_TEXT_BYTES]; /* what was left out, and why */
    size_t note_count;
};

enum status export_command(struct command_line *line, int argc, char **argv);

/** Local. Exports one record or a sheet. `run` is the run that the store lies in, or NULL;
 * `run_missing` then says why, for the note.
 *
 * Errors: STATUS_NOT_FOUND  no such store, no such id (how to list them is said)
 *         STATUS_CORRUPT    a damaged store
 *         STATUS_IO, STATUS_NO_MEMORY */
enum status export_record(struct export_report *report, const struct export_options *options,
                          const struct run *run, const char *run_missing);

#endif
