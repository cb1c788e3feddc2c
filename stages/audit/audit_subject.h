/** What is audited: the files of a run or a lone store, measured and counted. All functions are
 * local. */
#ifndef STAGES_AUDIT_AUDIT_SUBJECT_H
#define STAGES_AUDIT_AUDIT_SUBJECT_H

#include "stages/audit/audit_tokens.h"
#include "stages/store_counts.h"
#include "storage/footprint.h"

/** Where the files of a run lie. */
enum audit_place {
    AUDIT_SPEECH,
    AUDIT_FEATURES,
    AUDIT_UNITS,
    AUDIT_PICTURES,
    AUDIT_IMAGES,
    AUDIT_EMBEDDINGS,
    AUDIT_GENERATED,
    AUDIT_KMEANS,
    AUDIT_STORE,
    AUDIT_PLACE_COUNT
};

/** Their names in the run directory: "speech", ..., "kmeans.h5", "store.h5". */
extern const char *const audit_place_names[AUDIT_PLACE_COUNT];

/** Sums over the files of one place. data + index + overhead bytes are `bytes`; a file that cannot
 * be read counts as overhead. */
struct audit_files {
    uint64_t file_count, damaged_count, bytes, data_bytes, index_bytes, overhead_bytes;
    double nominal_bytes; /* values times their significant bits, before compression */
};

struct audit_subject {
    bool is_run, has_store;
    struct audit_files places[AUDIT_PLACE_COUNT];
    uint64_t flac_bytes;    /* of all speech shards */
    struct footprint store; /* with has_store */
    struct store_counts counts;
    unsigned duration_bits;     /* significant bits of a stored duration */
    struct audit_tokens tokens; /* unless left out */
};

/** Bytes of a dataset's values at their significant bits. */
double audit_nominal_bytes(const struct footprint_object *object);

/** Measures what lies at `path`; with `is_quick` without a look at the tokens. On success the
 * caller ends `*out` with audit_subject_end; on failure it is empty. Errors: as audit_write. */
enum status audit_subject_read(struct audit_subject *out, const char *path, bool is_quick);

/** An all-zero subject is allowed. */
void audit_subject_end(struct audit_subject *subject);

#endif
