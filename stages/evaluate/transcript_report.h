/** What evaluate --transcribe found, as tables and as lines of RUN/metrics.jsonl. Local. */
#ifndef STAGES_EVALUATE_TRANSCRIPT_REPORT_H
#define STAGES_EVALUATE_TRANSCRIPT_REPORT_H

#include "stages/evaluate/caption_score.h"
#include "stages/evaluate/picture_facts.h"

#include <stdbool.h>
#include <stdio.h>

enum transcript_kind {
    TRANSCRIPT_GENERATED,
    TRANSCRIPT_SPEECH,
    TRANSCRIPT_RESYNTHESISED,
    TRANSCRIPT_KIND_COUNT
};
enum { TRANSCRIPT_SPLIT_COUNT = 3 };

/** Counts of one split and kind; all whole numbers. */
struct transcript_tally {
    struct caption_tally words;
    struct fact_tally facts;
};

/** Counts of all. */
struct transcript_tallies {
    struct transcript_tally of[TRANSCRIPT_SPLIT_COUNT][TRANSCRIPT_KIND_COUNT];
    int64_t pictures;
    int64_t left_out; /* captions in other languages than English, or without words */
};

/** "train", "val", "test". */
extern const char *const transcript_splits[TRANSCRIPT_SPLIT_COUNT];

/** Writes the tables and appends the lines, "transcribed SPLIT KIND"; what was not heard is left
 * out. Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status transcript_report_write(FILE *stream, const char *metrics_path,
                                    const struct transcript_tallies *tallies);

#endif
