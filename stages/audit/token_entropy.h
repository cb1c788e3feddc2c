/** Token entropy: bits that a token carries when the 0, 1 or 2 before it are known, counted over a
 * stream of tokens in bounded memory. All functions are local.
 *
 * The figures are plug-in estimates: sums over contexts c and tokens x of n(c,x) log2 n(c)/n(c,x),
 * over the number of tokens. They are too low where contexts have been seen but a few times, so the
 * mean number of tokens a context is given beside them. Where contexts and tokens are more pairs
 * than there is room for, every second context is left out, then every second of the rest, by a
 * hash: those that stay are counted exactly. */
#ifndef STAGES_AUDIT_TOKEN_ENTROPY_H
#define STAGES_AUDIT_TOKEN_ENTROPY_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

enum { TOKEN_ENTROPY_ORDERS = 3, TOKEN_ENTROPY_PAIRS_MIN = 1 << 17 };

struct token_entropy; /* opaque */

struct token_entropy_result {
    uint64_t tokens;
    double bits[TOKEN_ENTROPY_ORDERS]; /* a token; not a number without tokens */
    double tokens_per_context[TOKEN_ENTROPY_ORDERS];
};

/** Counting of pairs of context and token, up to `pairs_max` of each order (at least
 * TOKEN_ENTROPY_PAIRS_MIN), 32 bytes a pair, twice that as they grow. On success the caller ends
 * `*out` with token_entropy_destroy. Errors: STATUS_NO_MEMORY. */
enum status token_entropy_create(struct token_entropy **out, size_t pairs_max);

/** A record begins: what stood before does not tell of it. */
void token_entropy_begin_record(struct token_entropy *entropy);

/** Counts tokens of the record, in their order. */
void token_entropy_add(struct token_entropy *entropy, const uint16_t *tokens, size_t count);

/** What was counted. Call once, last: it reorders the counts. */
void token_entropy_finish(struct token_entropy_result *out, struct token_entropy *entropy);

/** NULL is allowed. */
void token_entropy_destroy(struct token_entropy *entropy);

#endif
