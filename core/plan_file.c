/* The plan's YAML. libcyaml reads the structure against a schema made from the table of keys; a
 * scalar then goes through the same reader as --set. libcyaml (1.3) names the line of the value
 * before an unknown key, so an index of keys and their lines is taken first, with the parser that
 * libcyaml itself is built on. */
#include "core/file.h"
#include "core/plan_table.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { PLAN_FILE_BYTES_MAX = 1 << 20, TEXT_CHARACTERS_MAX = 4000, SECTIONS_MAX = 16 };

/* What libcyaml fills, one for each key of the table, in its order. */
struct raw_value {
    char *scalar;
    char **items;
    uint32_t item_count;
};

/* The schema of a plan: fields[k] describes key k within its section; `top` lists the keys at the
 * top and the sections. Each list ends with a field without a key. */
struct schema {
    cyaml_schema_field_t *fields, top[64];
    cyaml_schema_value_t root;
};

static const cyaml_schema_value_t text_schema = {
    .type = CYAML_STRING,
    .flags = CYAML_FLAG_POINTER,
    .data_size = sizeof(char),
    .string = { .min = 0, .max = TEXT_CHARACTERS_MAX },
};

static cyaml_schema_field_t describe_key(const struct plan_key *key, size_t index_in_section)
{
    const size_t base = index_in_section * sizeof(struct raw_value);
    if (key->kind != PLAN_TEXTS)
        return (cyaml_schema_field_t){
            .key = key->name,
            .data_offset = (uint32_t)(base + offsetof(struct raw_value, scalar)),
            .value = { .type = CYAML_STRING,
                       .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                       .data_size = sizeof(char),
                       .string = { .min = 0, .max = TEXT_CHARACTERS_MAX } },
        };
    return (cyaml_schema_field_t){
        .key = key->name,
        .data_offset = (uint32_t)(base + offsetof(struct raw_value, items)),
        .count_offset = (uint32_t)(base + offsetof(struct raw_value, item_count)),
        .count_size = sizeof(uint32_t),
        .value = { .type = CYAML_SEQUENCE,
                   .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                   .data_size = sizeof(char *),
                   .sequence = { .entry = &text_schema, .min = 0, .max = OPTION_TEXTS_MAX } },
    };
}

static size_t section_length(size_t first)
{
    size_t length = 0;
    while (first + length < plan_key_count &&
           strcmp(plan_keys[first + length].section, plan_keys[first].section) == 0)
        length++;
    return length;
}

/* Builds `schema`; `schema->fields` has an end mark after each section. */
static enum status describe_plan(struct schema *schema)
{
    *schema = (struct schema){ 0 };
    schema->fields = calloc(plan_key_count + SECTIONS_MAX, sizeof *schema->fields);
    if (schema->fields == NULL)
        return status_fail(STATUS_NO_MEMORY, "plan schema");
    size_t top = 0, at = 0;
    for (size_t first = 0; first < plan_key_count; first += section_length(first)) {
        const size_t length = section_length(first);
        if (plan_keys[first].section[0] == '\0') {
            for (size_t k = 0; k < length; k++)
                schema->top[top++] = describe_key(&plan_keys[first + k], first + k);
            continue;
        }
        schema->top[top++] = (cyaml_schema_field_t){
            .key = plan_keys[first].section,
            .data_offset = (uint32_t)(first * sizeof(struct raw_value)),
            .value = { .type = CYAML_MAPPING,
                       .flags = CYAML_FLAG_OPTIONAL,
                       .data_size = (uint32_t)(length * sizeof(struct raw_value)),
                       .mapping = { .fields = &schema->fields[at] } },
        };
        for (size_t k = 0; k < length; k++)
            schema->fields[at++] = describe_key(&plan_keys[first + k], k);
        at++;
    }
    schema->root = (cyaml_schema_value_t){
        .type = CYAML_MAPPING,
        .flags = CYAML_FLAG_POINTER,
        .data_size = (uint32_t)(plan_key_count * sizeof(struct raw_value)),
        .mapping = { .fields = schema->top },
    };
    return STATUS_OK;
}

/* Line of each key of the table in the file; 0 where it is absent. */
struct key_lines {
    const char *path;
    size_t *lines; /* [plan_key_count] */
    enum status outcome;
};

static void note_key(struct key_lines *index, const char *section, const yaml_node_t *node)
{
    char dotted[192];
    const size_t line = node->start_mark.line + 1;
    const char *name = (const char *)node->data.scalar.value;
    snprintf(dotted, sizeof dotted, "%s%s%.90s", section, section[0] == '\0' ? "" : ".", name);
    const struct plan_key *key = plan_key_find(dotted);
    if (key == NULL)
        index->outcome = status_fail(STATUS_INVALID, "%s:%zu: %s: no such key in a plan",
                                     index->path, line, dotted);
    else if (index->lines[key - plan_keys] != 0)
        index->outcome = status_fail(STATUS_INVALID, "%s:%zu: %s: given before, in line %zu",
                                     index->path, line, dotted, index->lines[key - plan_keys]);
    else
        index->lines[key - plan_keys] = line;
}

static bool is_section(const char *name)
{
    for (size_t k = 0; k < plan_key_count; k++)
        if (strcmp(plan_keys[k].section, name) == 0 && name[0] != '\0')
            return true;
    return false;
}

static void note_mapping(struct key_lines *index, yaml_document_t *document, yaml_node_t *mapping,
                         const char *section)
{
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top && index->outcome == STATUS_OK; pair++) {
        yaml_node_t *key = yaml_document_get_node(document, pair->key);
        yaml_node_t *value = yaml_document_get_node(document, pair->value);
        if (key->type != YAML_SCALAR_NODE)
            index->outcome = status_fail(STATUS_INVALID, "%s:%zu: a key that is no plain text",
                                         index->path, key->start_mark.line + 1);
        else if (section[0] == '\0' && is_section((const char *)key->data.scalar.value)) {
            if (value->type == YAML_MAPPING_NODE)
                note_mapping(index, document, value, (const char *)key->data.scalar.value);
        } else
            note_key(index, section, key);
    }
}

static enum status index_keys(struct key_lines *index, const uint8_t *bytes, size_t byte_count)
{
    yaml_parser_t parser;
    yaml_document_t document;
    if (!yaml_parser_initialize(&parser))
        return status_fail(STATUS_NO_MEMORY, "%s: parser", index->path);
    yaml_parser_set_input_string(&parser, bytes, byte_count);
    if (!yaml_parser_load(&parser, &document)) {
        index->outcome = status_fail(STATUS_INVALID, "%s:%zu: not YAML: %s", index->path,
                                     parser.problem_mark.line + 1,
                                     parser.problem == NULL ? "broken" : parser.problem);
    } else {
        yaml_node_t *root = yaml_document_get_root_node(&document);
        if (root == NULL || root->type != YAML_MAPPING_NODE)
            index->outcome =
                status_fail(STATUS_INVALID, "%s:1: a plan is a mapping of keys", index->path);
        else
            note_mapping(index, &document, root, "");
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return index->outcome;
}

/* libcyaml explains a failure in several log lines: what, then where, innermost first. */
struct explanation {
    char what[160], where[160];
};

static void take_explanation(cyaml_log_t level, void *context, const char *format,
                             va_list arguments)
{
    struct explanation *explanation = context;
    char line[160];
    vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n")] = '\0';
    if (level < CYAML_LOG_ERROR || strstr(line, "Backtrace") != NULL)
        return;
    if (strncmp(line, "Load: ", 6) == 0 && explanation->what[0] == '\0')
        snprintf(explanation->what, sizeof explanation->what, "%s", line + 6);
    else if (strncmp(line, "  in ", 5) == 0 && explanation->where[0] == '\0')
        snprintf(explanation->where, sizeof explanation->where, "%s", line + 5);
}

static enum status fail_structure(const char *path, const struct explanation *explanation)
{
    size_t line = 0;
    char key[80] = "plan";
    const char *number = strstr(explanation->where, "(line: ");
    const char *quote = strchr(explanation->where, '\'');
    if (number != NULL)
        line = strtoul(number + 7, NULL, 10);
    if (quote != NULL)
        snprintf(key, sizeof key, "%.*s", (int)strcspn(quote + 1, "'"), quote + 1);
    return status_fail(STATUS_INVALID, "%s:%zu: %s: %s", path, line, key, explanation->what);
}

static enum status take_values(struct plan *plan, const struct raw_value *values,
                               const struct key_lines *index, const char *folder)
{
    enum status outcome = STATUS_OK;
    for (size_t k = 0; k < plan_key_count && outcome == STATUS_OK; k++) {
        if (values[k].scalar != NULL)
            outcome = plan_key_set(plan, &plan_keys[k], values[k].scalar, folder);
        else if (values[k].items != NULL)
            outcome =
                plan_key_set_texts(plan, &plan_keys[k], values[k].items, values[k].item_count);
        if (outcome != STATUS_OK)
            outcome =
                status_fail(outcome, "%s:%zu: %s", index->path, index->lines[k], status_text());
    }
    return outcome;
}

static enum status load(struct plan *plan, const struct key_lines *index, const uint8_t *bytes,
                        size_t byte_count, const char *folder)
{
    struct schema schema;
    struct explanation explanation = { 0 };
    const cyaml_config_t config = {
        .log_fn = take_explanation,
        .log_ctx = &explanation,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_WARNING,
    };
    cyaml_data_t *values = NULL;
    enum status outcome = describe_plan(&schema);
    if (outcome != STATUS_OK)
        return outcome;
    if (cyaml_load_data(bytes, byte_count, &config, &schema.root, &values, NULL) == CYAML_OK)
        outcome = take_values(plan, (const struct raw_value *)values, index, folder);
    else
        outcome = fail_structure(index->path, &explanation);
    cyaml_free(&config, &schema.root, values, 0);
    free(schema.fields);
    return outcome;
}

enum status plan_file_read(struct plan *plan, const char *path, const char *folder)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    enum status outcome = file_read(&bytes, &byte_count, path, PLAN_FILE_BYTES_MAX);
    if (outcome != STATUS_OK)
        return outcome;
    struct key_lines index = { .path = path, .lines = calloc(plan_key_count, sizeof(size_t)) };
    if (index.lines == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: lines", path);
    else
        outcome = index_keys(&index, bytes, byte_count);
    if (outcome == STATUS_OK)
        outcome = load(plan, &index, bytes, byte_count, folder);
    free(index.lines);
    free(bytes);
    return outcome;
}
