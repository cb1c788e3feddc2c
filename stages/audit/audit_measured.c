/* Bytes on disk: by stage, by what they hold, by dataset. */
#include "stages/audit/audit_sections.h"

#include <math.h>
#include <string.h>

enum {
    FILES,
    DAMAGED,
    STAGE_NOMINAL,
    STAGE_DATA,
    STAGE_INDEX,
    STAGE_OVERHEAD,
    STAGE_BYTES,
    STAGE_SHARE
};

static const struct audit_section stages_section = {
    .key = "stages",
    .title = "Bytes on disk by stage",
    .row_heading = "place",
    .quantities = { [FILES] = { "files", "files", "file", AUDIT_WHOLE },
                    [DAMAGED] = { "damaged_files", "bad", "file", AUDIT_WHOLE },
                    [STAGE_NOMINAL] = { "nominal_bytes", "nominal", "B", AUDIT_WHOLE },
                    [STAGE_DATA] = { "data_bytes", "data", "B", AUDIT_WHOLE },
                    [STAGE_INDEX] = { "index_bytes", "index", "B", AUDIT_WHOLE },
                    [STAGE_OVERHEAD] = { "overhead_bytes", "overhead", "B", AUDIT_WHOLE },
                    [STAGE_BYTES] = { "bytes", "bytes", "B", AUDIT_WHOLE },
                    [STAGE_SHARE] = { "share_percent", "%", "percent", AUDIT_SHARE } },
    .note =
        "Nominal: values at their significant bits, before compression; texts at full width. Bad:\n"
        "damaged files, which count as overhead. Data includes checksums. Index: where HDF5 says "
        "the\nchunks are. Overhead: the rest of the files.",
};

static void add_files(struct audit_report *report, const char *key, const struct audit_files *files,
                      uint64_t run_bytes)
{
    struct audit_row *row = audit_report_add(report, &stages_section, key, key);
    row->values[FILES] = (double)files->file_count;
    row->values[DAMAGED] = (double)files->damaged_count;
    row->values[STAGE_NOMINAL] = ceil(files->nominal_bytes);
    row->values[STAGE_DATA] = (double)files->data_bytes;
    row->values[STAGE_INDEX] = (double)files->index_bytes;
    row->values[STAGE_OVERHEAD] = (double)files->overhead_bytes;
    row->values[STAGE_BYTES] = (double)files->bytes;
    row->values[STAGE_SHARE] = audit_percent((double)files->bytes, (double)run_bytes);
}

void audit_add_stages(struct audit_report *report, const struct audit_subject *subject)
{
    struct audit_files total = { 0 };
    if (!subject->is_run)
        return;
    for (size_t p = 0; p < AUDIT_PLACE_COUNT; p++) {
        total.file_count += subject->places[p].file_count;
        total.damaged_count += subject->places[p].damaged_count;
        total.data_bytes += subject->places[p].data_bytes;
        total.index_bytes += subject->places[p].index_bytes;
        total.overhead_bytes += subject->places[p].overhead_bytes;
        total.bytes += subject->places[p].bytes;
        total.nominal_bytes += subject->places[p].nominal_bytes;
    }
    for (size_t p = 0; p < AUDIT_PLACE_COUNT; p++)
        if (subject->places[p].file_count > 0)
            add_files(report, audit_place_names[p], &subject->places[p], total.bytes);
    add_files(report, "total", &total, total.bytes);
}

/* What an object of the store holds: the first line whose prefix fits its name. */
static const struct modality {
    const char *prefix, *key, *label;
} modalities[] = {
    { "/captions/", "captions", "captions: text, ids, voices" },
    { "/speech/units", "speech_units", "speech units" },
    { "/speech/durations", "speech_durations", "durations" },
    { "/speech/offsets", "speech_offsets", "offsets" },
    { "/speech/sample_count", "speech_lengths", "lengths of speech" },
    { "/speech/feature", "speech_features", "speech features" },
    { "/images/units", "image_units", "image units" },
    { "/images/embedding", "image_embeddings", "image embeddings" },
    { "/images/", "image_facts", "pictures: ids, sizes" },
    { "/rejects", "rejects", "rejects" },
    { "/provenance", "provenance", "provenance" },
    { "/", "structure", "file structure, unused space" },
};

enum { MODALITY_COUNT = sizeof modalities / sizeof modalities[0] };

static size_t find_modality(const char *name)
{
    size_t m = 0;
    while (strncmp(name, modalities[m].prefix, strlen(modalities[m].prefix)) != 0)
        m++;
    return m;
}

enum { NOMINAL, VALUES, CHECKSUMS, INDEX, OVERHEAD, BYTES, SHARE };

static const struct audit_section modalities_section = {
    .key = "modalities",
    .title = "Bytes of the store by what they hold",
    .row_heading = "what",
    .quantities = { [NOMINAL] = { "nominal_bytes", "nominal", "B", AUDIT_WHOLE },
                    [VALUES] = { "data_bytes", "data", "B", AUDIT_WHOLE },
                    [CHECKSUMS] = { "checksum_bytes", "checks", "B", AUDIT_WHOLE },
                    [INDEX] = { "index_bytes", "index", "B", AUDIT_WHOLE },
                    [OVERHEAD] = { "overhead_bytes", "overhead", "B", AUDIT_WHOLE },
                    [BYTES] = { "bytes", "bytes", "B", AUDIT_WHOLE },
                    [SHARE] = { "share_percent", "%", "percent", AUDIT_SHARE } },
    .note = "Nominal as above. Checksums (checks) are part of the data.",
};

struct tally {
    uint64_t data, checksums, index, overhead;
    double nominal;
    size_t object_count;
};

static void add_tally(struct audit_report *report, const char *key, const char *label,
                      const struct tally *tally, uint64_t store_bytes)
{
    const uint64_t bytes = tally->data + tally->index + tally->overhead;
    struct audit_row *row = audit_report_add(report, &modalities_section, key, label);
    row->values[NOMINAL] = ceil(tally->nominal);
    row->values[VALUES] = (double)tally->data;
    row->values[CHECKSUMS] = (double)tally->checksums;
    row->values[INDEX] = (double)tally->index;
    row->values[OVERHEAD] = (double)tally->overhead;
    row->values[BYTES] = (double)bytes;
    row->values[SHARE] = audit_percent((double)bytes, (double)store_bytes);
}

void audit_add_modalities(struct audit_report *report, const struct audit_subject *subject)
{
    const struct footprint *store = &subject->store;
    struct tally tallies[MODALITY_COUNT] = { { 0 } };
    if (!subject->has_store)
        return;
    uint64_t headers = 0;
    for (size_t o = 0; o < store->object_count; o++) {
        const struct footprint_object *object = &store->objects[o];
        struct tally *tally = &tallies[find_modality(object->name)];
        tally->object_count++;
        tally->nominal += audit_nominal_bytes(object);
        tally->data += object->data_bytes;
        tally->checksums += object->checksum_bytes;
        tally->index += object->index_bytes;
        tally->overhead += object->header_bytes;
        headers += object->header_bytes;
    }
    tallies[MODALITY_COUNT - 1].overhead += store->overhead_bytes - headers;
    for (size_t m = 0; m < MODALITY_COUNT; m++)
        if (tallies[m].object_count > 0)
            add_tally(report, modalities[m].key, modalities[m].label, &tallies[m],
                      store->file_bytes);
    const struct tally total = { store->data_bytes,
                                 store->checksum_bytes,
                                 store->index_bytes,
                                 store->overhead_bytes,
                                 subject->places[AUDIT_STORE].nominal_bytes,
                                 0 };
    add_tally(report, "total", "total", &total, store->file_bytes);
}

enum { ROWS, WIDTH, BITS, STORED_BITS, CHUNKS, DATASET_BYTES };

static const struct audit_section datasets_section = {
    .key = "datasets",
    .title = "Bytes of the store by dataset",
    .row_heading = "dataset",
    .quantities = { [ROWS] = { "rows", "rows", "row", AUDIT_WHOLE },
                    [WIDTH] = { "width", "width", "value", AUDIT_WHOLE },
                    [BITS] = { "value_bits", "bits", "bit", AUDIT_WHOLE },
                    [STORED_BITS] = { "stored_value_bits", "stored bits", "bit", AUDIT_SHARE },
                    [CHUNKS] = { "chunks", "chunks", "chunk", AUDIT_WHOLE },
                    [DATASET_BYTES] = { "bytes", "bytes", "B", AUDIT_WHOLE } },
    .note = "Bits: significant bits of a value. Stored bits: data with checksums, over the values; "
            "less\nwhere deflate pays. Bytes: data, index and header.",
};

uint64_t audit_dataset_bytes(const struct footprint *store, const char *name)
{
    const struct footprint_object *object = footprint_find(store, name);
    return object == NULL ? 0 : object->data_bytes + object->index_bytes + object->header_bytes;
}

void audit_add_datasets(struct audit_report *report, const struct audit_subject *subject)
{
    for (size_t o = 0; o < subject->store.object_count; o++) {
        const struct footprint_object *object = &subject->store.objects[o];
        if (!object->is_dataset)
            continue;
        const double values = (double)object->rows * (double)object->width;
        struct audit_row *row =
            audit_report_add(report, &datasets_section, object->name, object->name);
        row->values[ROWS] = (double)object->rows;
        row->values[WIDTH] = (double)object->width;
        row->values[BITS] = object->value_bits;
        row->values[STORED_BITS] = audit_ratio(8.0 * (double)object->data_bytes, values);
        row->values[CHUNKS] = (double)object->chunk_count;
        row->values[DATASET_BYTES] =
            (double)(object->data_bytes + object->index_bytes + object->header_bytes);
    }
}
