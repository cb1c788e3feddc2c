/** What the tokens of a store carry, and whose they are: their entropies, and sums by language. All
 * functions are local. */
#ifndef STAGES_AUDIT_AUDIT_TOKENS_H
#define STAGES_AUDIT_AUDIT_TOKENS_H

#include "stages/audit/token_entropy.h"
#include "storage/store_reader.h"

enum audit_token_kind {
    AUDIT_UNITS_OF_SPEECH,
    AUDIT_DURATIONS,
    AUDIT_UNITS_OF_PICTURES,
    AUDIT_TOKEN_KINDS
};

/** Their datasets: "/speech/units", ... */
extern const char *const audit_token_datasets[AUDIT_TOKEN_KINDS];

enum { AUDIT_LANGUAGES_MAX = 64, AUDIT_LANGUAGE_BYTES = 32 };

/** Captions of one language; the last of a full list is "other". */
struct audit_language {
    char name[AUDIT_LANGUAGE_BYTES];
    uint64_t captions, samples, units, text_bytes;
};

struct audit_tokens {
    bool is_known; /* they were read */
    struct token_entropy_result entropies[AUDIT_TOKEN_KINDS];
    struct audit_language languages[AUDIT_LANGUAGES_MAX]; /* in the order in which they come */
    size_t language_count;
};

/** Reads all tokens, in blocks. Errors: STATUS_CORRUPT, STATUS_NO_MEMORY. */
enum status audit_tokens_read(struct audit_tokens *out, const struct store_reader *reader);

#endif
