/** The plan's table of keys, shared by core/plan.c (values), core/plan_key.c (a key's text) and
 * core/plan_file.c (YAML). */
#ifndef CORE_PLAN_TABLE_H
#define CORE_PLAN_TABLE_H

#include "core/file.h"
#include "core/plan.h"

enum plan_kind {
    PLAN_TEXT,
    PLAN_PATH,
    PLAN_COUNT,
    PLAN_NUMBER,
    PLAN_SWITCH,
    PLAN_CHOICE,
    PLAN_TEXTS
};

/* A longer text could be given by --set but not read back from the frozen plan. */
enum { PLAN_TEXT_BYTES_MAX = PATH_BYTES - 1 };

enum plan_flag {
    PLAN_REQUIRED = 1, /* must be given */
    PLAN_FREE = 2,     /* does not change the content, so a run may go on with another value */
    PLAN_TRAINED = 4   /* does not change the store, but training goes on with this value alone */
};

struct plan_key {
    const char *section; /* "" at the top */
    const char *name;
    enum plan_kind kind;
    unsigned flags;
    size_t offset;           /* of the member in struct plan */
    double minimum, maximum; /* numbers and counts */
    const char *fallback;    /* as text, read like a value; NULL: none */
    const char *choices;     /* PLAN_CHOICE: "a|b|c"; PLAN_PATH: words that are no path; PLAN_COUNT:
                                one word, kept as maximum + 1; else NULL */
    const char *help;
};

/** The keys, those of a section side by side, sections in the order of struct plan. */
extern const struct plan_key plan_keys[];
extern const size_t plan_key_count;

/** The key called "section.name" or "name", or NULL. */
const struct plan_key *plan_key_find(const char *dotted);

/** Writes "section.name" or "name". */
void plan_key_write(char *out, size_t out_bytes, const struct plan_key *key);

/** Reads one scalar into its member. `folder` is what a relative path starts from.
 * Errors: STATUS_INVALID with "key: what is wrong". */
enum status plan_key_set(struct plan *plan, const struct plan_key *key, const char *text,
                         const char *folder);

/** STATUS_INVALID, naming the key, where a plan file could not hold `text`: it is not UTF-8, or too
 * long. */
enum status plan_key_check_text(const struct plan_key *key, const char *text);

/** Replaces a PLAN_TEXTS member. Errors: STATUS_INVALID, as above; STATUS_NO_MEMORY. */
enum status plan_key_set_texts(struct plan *plan, const struct plan_key *key, char *const *items,
                               size_t count);

/** Reads the YAML file into `plan`, on top of what is there. Defined in core/plan_file.c. */
enum status plan_file_read(struct plan *plan, const char *path, const char *folder);

#endif
