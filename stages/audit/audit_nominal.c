/* Nominal bits: what is counted on paper, from the paper's figures and from the store's own. */
#include "stages/audit/audit_sections.h"

#include <stdarg.h>

unsigned audit_id_bits(uint64_t codebook)
{
    unsigned bits = 0;
    while (bits < 64 && codebook > UINT64_C(1) << bits)
        bits++;
    return bits;
}

double audit_seconds(const struct store_counts *counts)
{
    return (double)counts->samples / AUDIT_SAMPLES_A_SECOND;
}

enum { BITS, SHARE };

static const struct audit_section table1 = {
    .key = "table1",
    .title = "Nominal bits, counted as in Table 1 of the Im2Sp paper",
    .row_heading = "a picture, or a second of speech",
    .how_heading = "how",
    .quantities = { [BITS] = { "bits", "bits", "bit", AUDIT_TENTHS },
                    [SHARE] = { "share_of_raw_percent", "% of raw", "percent", AUDIT_SHARE } },
    .note =
        "Paper: raw pixels are 224 x 224 x 3 x 8 bits, not the JPEG file; raw audio is 16 kHz at "
        "16\nbits; units come at most 50 times a second, at 8 bits. The mel-spectrogram is "
        "assumed to have\n80 bands at 100 frames a second in 32 bits. This store: ids take the "
        "bits that its codebooks\nneed; its units a second are counted, repeats dropped.",
};

static void add_bits(struct audit_report *report, const char *key, const char *label, double bits,
                     double raw_bits, const char *how, ...) __attribute__((format(printf, 6, 7)));

static void add_bits(struct audit_report *report, const char *key, const char *label, double bits,
                     double raw_bits, const char *how, ...)
{
    struct audit_row *row = audit_report_add(report, &table1, key, label);
    va_list arguments;
    va_start(arguments, how);
    vsnprintf(row->how, sizeof row->how, how, arguments);
    va_end(arguments);
    row->values[BITS] = bits;
    row->values[SHARE] = audit_percent(bits, raw_bits);
}

static void add_picture_bits(struct audit_report *report, const struct audit_subject *subject)
{
    const struct store_counts *counts = &subject->counts;
    const double raw = AUDIT_RAW_PICTURE_BYTES * 8.0;
    add_bits(report, "picture_raw", "picture: raw pixels", raw, raw, "224 x 224 x 3 x 8");
    add_bits(report, "picture_units_paper", "picture: units, paper", 28 * 28 * 13, raw,
             "28 x 28 x 13");
    if (!subject->has_store || counts->pictures == 0)
        return;
    const unsigned bits = audit_id_bits(counts->image_codebook);
    add_bits(report, "picture_units", "picture: units, this store",
             (double)counts->grid_rows * (double)counts->grid_columns * bits, raw,
             "%llu x %llu x %u", (unsigned long long)counts->grid_rows,
             (unsigned long long)counts->grid_columns, bits);
}

static void add_speech_bits(struct audit_report *report, const struct audit_subject *subject)
{
    const struct store_counts *counts = &subject->counts;
    const double raw = AUDIT_SAMPLES_A_SECOND * AUDIT_SAMPLE_BYTES * 8.0;
    add_bits(report, "speech_raw", "speech: raw audio", raw, raw, "16000 x 16");
    add_bits(report, "speech_mel", "speech: mel-spectrogram",
             AUDIT_MEL_FRAMES_A_SECOND * AUDIT_MEL_BANDS * AUDIT_MEL_BYTES * 8.0, raw,
             "100 x 80 x 32");
    add_bits(report, "speech_units_paper", "speech: units, paper's bound",
             AUDIT_UNITS_A_SECOND * 8.0, raw, "below 50 x 8");
    if (!subject->has_store || counts->samples == 0)
        return;
    const unsigned bits = audit_id_bits(counts->speech_codebook);
    const double seconds = audit_seconds(counts);
    const double frames = (double)counts->frames / seconds, units = (double)counts->units / seconds;
    add_bits(report, "speech_frames", "speech: units with repeats, this store", frames * bits, raw,
             "%.2f x %u", frames, bits);
    add_bits(report, "speech_units", "speech: units, this store", units * bits, raw, "%.2f x %u",
             units, bits);
    add_bits(report, "speech_units_durations", "speech: units, durations, this store",
             units * (bits + subject->duration_bits), raw, "%.2f x (%u + %u)", units, bits,
             subject->duration_bits);
}

void audit_add_table1(struct audit_report *report, const struct audit_subject *subject)
{
    add_picture_bits(report, subject);
    add_speech_bits(report, subject);
}

enum { RECORDS, SECONDS, CODEBOOK, ID_BITS, TOKENS, TOKENS_EACH, DROPPED };

static const struct audit_section counts_section = {
    .key = "counts",
    .title = "What the store holds",
    .row_heading = "what",
    .quantities = { [RECORDS] = { "records", "records", "record", AUDIT_WHOLE },
                    [SECONDS] = { "seconds", "seconds", "s", AUDIT_TENTHS },
                    [CODEBOOK] = { "codebook", "codebook", "code", AUDIT_WHOLE },
                    [ID_BITS] = { "id_bits", "bits an id", "bit", AUDIT_WHOLE },
                    [TOKENS] = { "tokens", "tokens", "token", AUDIT_WHOLE },
                    [TOKENS_EACH] = { "tokens_per_record", "a record", "token", AUDIT_TENTHS },
                    [DROPPED] = { "repeats_dropped_percent", "% repeats dropped", "percent",
                                  AUDIT_SHARE } },
};

void audit_add_counts(struct audit_report *report, const struct audit_subject *subject)
{
    const struct store_counts *counts = &subject->counts;
    if (!subject->has_store)
        return;
    struct audit_row *speech = audit_report_add(report, &counts_section, "speech", "captions");
    speech->values[RECORDS] = (double)counts->captions;
    speech->values[SECONDS] = audit_seconds(counts);
    speech->values[CODEBOOK] = (double)counts->speech_codebook;
    speech->values[ID_BITS] = audit_id_bits(counts->speech_codebook);
    speech->values[TOKENS] = (double)counts->units;
    speech->values[TOKENS_EACH] = audit_ratio((double)counts->units, (double)counts->captions);
    speech->values[DROPPED] =
        audit_percent((double)counts->frames - (double)counts->units, (double)counts->frames);

    const double grid = (double)counts->grid_rows * (double)counts->grid_columns;
    struct audit_row *pictures = audit_report_add(report, &counts_section, "pictures", "pictures");
    pictures->values[RECORDS] = (double)counts->pictures;
    pictures->values[CODEBOOK] = (double)counts->image_codebook;
    pictures->values[ID_BITS] = audit_id_bits(counts->image_codebook);
    pictures->values[TOKENS] = grid * (double)counts->pictures;
    pictures->values[TOKENS_EACH] = grid;

    struct audit_row *duplicates =
        audit_report_add(report, &counts_section, "duplicate_pictures", "copies of pictures");
    duplicates->values[RECORDS] = (double)counts->duplicates;
}
