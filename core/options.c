#include "core/options.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct option *find(const struct option *options, size_t count, const char *name,
                                 size_t name_length)
{
    for (size_t o = 0; o < count; o++)
        if (strlen(options[o].name) == name_length &&
            memcmp(options[o].name, name, name_length) == 0)
            return &options[o];
    return NULL;
}

static enum status read_count(size_t *value, const char *name, const char *text)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number > SIZE_MAX)
        return status_fail(STATUS_INVALID, "--%s %s: not a whole number", name, text);
    *value = (size_t)number;
    return STATUS_OK;
}

static enum status read_number(double *value, const char *name, const char *text)
{
    char *end = NULL;
    const double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number))
        return status_fail(STATUS_INVALID, "--%s %s: not a number", name, text);
    *value = number;
    return STATUS_OK;
}

static enum status set(const struct option *option, const char *text)
{
    struct option_texts *texts;
    switch (option->kind) {
    case OPTION_SWITCH:
        *(bool *)option->value = true;
        return STATUS_OK;
    case OPTION_TEXT:
        *(const char **)option->value = text;
        return STATUS_OK;
    case OPTION_COUNT:
        return read_count(option->value, option->name, text);
    case OPTION_NUMBER:
        return read_number(option->value, option->name, text);
    case OPTION_TEXTS:
        texts = option->value;
        if (texts->count == OPTION_TEXTS_MAX)
            return status_fail(STATUS_INVALID, "--%s: given more than %d times", option->name,
                               OPTION_TEXTS_MAX);
        texts->items[texts->count++] = text;
        return STATUS_OK;
    }
    return STATUS_OK;
}

/* Reads the option at argv[*at] and moves `*at` past its value. */
static enum status read_one(const struct option *options, size_t count, int argc, char **argv,
                            int *at)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    const size_t length = equals == NULL ? strlen(name) : (size_t)(equals - name);
    const struct option *option = find(options, count, name, length);
    if (option == NULL)
        return status_fail(STATUS_INVALID, "unknown option %s", argv[*at]);
    if (option->kind == OPTION_SWITCH && equals != NULL)
        return status_fail(STATUS_INVALID, "--%s takes no value", option->name);
    if (option->kind == OPTION_SWITCH)
        return set(option, NULL);
    if (equals != NULL)
        return set(option, equals + 1);
    if (*at + 1 >= argc)
        return status_fail(STATUS_INVALID, "--%s needs a value (%s)", option->name,
                           option->argument);
    return set(option, argv[++*at]);
}

enum status options_read(const struct option *options, size_t count, int argc, char **argv,
                         struct option_operands *operands)
{
    bool is_past_options = false;
    for (int at = 1; at < argc; at++) {
        const char *word = argv[at];
        if (!is_past_options && strcmp(word, "--") == 0)
            is_past_options = true;
        else if (!is_past_options && strncmp(word, "--", 2) == 0) {
            const enum status outcome = read_one(options, count, argc, argv, &at);
            if (outcome != STATUS_OK)
                return outcome;
        } else if (!is_past_options && word[0] == '-' && word[1] != '\0')
            return status_fail(STATUS_INVALID, "unknown option %s", word);
        else
            operands->items[operands->count++] = word;
    }
    return STATUS_OK;
}

void options_write_help(FILE *stream, const struct option *options, size_t count)
{
    for (size_t o = 0; o < count; o++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", options[o].name,
                 options[o].argument == NULL ? "" : " ",
                 options[o].argument == NULL ? "" : options[o].argument);
        fprintf(stream, "  %-26s %s\n", left, options[o].help);
    }
}
