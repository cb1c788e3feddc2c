#include "stages/audit/token_entropy.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A pair is context and token in one number: 17 bits each, token + 1, so that 0 is none. */
enum { TOKEN_BITS = 17, PLACES_PER_PAIR = 2 };

struct pair {
    uint64_t key; /* 0: free */
    uint64_t count;
};

/* The pairs of one order, in a table of open addressing. */
struct pairs {
    struct pair *places;
    size_t place_count; /* a power of two */
    size_t pair_count, pair_limit;
    uint64_t context_mask; /* contexts whose hash has none of these bits are counted */
};

struct token_entropy {
    struct pairs orders[TOKEN_ENTROPY_ORDERS];
    uint64_t tokens, context; /* the two tokens before */
};

static uint64_t mix(uint64_t value)
{
    value ^= value >> 31;
    value *= UINT64_C(0x7FB5D329728EA185);
    value ^= value >> 27;
    value *= UINT64_C(0x81DADEF4BC2DD44D);
    return value ^ value >> 33;
}

enum status token_entropy_create(struct token_entropy **out, size_t pairs_max)
{
    *out = NULL;
    struct token_entropy *entropy = calloc(1, sizeof *entropy);
    bool is_whole = entropy != NULL;
    size_t place_count = PLACES_PER_PAIR * TOKEN_ENTROPY_PAIRS_MIN;
    while (place_count < PLACES_PER_PAIR * pairs_max)
        place_count *= 2;
    for (size_t k = 0; k < TOKEN_ENTROPY_ORDERS && is_whole; k++) {
        struct pairs *pairs = &entropy->orders[k];
        pairs->place_count = place_count;
        pairs->pair_limit = place_count / PLACES_PER_PAIR;
        pairs->places = calloc(place_count, sizeof *pairs->places);
        is_whole = pairs->places != NULL;
    }
    if (!is_whole) {
        token_entropy_destroy(entropy);
        return status_fail(STATUS_NO_MEMORY, "entropy: %zu pairs", pairs_max);
    }
    *out = entropy;
    return STATUS_OK;
}

void token_entropy_begin_record(struct token_entropy *entropy)
{
    entropy->context = 0;
}

/* Where the pair is, or where it is to go. */
static struct pair *find_place(const struct pairs *pairs, uint64_t key)
{
    size_t place = (size_t)mix(key) & (pairs->place_count - 1);
    while (pairs->places[place].key != 0 && pairs->places[place].key != key)
        place = (place + 1) & (pairs->place_count - 1);
    return &pairs->places[place];
}

static bool is_counted(const struct pairs *pairs, uint64_t key)
{
    const uint64_t context = key >> TOKEN_BITS;
    return context == 0 || (mix(context) >> 32 & pairs->context_mask) == 0;
}

static int compare_keys(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    return (a->key > b->key) - (a->key < b->key);
}

/* The pairs that are counted go to the front, free places to the back; their number. */
static size_t gather(struct pairs *pairs)
{
    size_t kept = 0;
    for (size_t p = 0; p < pairs->place_count; p++)
        if (pairs->places[p].key != 0 && is_counted(pairs, pairs->places[p].key))
            pairs->places[kept++] = pairs->places[p];
    memset(pairs->places + kept, 0, (pairs->place_count - kept) * sizeof *pairs->places);
    return kept;
}

/* Leaves out half of the contexts. The context without tokens before is never left out: it has at
 * most as many pairs as there are tokens. */
static void thin_out(struct pairs *pairs)
{
    pairs->context_mask = 2 * pairs->context_mask + 1;
    const size_t kept = gather(pairs);
    struct pair *moved = malloc((kept + 1) * sizeof *moved);
    pairs->pair_count = 0;
    if (moved == NULL) { /* then all of them are left out, and the next ones counted */
        memset(pairs->places, 0, kept * sizeof *pairs->places);
        return;
    }
    memcpy(moved, pairs->places, kept * sizeof *moved);
    memset(pairs->places, 0, kept * sizeof *pairs->places);
    for (size_t p = 0; p < kept; p++)
        *find_place(pairs, moved[p].key) = moved[p];
    pairs->pair_count = kept;
    free(moved);
}

static void count(struct pairs *pairs, uint64_t key)
{
    if (!is_counted(pairs, key))
        return;
    struct pair *place = find_place(pairs, key);
    if (place->key == 0) {
        place->key = key;
        pairs->pair_count++;
    }
    place->count++;
    while (pairs->pair_count > pairs->pair_limit - pairs->pair_limit / 8)
        thin_out(pairs);
}

void token_entropy_add(struct token_entropy *entropy, const uint16_t *tokens, size_t token_count)
{
    const uint64_t two = (UINT64_C(1) << 2 * TOKEN_BITS) - 1, one = (1 << TOKEN_BITS) - 1;
    for (size_t t = 0; t < token_count; t++) {
        const uint64_t token = (uint64_t)tokens[t] + 1, before = entropy->context;
        count(&entropy->orders[0], token);
        count(&entropy->orders[1], (before & one) << TOKEN_BITS | token);
        count(&entropy->orders[2], before << TOKEN_BITS | token);
        entropy->context = (before << TOKEN_BITS | token) & two;
    }
    entropy->tokens += token_count;
}

static double weighted_log(uint64_t number)
{
    return (double)number * log2((double)number);
}

/* Sorted, the pairs of a context stand together. */
static void finish_order(double *bits, double *tokens_per_context, struct pairs *pairs)
{
    const size_t pair_count = gather(pairs);
    uint64_t tokens = 0, contexts = 0, of_context = 0;
    double sum = 0.0;
    qsort(pairs->places, pair_count, sizeof *pairs->places, compare_keys);
    for (size_t p = 0; p < pair_count; p++) {
        const struct pair *pair = &pairs->places[p];
        of_context += pair->count;
        sum -= weighted_log(pair->count);
        if (p + 1 < pair_count && pair[1].key >> TOKEN_BITS == pair->key >> TOKEN_BITS)
            continue;
        sum += weighted_log(of_context);
        tokens += of_context;
        contexts++;
        of_context = 0;
    }
    *bits = tokens == 0 ? NAN : fmax(sum, 0.0) / (double)tokens;
    *tokens_per_context = contexts == 0 ? NAN : (double)tokens / (double)contexts;
}

void token_entropy_finish(struct token_entropy_result *out, struct token_entropy *entropy)
{
    out->tokens = entropy->tokens;
    for (size_t k = 0; k < TOKEN_ENTROPY_ORDERS; k++)
        finish_order(&out->bits[k], &out->tokens_per_context[k], &entropy->orders[k]);
}

void token_entropy_destroy(struct token_entropy *entropy)
{
    if (entropy == NULL)
        return;
    for (size_t k = 0; k < TOKEN_ENTROPY_ORDERS; k++)
        free(entropy->orders[k].places);
    free(entropy);
}
