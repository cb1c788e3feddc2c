/* What a run's speech and pictures take, from raw to stored. */
#include "stages/audit/audit_sections.h"

#include <math.h>

enum { BYTES, EACH, OF_RAW, OF_FILES, ABOVE_NOMINAL };

static const struct audit_section speech_section = {
    .key = "speech",
    .title = "Speech, from raw audio to the store",
    .row_heading = "form",
    .quantities = { [BYTES] = { "bytes", "bytes", "B", AUDIT_WHOLE },
                    [EACH] = { "bytes_per_record", "a caption", "B", AUDIT_TENTHS },
                    [OF_RAW] = { "share_of_raw_percent", "% of raw", "percent", AUDIT_SHARE },
                    [OF_FILES] = { "share_of_files_percent", "% of FLAC", "percent", AUDIT_SHARE },
                    [ABOVE_NOMINAL] = { "above_nominal_percent", "% above nominal", "percent",
                                        AUDIT_SHARE } },
    .note = "Raw audio: 2 bytes a sample at 16 kHz. FLAC: all captions spoken, rejects of later "
            "stages too.\nNominal: tokens times their bits. Stored: data, checksums, index and "
            "headers; below nominal\nwhere deflate pays. The speech side is captions, units, "
            "durations, offsets and lengths, without\nfeatures; with overhead: and all that is "
            "neither side's, as provenance and rejects.",
};

static const struct audit_section pictures_section = {
    .key = "pictures",
    .title = "Pictures, from raw pixels to the store",
    .row_heading = "form",
    .quantities = { [BYTES] = { "bytes", "bytes", "B", AUDIT_WHOLE },
                    [EACH] = { "bytes_per_record", "a picture", "B", AUDIT_TENTHS },
                    [OF_RAW] = { "share_of_raw_percent", "% of raw", "percent", AUDIT_SHARE },
                    [OF_FILES] = { "share_of_files_percent", "% of files", "percent", AUDIT_SHARE },
                    [ABOVE_NOMINAL] = { "above_nominal_percent", "% above nominal", "percent",
                                        AUDIT_SHARE } },
    .note = "Raw: 224 x 224 x 3 bytes a picture, as in the paper. The picture side is units, ids "
            "and sizes,\nwithout embeddings; with overhead as above. Saved: what pictures with the "
            "bytes of another\nwould take as rows of their own, embeddings included, less the list "
            "of them.",
};

/* What all rows of a section are compared with. */
struct scale {
    struct audit_report *report;
    const struct audit_section *section;
    double records, raw_bytes, file_bytes;
};

/* `nominal_bytes` is not a number where there is nothing nominal to compare with. */
static void add(const struct scale *scale, const char *key, const char *label, double bytes,
                double nominal_bytes)
{
    struct audit_row *row = audit_report_add(scale->report, scale->section, key, label);
    row->values[BYTES] = ceil(bytes);
    row->values[EACH] = audit_ratio(bytes, scale->records);
    row->values[OF_RAW] = audit_percent(bytes, scale->raw_bytes);
    row->values[OF_FILES] = audit_percent(bytes, scale->file_bytes);
    row->values[ABOVE_NOMINAL] = audit_percent(bytes - nominal_bytes, nominal_bytes);
}

static double sum_bytes(const struct footprint *store, const char *const *names)
{
    uint64_t bytes = 0;
    for (size_t n = 0; names[n] != NULL; n++)
        bytes += audit_dataset_bytes(store, names[n]);
    return (double)bytes;
}

static const char *const speech_side[] = {
    "/captions/id",
    "/captions/text",
    "/captions/language",
    "/captions/voice",
    "/captions/image",
    "/captions/split",
    "/speech/units",
    "/speech/durations",
    "/speech/offsets",
    "/speech/sample_count",
    NULL,
};
static const char *const picture_side[] = {
    "/images/id",    "/images/width",         "/images/height",         "/images/source_bytes",
    "/images/units", "/images/duplicates/id", "/images/duplicates/row", NULL,
};
static const char *const duplicates_list[] = { "/images/duplicates/id", "/images/duplicates/row",
                                               NULL };
static const char *const kept_beside[] = { "/speech/features", "/speech/feature_offsets",
                                           "/images/embedding", NULL };

/* What belongs to neither side: the file's structure, provenance, rejects. */
static double shared_bytes(const struct audit_subject *subject)
{
    const struct footprint *store = &subject->store;
    return (double)store->file_bytes - sum_bytes(store, speech_side) -
           sum_bytes(store, picture_side) - sum_bytes(store, kept_beside);
}

void audit_add_speech(struct audit_report *report, const struct audit_subject *subject)
{
    const struct store_counts *counts = &subject->counts;
    const double units = (double)counts->units;
    const double unit_bytes = units * audit_id_bits(counts->speech_codebook) / 8;
    const double duration_bytes = units * subject->duration_bits / 8;
    const struct scale scale = { .report = report,
                                 .section = &speech_section,
                                 .records = (double)counts->captions,
                                 .raw_bytes = (double)counts->samples * AUDIT_SAMPLE_BYTES,
                                 .file_bytes = (double)subject->flac_bytes };
    const double side = sum_bytes(&subject->store, speech_side);
    if (!subject->has_store)
        return;
    add(&scale, "raw_audio", "raw audio", scale.raw_bytes, NAN);
    add(&scale, "mel_spectrogram", "mel-spectrogram",
        audit_seconds(counts) * AUDIT_MEL_FRAMES_A_SECOND * AUDIT_MEL_BANDS * AUDIT_MEL_BYTES, NAN);
    if (subject->flac_bytes > 0)
        add(&scale, "flac", "FLAC", scale.file_bytes, NAN);
    add(&scale, "units_nominal", "units, nominal", unit_bytes, NAN);
    add(&scale, "units_durations_nominal", "units and durations, nominal",
        unit_bytes + duration_bytes, NAN);
    add(&scale, "units_stored", "units, stored",
        (double)audit_dataset_bytes(&subject->store, "/speech/units"), unit_bytes);
    add(&scale, "durations_stored", "durations, stored",
        (double)audit_dataset_bytes(&subject->store, "/speech/durations"), duration_bytes);
    add(&scale, "side_stored", "speech side of the store", side, NAN);
    add(&scale, "side_with_overhead", "speech side with overhead", side + shared_bytes(subject),
        NAN);
}

/* What rows of their own would take for the pictures that have none. */
static double saved_bytes(const struct audit_subject *subject)
{
    const struct footprint *store = &subject->store;
    const double list = sum_bytes(store, duplicates_list);
    const double rows = sum_bytes(store, picture_side) - list +
                        (double)audit_dataset_bytes(store, "/images/embedding");
    const double duplicates = (double)subject->counts.duplicates;
    return duplicates > 0.0
               ? duplicates * audit_ratio(rows, (double)subject->counts.pictures) - list
               : 0.0;
}

void audit_add_pictures(struct audit_report *report, const struct audit_subject *subject)
{
    const struct store_counts *counts = &subject->counts;
    const double pictures = (double)counts->pictures;
    const double nominal = pictures * (double)counts->grid_rows * (double)counts->grid_columns *
                           audit_id_bits(counts->image_codebook) / 8;
    const struct scale scale = { .report = report,
                                 .section = &pictures_section,
                                 .records = pictures,
                                 .raw_bytes = pictures * AUDIT_RAW_PICTURE_BYTES,
                                 .file_bytes = (double)counts->source_bytes };
    const double side = sum_bytes(&subject->store, picture_side);
    if (!subject->has_store)
        return;
    add(&scale, "raw_224", "raw pixels, 224 x 224", scale.raw_bytes, NAN);
    add(&scale, "raw_source", "raw pixels, as they came", (double)counts->source_pixels * 3, NAN);
    add(&scale, "source_files", "source files (JPEG, PNG)", scale.file_bytes, NAN);
    add(&scale, "units_nominal", "units, nominal", nominal, NAN);
    add(&scale, "units_stored", "units, stored",
        (double)audit_dataset_bytes(&subject->store, "/images/units"), nominal);
    add(&scale, "side_stored", "picture side of the store", side, NAN);
    add(&scale, "side_with_overhead", "picture side with overhead", side + shared_bytes(subject),
        NAN);
    struct audit_row *saved =
        audit_report_add(report, &pictures_section, "duplicates_saved", "saved: same bytes once");
    saved->values[BYTES] = ceil(saved_bytes(subject));
}
