#include "stages/audit/token_entropy.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A pair is context and token in one number: 17 bits each, token + 1, so that 0 is none. */
enum { TOKEN_BITS = 17, PLACES_PER_PAIR = 2, FIRST_PLACES = 4096 };

struct pair {
    uint64_t key; /* 0: free */
    uint64_t count;
};

/* The pairs of one order, in a table of open addressing. */
struct pairs {
    struct pair *places;
    size_t place_count, place_limit; /* powers of two */
    size_t pair_count;
    bool has_one_context;  /* of which nothing is left out */
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
    for (size_t k = 0; k < TOKEN_ENTROPY_ORDERS && is_whole; k++) {
        struct pairs *pairs = &entropy->orders[k];
        *pairs = (struct pairs){ .place_count = FIRST_PLACES,
                                 .place_limit = PLACES_PER_PAIR * TOKEN_ENTROPY_PAIRS_MIN,
                                 .has_one_context = k == 0 };
        while (pairs->place_limit < PLACES_PER_PAIR * pairs_max)
            pairs->place_limit *= 2;
        pairs->places = calloc(pairs->place_count, sizeof *pairs->places);
        is_whole = pairs->places != NULL;
    }
    if (!is_whole) {
        token_entropy_destroy(entropy);
        return status_fail(STATUS_NO_MEMORY, "entropy: no memory");
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
    return pairs->has_one_context || (mix(context) >> 32 & pairs->context_mask) == 0;
}

static int compare_keys(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    return (a->key > b->key) - (a->key < b->key);
}

/* All pairs go to the front; their number. */
static size_t gather(struct pairs *pairs)
{
    size_t kept = 0;
    for (size_t p = 0; p < pairs->place_count; p++)
        if (pairs->places[p].key != 0)
            pairs->places[kept++] = pairs->places[p];
    return kept;
}

/* Puts the pairs that are counted into a table of `place_count` places. Without memory for it they
 * are forgotten, and the next ones counted. */
static void rebuild(struct pairs *pairs, size_t place_count)
{
    struct pair *old = pairs->places, *fresh = calloc(place_count, sizeof *fresh);
    const size_t old_count = pairs->place_count;
    pairs->pair_count = 0;
    if (fresh == NULL) {
        memset(old, 0, old_count * sizeof *old);
        return;
    }
    pairs->places = fresh;
    pairs->place_count = place_count;
    for (size_t p = 0; p < old_count; p++)
        if (old[p].key != 0 && is_counted(pairs, old[p].key)) {
            *find_place(pairs, old[p].key) = old[p];
            pairs->pair_count++;
        }
    free(old);
}

/* A larger table, or where there is none half of the contexts. */
static void make_room(struct pairs *pairs)
{
    if (pairs->place_count < pairs->place_limit) {
        rebuild(pairs, 2 * pairs->place_count);
        return;
    }
    pairs->context_mask = 2 * pairs->context_mask + 1;
    rebuild(pairs, pairs->place_count);
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
    while (pairs->pair_count > pairs->place_count / PLACES_PER_PAIR)
        make_room(pairs);
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
