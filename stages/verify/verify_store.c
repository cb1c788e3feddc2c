#include "stages/verify/verify_store.h"

#include "cluster/stop.h"
#include "core/log.h"
#include "storage/seal.h"
#include "storage/store_reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the rows of a dataset must be. */
enum rule {
    RULE_ANY,
    RULE_BELOW,    /* below the limit */
    RULE_POSITIVE, /* at least 1 */
    RULE_OFFSETS   /* from 0, never falling, up to the limit */
};

enum dataset_kind { KIND_TEXT, KIND_NUMBER, KIND_HALF, KIND_FLOAT };

struct dataset_check {
    const char *name;
    enum dataset_kind kind;
    enum rule rule;
    uint64_t rows, limit; /* expected */
};

enum { CHECKS_MAX = 24, BLOCK_BYTES = 4 << 20, DAMAGED_SECONDS_MAX = 600 };

struct verification {
    const struct team *team;
    struct store_reader *store;
    const char *path;
    struct problems *problems;
    struct digest *digest; /* equal on all ranks */
};

static void tell(struct verification *self)
{
    char text[STATUS_TEXT_BYTES];
    snprintf(text, sizeof text, "%s", status_text());
    if (strncmp(text, self->path, strlen(self->path)) != 0)
        status_fail(STATUS_CORRUPT, "%.200s: %.250s", self->path, text);
    problems_tell(self->problems);
}

static enum status check_numbers(const struct dataset_check *check, const uint64_t *values,
                                 size_t count, uint64_t first_value)
{
    for (size_t v = 0; v < count; v++) {
        const uint64_t value = values[v];
        const char *fact = NULL;
        if (check->rule == RULE_BELOW && value >= check->limit)
            fact = "is out of range";
        else if (check->rule == RULE_POSITIVE && value == 0)
            fact = "is 0";
        else if (check->rule == RULE_OFFSETS &&
                 (value > check->limit || (v > 0 && value < values[v - 1])))
            fact = "is out of order";
        if (fact != NULL)
            return status_fail(STATUS_CORRUPT, "%s: value %llu, %llu, %s", check->name,
                               (unsigned long long)(first_value + v), (unsigned long long)value,
                               fact);
    }
    return STATUS_OK;
}

/* The ends of an offsets dataset, which no block sees alone. */
static enum status check_ends(const struct verification *self, const struct dataset_check *check)
{
    uint64_t first = 0, last = 0;
    enum status outcome = store_reader_numbers(&first, self->store, check->name, 0, 1, 1);
    if (outcome == STATUS_OK)
        outcome = store_reader_numbers(&last, self->store, check->name, check->rows - 1, 1, 1);
    if (outcome == STATUS_OK && (first != 0 || last != check->limit))
        outcome = status_fail(STATUS_CORRUPT, "%s: %s runs from %llu to %llu, not from 0 to %llu",
                              self->path, check->name, (unsigned long long)first,
                              (unsigned long long)last, (unsigned long long)check->limit);
    return outcome;
}

static enum status read_numbers(struct digest *digest, const struct verification *self,
                                const struct dataset_check *check, uint64_t first, uint64_t count,
                                size_t width)
{
    /* One row more to the left, so that the order is checked across blocks too. */
    const uint64_t from = check->rule == RULE_OFFSETS && first > 0 ? first - 1 : first;
    const size_t rows = (size_t)(first + count - from);
    uint64_t *values = malloc(rows * width * sizeof *values);
    if (values == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", check->name);
    enum status outcome = store_reader_numbers(values, self->store, check->name, from, rows, width);
    if (outcome == STATUS_OK) {
        digest_add(digest, values + (first - from) * width, count * width * sizeof *values);
        outcome = check_numbers(check, values, rows * width, from * width);
    }
    free(values);
    return outcome;
}

static enum status read_halves(struct digest *digest, const struct verification *self,
                               const struct dataset_check *check, uint64_t first, uint64_t count,
                               size_t width)
{
    uint16_t *values = malloc((size_t)count * width * sizeof *values);
    if (values == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", check->name);
    const enum status outcome =
        store_reader_halves(values, self->store, check->name, first, count, width);
    if (outcome == STATUS_OK)
        digest_add(digest, values, (size_t)count * width * sizeof *values);
    free(values);
    return outcome;
}

static enum status read_floats(struct digest *digest, const struct verification *self,
                               const struct dataset_check *check, uint64_t first, uint64_t count,
                               size_t width)
{
    const size_t value_count = (size_t)count * width;
    float *values = malloc(value_count * sizeof *values);
    if (values == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", check->name);
    enum status outcome =
        store_reader_floats(values, self->store, check->name, first, count, width);
    if (outcome == STATUS_OK)
        digest_add(digest, values, value_count * sizeof *values);
    for (size_t v = 0; v < value_count && outcome == STATUS_OK; v++)
        if (!isfinite(values[v]))
            outcome = status_fail(STATUS_CORRUPT, "%s: row %llu is not finite", check->name,
                                  (unsigned long long)(first + v / width));
    free(values);
    return outcome;
}

static enum status read_texts(struct digest *digest, const struct verification *self,
                              const struct dataset_check *check, uint64_t first, uint64_t count)
{
    size_t text_bytes = 0;
    enum status outcome = store_reader_text_bytes(&text_bytes, self->store, check->name);
    if (outcome != STATUS_OK)
        return outcome;
    char *texts = calloc((size_t)count, text_bytes);
    if (texts == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", check->name);
    outcome = store_reader_texts(texts, text_bytes, self->store, check->name, first, count);
    for (size_t t = 0; t < count && outcome == STATUS_OK; t++)
        digest_add_text(digest, texts + t * text_bytes);
    free(texts);
    return outcome;
}

static enum status read_block(int64_t words[2], const struct verification *self,
                              const struct dataset_check *check, uint64_t first, uint64_t count,
                              size_t width)
{
    struct digest *digest = digest_begin();
    enum status outcome = STATUS_OK;
    if (digest == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", check->name);
    if (check->kind == KIND_TEXT)
        outcome = read_texts(digest, self, check, first, count);
    else if (check->kind == KIND_FLOAT)
        outcome = read_floats(digest, self, check, first, count, width);
    else if (check->kind == KIND_HALF)
        outcome = read_halves(digest, self, check, first, count, width);
    else
        outcome = read_numbers(digest, self, check, first, count, width);
    char text[DIGEST_TEXT_BYTES];
    digest_end(text, digest);
    digest_words(words, text);
    return outcome;
}

/* All blocks of a dataset, each on one rank; their digests meet in the order of rows. */
static enum status check_blocks(struct verification *self, const struct dataset_check *check,
                                size_t width)
{
    size_t row_bytes = width * sizeof(uint64_t);
    if (check->kind == KIND_TEXT && store_reader_text_bytes(&row_bytes, self->store, check->name))
        row_bytes = 1;
    const uint64_t block_rows = row_bytes < BLOCK_BYTES ? BLOCK_BYTES / row_bytes : 1;
    const size_t block_count = (size_t)((check->rows + block_rows - 1) / block_rows);
    int64_t *words = calloc(2 * block_count + 1, sizeof *words);
    enum status outcome = STATUS_OK;
    if (words == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", check->name);
    outcome = team_agree(self->team, "prepare blocks", outcome);
    for (size_t b = (size_t)self->team->rank; outcome == STATUS_OK && b < block_count;
         b += (size_t)self->team->size) {
        const uint64_t first = b * block_rows;
        const uint64_t left = check->rows - first;
        outcome = stop_check();
        if (outcome == STATUS_OK &&
            read_block(words + 2 * b, self, check, first, left < block_rows ? left : block_rows,
                       width) != STATUS_OK)
            tell(self);
    }
    outcome = team_agree(self->team, "check blocks", outcome);
    if (outcome == STATUS_OK) {
        team_sum(self->team, words, 2 * block_count);
        digest_add_text(self->digest, check->name);
        digest_add_number(self->digest, width);
        digest_add(self->digest, words, 2 * block_count * sizeof *words);
    }
    free(words);
    return outcome;
}

static enum status check_dataset(struct verification *self, const struct dataset_check *check)
{
    uint64_t rows = 0;
    size_t width = 0;
    enum status outcome = store_reader_extent(&rows, &width, self->store, check->name);
    if (outcome == STATUS_OK && rows != check->rows)
        outcome =
            status_fail(STATUS_CORRUPT, "%s: %s has %llu rows, expected %llu", self->path,
                        check->name, (unsigned long long)rows, (unsigned long long)check->rows);
    if (outcome == STATUS_OK && check->rule == RULE_OFFSETS)
        outcome = check_ends(self, check);
    if (outcome != STATUS_OK) { /* every rank sees the same: rank 0 counts it */
        if (self->team->rank == 0)
            tell(self);
        return STATUS_OK;
    }
    return check_blocks(self, check, width);
}

/* Row counts that other datasets are held against; what is missing counts as 0 rows and is told
 * when its turn comes. */
static uint64_t rows_of(const struct verification *self, const char *name)
{
    uint64_t rows = 0;
    size_t width = 0;
    return store_reader_extent(&rows, &width, self->store, name) == STATUS_OK ? rows : 0;
}

static uint64_t codebook_of(const struct verification *self, const char *name)
{
    uint64_t codebook = 0;
    return store_reader_note_number(&codebook, self->store, name, "codebook") == STATUS_OK
               ? codebook
               : 0;
}

static size_t list_checks(struct dataset_check checks[CHECKS_MAX], const struct verification *self)
{
    const uint64_t captions = rows_of(self, "/captions/id"), images = rows_of(self, "/images/id");
    const uint64_t units = rows_of(self, "/speech/units");
    const uint64_t frames = rows_of(self, "/speech/features");
    const uint64_t rejects = rows_of(self, "/rejects/id");
    const struct dataset_check all[] = {
        { "/captions/id", KIND_TEXT, RULE_ANY, captions, 0 },
        { "/captions/text", KIND_TEXT, RULE_ANY, captions, 0 },
        { "/captions/language", KIND_TEXT, RULE_ANY, captions, 0 },
        { "/captions/voice", KIND_TEXT, RULE_ANY, captions, 0 },
        { "/captions/image", KIND_NUMBER, RULE_BELOW, captions, images },
        { "/captions/split", KIND_TEXT, RULE_ANY, captions, 0 },
        { "/speech/sample_count", KIND_NUMBER, RULE_POSITIVE, captions, 0 },
        { "/speech/offsets", KIND_NUMBER, RULE_OFFSETS, captions + 1, units },
        { "/speech/units", KIND_NUMBER, RULE_BELOW, units, codebook_of(self, "/speech/units") },
        { "/speech/durations", KIND_NUMBER, RULE_POSITIVE, units, 0 },
        { "/images/id", KIND_TEXT, RULE_ANY, images, 0 },
        { "/images/width", KIND_NUMBER, RULE_POSITIVE, images, 0 },
        { "/images/height", KIND_NUMBER, RULE_POSITIVE, images, 0 },
        { "/images/source_bytes", KIND_NUMBER, RULE_POSITIVE, images, 0 },
        { "/images/units", KIND_NUMBER, RULE_BELOW, images, codebook_of(self, "/images/units") },
        { "/rejects/stage", KIND_TEXT, RULE_ANY, rejects, 0 },
        { "/rejects/record", KIND_NUMBER, RULE_ANY, rejects, 0 },
        { "/rejects/id", KIND_TEXT, RULE_ANY, rejects, 0 },
        { "/rejects/reason", KIND_TEXT, RULE_ANY, rejects, 0 },
    };
    size_t count = sizeof all / sizeof all[0];
    memcpy(checks, all, sizeof all);
    if (store_reader_has(self->store, "/speech/features")) {
        checks[count++] = (struct dataset_check){ "/speech/feature_offsets", KIND_NUMBER,
                                                  RULE_OFFSETS, captions + 1, frames };
        checks[count++] =
            (struct dataset_check){ "/speech/features", KIND_HALF, RULE_ANY, frames, 0 };
    }
    if (store_reader_has(self->store, "/images/duplicates/id") ||
        store_reader_has(self->store, "/images/duplicates/row")) {
        const uint64_t duplicates = rows_of(self, "/images/duplicates/id");
        checks[count++] =
            (struct dataset_check){ "/images/duplicates/id", KIND_TEXT, RULE_ANY, duplicates, 0 };
        checks[count++] = (struct dataset_check){ "/images/duplicates/row", KIND_NUMBER, RULE_BELOW,
                                                  duplicates, images };
    }
    if (store_reader_has(self->store, "/images/embedding"))
        checks[count++] =
            (struct dataset_check){ "/images/embedding", KIND_FLOAT, RULE_ANY, images, 0 };
    return count;
}

static enum status check_content(struct problems *problems, char digest[DIGEST_TEXT_BYTES],
                                 const struct team *team, const char *path)
{
    struct verification self = { .team = team, .path = path, .problems = problems };
    struct dataset_check checks[CHECKS_MAX];
    enum status outcome = store_reader_open(&self.store, path);
    if (outcome == STATUS_OK && (self.digest = digest_begin()) == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    outcome = team_agree(team, "open store", outcome);
    if (outcome == STATUS_OK) {
        const size_t count = list_checks(checks, &self);
        for (size_t c = 0; c < count && outcome == STATUS_OK; c++)
            outcome = check_dataset(&self, &checks[c]);
    }
    digest_end(digest, self.digest);
    store_reader_close(self.store);
    return outcome;
}

/* On rank 0: what is broken in a store whose seal is. HDF5 does not survive every damage, so a copy
 * of this process looks, alone, and tells. */
static void look_closer(struct problems *problems, const char *path)
{
    const pid_t copy = fork();
    if (copy == 0) {
        const struct team alone = { .comm = MPI_COMM_SELF, .rank = 0, .size = 1 };
        char digest[DIGEST_TEXT_BYTES];
        struct problems found = { 0 };
        alarm(DAMAGED_SECONDS_MAX);
        check_content(&found, digest, &alone, path);
        _exit(found.count < 255 ? (int)found.count : 255);
    }
    int how = 0;
    if (copy > 0 && waitpid(copy, &how, 0) == copy && WIFEXITED(how))
        problems->count += (size_t)WEXITSTATUS(how);
}

/* On rank 0, after the seal was found broken: what is, or that it is another file of a run. */
static void tell_broken(struct problems *problems, const char *path)
{
    char text[STATUS_TEXT_BYTES];
    snprintf(text, sizeof text, "%s", status_text());
    const bool is_another = seal_matches_file(path);
    if (is_another)
        status_fail(STATUS_CORRUPT, "%.300s: no store, but another whole file of a run", path);
    else
        status_fail(STATUS_CORRUPT, "%s", text);
    problems_tell(problems);
    if (!is_another)
        look_closer(problems, path);
}

enum status verify_store(struct problems *problems, char digest[DIGEST_TEXT_BYTES],
                         const struct team *team, const char *path)
{
    digest[0] = '\0';
    const enum status outcome = seal_check_store(team, path);
    if (outcome == STATUS_OK)
        return check_content(problems, digest, team, path);
    if (outcome != STATUS_CORRUPT)
        return outcome;
    if (team->rank == 0)
        tell_broken(problems, path);
    return STATUS_OK;
}
