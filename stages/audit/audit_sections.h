/** The sections of an audit: each function adds the rows of its own from what was measured. A new
 * section is one more function here and one more line in audit_write. All functions are local. */
#ifndef STAGES_AUDIT_AUDIT_SECTIONS_H
#define STAGES_AUDIT_AUDIT_SECTIONS_H

#include "stages/audit/audit_report.h"
#include "stages/audit/audit_subject.h"

/** What the Im2Sp paper assumes of raw data (Table 1): a picture of 224 x 224 pixels of 3 x 8 bits,
 * 16,000 samples of 16 bits a second. */
enum {
    AUDIT_PIXEL_SIDE = 224,
    AUDIT_RAW_PICTURE_BYTES = AUDIT_PIXEL_SIDE * AUDIT_PIXEL_SIDE * 3,
    AUDIT_SAMPLES_A_SECOND = 16000,
    AUDIT_SAMPLE_BYTES = 2,
    AUDIT_MEL_BANDS = 80,
    AUDIT_MEL_FRAMES_A_SECOND = 100,
    AUDIT_MEL_BYTES = 4,
    AUDIT_UNITS_A_SECOND = 50
};

/** Bits that ids of a codebook need: the logarithm of its size to base 2, rounded up. */
unsigned audit_id_bits(uint64_t codebook);

/** Seconds of speech in the store. */
double audit_seconds(const struct store_counts *counts);

/** Index, checksums and headers included: what one dataset takes. 0 where it is not there. */
uint64_t audit_dataset_bytes(const struct footprint *store, const char *name);

void audit_add_table1(struct audit_report *report, const struct audit_subject *subject);
void audit_add_counts(struct audit_report *report, const struct audit_subject *subject);
void audit_add_stages(struct audit_report *report, const struct audit_subject *subject);
void audit_add_modalities(struct audit_report *report, const struct audit_subject *subject);
void audit_add_datasets(struct audit_report *report, const struct audit_subject *subject);
void audit_add_speech(struct audit_report *report, const struct audit_subject *subject);
void audit_add_pictures(struct audit_report *report, const struct audit_subject *subject);
void audit_add_languages(struct audit_report *report, const struct audit_subject *subject);
void audit_add_steps(struct audit_report *report, const struct audit_subject *subject);
void audit_add_entropy(struct audit_report *report, const struct audit_subject *subject);

/** Sizes of larger stores packed like this one: of `captions` captions, unless 0, and of public
 * collections. */
void audit_add_projection(struct audit_report *report, const struct audit_subject *subject,
                          uint64_t captions);

#endif
