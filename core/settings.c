#include "core/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum setting_kind { SETTING_NUMBER, SETTING_SWITCH, SETTING_TEXT };

struct setting {
    char *key;  /* owned */
    char *text; /* owned; NULL unless SETTING_TEXT */
    double number;
    enum setting_kind kind;
};

struct settings {
    char *source; /* owned */
    struct setting *entries;
    size_t count, capacity;
};

struct settings *settings_create(const char *source)
{
    struct settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL)
        return NULL;
    settings->source = strdup(source);
    if (settings->source == NULL) {
        free(settings);
        return NULL;
    }
    return settings;
}

void settings_destroy(struct settings *settings)
{
    if (settings == NULL)
        return;
    for (size_t s = 0; s < settings->count; s++) {
        free(settings->entries[s].key);
        free(settings->entries[s].text);
    }
    free(settings->entries);
    free(settings->source);
    free(settings);
}

const char *settings_source(const struct settings *settings)
{
    return settings->source;
}

static struct setting *find(const struct settings *settings, const char *key)
{
    if (settings == NULL)
        return NULL;
    for (size_t s = 0; s < settings->count; s++)
        if (strcmp(settings->entries[s].key, key) == 0)
            return &settings->entries[s];
    return NULL;
}

static struct setting *find_or_add(struct settings *settings, const char *key)
{
    struct setting *entry = find(settings, key);
    if (entry != NULL)
        return entry;
    if (settings->count == settings->capacity) {
        const size_t capacity = settings->capacity * 2 + 16;
        struct setting *grown = realloc(settings->entries, capacity * sizeof *grown);
        if (grown == NULL)
            return NULL;
        settings->entries = grown;
        settings->capacity = capacity;
    }
    char *copy = strdup(key);
    if (copy == NULL)
        return NULL;
    entry = &settings->entries[settings->count++];
    *entry = (struct setting){ .key = copy };
    return entry;
}

static enum status put(struct settings *settings, const char *key, struct setting value)
{
    struct setting *entry = find_or_add(settings, key);
    if (entry == NULL) {
        free(value.text);
        return status_fail(STATUS_NO_MEMORY, "%s: setting %s", settings->source, key);
    }
    free(entry->text);
    value.key = entry->key;
    *entry = value;
    return STATUS_OK;
}

enum status settings_put_number(struct settings *settings, const char *key, double value)
{
    return put(settings, key, (struct setting){ .kind = SETTING_NUMBER, .number = value });
}

enum status settings_put_switch(struct settings *settings, const char *key, bool value)
{
    return put(settings, key, (struct setting){ .kind = SETTING_SWITCH, .number = value });
}

enum status settings_put_text(struct settings *settings, const char *key, const char *value)
{
    char *copy = strdup(value);
    if (copy == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: setting %s", settings->source, key);
    return put(settings, key, (struct setting){ .kind = SETTING_TEXT, .text = copy });
}

enum status settings_put_all(struct settings *settings, const struct settings *from)
{
    enum status outcome = STATUS_OK;
    for (size_t s = 0; from != NULL && s < from->count && outcome == STATUS_OK; s++) {
        const struct setting *entry = &from->entries[s];
        outcome = entry->kind == SETTING_TEXT ? settings_put_text(settings, entry->key, entry->text)
                  : entry->kind == SETTING_SWITCH
                      ? settings_put_switch(settings, entry->key, entry->number != 0.0)
                      : settings_put_number(settings, entry->key, entry->number);
    }
    return outcome;
}

double settings_number(const struct settings *settings, const char *key, double fallback)
{
    const struct setting *entry = find(settings, key);
    return entry != NULL && entry->kind == SETTING_NUMBER ? entry->number : fallback;
}

bool settings_switch(const struct settings *settings, const char *key, bool fallback)
{
    const struct setting *entry = find(settings, key);
    return entry != NULL && entry->kind == SETTING_SWITCH ? entry->number != 0.0 : fallback;
}

const char *settings_text(const struct settings *settings, const char *key, const char *fallback)
{
    const struct setting *entry = find(settings, key);
    return entry != NULL && entry->kind == SETTING_TEXT ? entry->text : fallback;
}

bool settings_has(const struct settings *settings, const char *key)
{
    return find(settings, key) != NULL;
}

size_t settings_count(const struct settings *settings)
{
    return settings == NULL ? 0 : settings->count;
}

const char *settings_key(const struct settings *settings, size_t index)
{
    return settings->entries[index].key;
}

enum status settings_read_count(size_t *value, const struct settings *settings, const char *key,
                                size_t minimum, size_t maximum)
{
    const struct setting *entry = find(settings, key);
    if (entry == NULL)
        return STATUS_OK;
    if (entry->kind != SETTING_NUMBER || entry->number != floor(entry->number) ||
        entry->number < (double)minimum || entry->number > (double)maximum)
        return status_fail(STATUS_INVALID, "%s: %s is not a whole number in %zu .. %zu",
                           settings->source, key, minimum, maximum);
    *value = (size_t)entry->number;
    return STATUS_OK;
}
