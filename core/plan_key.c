#include "core/plan_table.h"

#include "core/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void plan_key_write(char *out, size_t out_bytes, const struct plan_key *key)
{
    snprintf(out, out_bytes, "%s%s%s", key->section, key->section[0] == '\0' ? "" : ".", key->name);
}

const struct plan_key *plan_key_find(const char *dotted)
{
    for (size_t k = 0; k < plan_key_count; k++) {
        char name[96];
        plan_key_write(name, sizeof name, &plan_keys[k]);
        if (strcmp(name, dotted) == 0)
            return &plan_keys[k];
    }
    return NULL;
}

static enum status fail_for(const struct plan_key *key, const char *text, const char *expected)
{
    char name[96];
    plan_key_write(name, sizeof name, key);
    return status_fail(STATUS_INVALID, "%s: \"%.100s\" is not %s", name, text, expected);
}

static enum status read_number(double *number, const struct plan_key *key, const char *text)
{
    char *end = NULL, range[96];
    const bool is_count = key->kind == PLAN_COUNT;
    *number = strtod(text, &end);
    const bool is_in_range = *number >= key->minimum && *number <= key->maximum;
    if (end != text && *end == '\0' && is_in_range && (!is_count || *number == floor(*number)))
        return STATUS_OK;
    snprintf(range, sizeof range, "%s%sa %s in %.15g .. %.15g",
             key->choices == NULL ? "" : key->choices, key->choices == NULL ? "" : " or ",
             is_count ? "whole number" : "number", key->minimum, key->maximum);
    return fail_for(key, text, range);
}

static bool is_among(const char *choices, const char *text)
{
    const size_t length = strlen(text);
    for (const char *at = choices;; at++) {
        const size_t choice_length = strcspn(at, "|");
        if (choice_length == length && memcmp(at, text, length) == 0)
            return true;
        at += choice_length;
        if (*at == '\0')
            return false;
    }
}

enum status plan_key_check_text(const struct plan_key *key, const char *text)
{
    const size_t bytes = strlen(text);
    if (!utf8_is_valid(text, bytes))
        return fail_for(key, text, "UTF-8");
    if (bytes > PLAN_TEXT_BYTES_MAX)
        return fail_for(key, text, "of a length that a plan can hold");
    return STATUS_OK;
}

/* "a,b,c" into a fresh list; "" is the empty one. */
static enum status set_texts_from_list(struct plan *plan, const struct plan_key *key,
                                       const char *text)
{
    char *items[OPTION_TEXTS_MAX], *copy = strdup(text), *rest = copy, *item;
    size_t count = 0;
    if (copy == NULL)
        return status_fail(STATUS_NO_MEMORY, "plan: %s", key->name);
    while (text[0] != '\0' && count < OPTION_TEXTS_MAX && (item = strsep(&rest, ",")) != NULL)
        items[count++] = item;
    const enum status outcome = count == OPTION_TEXTS_MAX && rest != NULL
                                    ? fail_for(key, text, "a list of at most 64 values")
                                    : plan_key_set_texts(plan, key, items, count);
    free(copy);
    return outcome;
}

static enum status set_text(char **member, const struct plan_key *key, const char *text)
{
    const enum status outcome = plan_key_check_text(key, text);
    return outcome == STATUS_OK ? plan_set_text(member, text) : outcome;
}

static enum status set_path(char **member, const struct plan_key *key, const char *text,
                            const char *folder)
{
    char joined[PATH_BYTES];
    const enum status outcome = path_join(joined, folder, text);
    return outcome == STATUS_OK ? set_text(member, key, joined) : outcome;
}

enum status plan_key_set(struct plan *plan, const struct plan_key *key, const char *text,
                         const char *folder)
{
    void *member = (char *)plan + key->offset;
    double number = 0.0;
    enum status outcome = STATUS_OK;
    switch (key->kind) {
    case PLAN_TEXT:
        return set_text(member, key, text);
    case PLAN_PATH:
        if (key->choices != NULL && is_among(key->choices, text))
            return plan_set_text(member, text);
        return text[0] == '\0' ? fail_for(key, text, "a path")
                               : set_path(member, key, text, folder);
    case PLAN_CHOICE:
        return is_among(key->choices, text) ? plan_set_text(member, text)
                                            : fail_for(key, text, key->choices);
    case PLAN_TEXTS:
        return set_texts_from_list(plan, key, text);
    case PLAN_COUNT:
        if (key->choices != NULL && is_among(key->choices, text)) {
            *(size_t *)member = (size_t)key->maximum + 1;
            return STATUS_OK;
        }
        outcome = read_number(&number, key, text);
        if (outcome == STATUS_OK)
            *(size_t *)member = (size_t)number;
        return outcome;
    case PLAN_NUMBER:
        outcome = read_number(&number, key, text);
        if (outcome == STATUS_OK)
            *(double *)member = number;
        return outcome;
    case PLAN_SWITCH:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return fail_for(key, text, "true or false");
        *(bool *)member = text[0] == 't';
        return STATUS_OK;
    }
    return STATUS_OK;
}
