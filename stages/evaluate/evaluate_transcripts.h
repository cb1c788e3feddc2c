/** evaluate --transcribe: how well a recogniser understands a run's speech, and how much of what it
 * understands of generated captions is right.
 *
 * Three kinds of speech, each a line of the table: generated captions against all English captions
 * of their picture; the captions' own speech against its text, which is as good as it can get with
 * this recogniser; and the same made again from its units by generate.vocoder, which tells what
 * units and vocoder lose.
 *
 * Reads:  RUN/generated, where there is one; RUN/speech; RUN/units, where the plan names a vocoder;
 *         ground_truth.jsonl beside the manifest, where there is one
 * Writes: tables to standard output; an object a split and kind of speech into RUN/metrics.jsonl
 * Ranks:  any number; counts are whole numbers, so the result is the same for any */
#ifndef STAGES_EVALUATE_EVALUATE_TRANSCRIPTS_H
#define STAGES_EVALUATE_EVALUATE_TRANSCRIPTS_H

#include "stages/run_directory.h"

#include <stdio.h>

struct transcript_options {
    const char *split;   /* "train", "val", "test" or "all" */
    size_t pictures_max; /* of a split, the first in the manifest; 0: all */
};

/** Local. STATUS_INVALID where `split` is none of the above. */
enum status transcript_options_check(const struct transcript_options *options);

/** Collective. Errors: those of transcriber_open, run_sounds_open and their functions, of
 * picture_facts_read;
 * STATUS_STOPPED, STATUS_IO. */
enum status evaluate_transcripts(FILE *stream, const struct run *run,
                                 const struct transcript_options *options);

#endif
