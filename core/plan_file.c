/* The plan's YAML. libcyaml reads the structure against a schema made from the table of keys; a
 * scalar then goes through the same reader as --set. libcyaml (1.3) names the line of the value
 * before an unknown key, and events instead of what a user wrote, so the structure is checked and
 * an index of keys and their lines taken first, with the parser that libcyaml itself is built on.
 */
#include "core/file.h"
#include "core/plan_table.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { PLAN_FILE_BYTES_MAX = 1 << 20, SECTIONS_MAX = 16 };

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
    .string = { .min = 0, .max = PLAN_TEXT_BYTES_MAX },
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
                       .string = { .min = 0, .max = PLAN_TEXT_BYTES_MAX } },
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
    size_t *lines;         /* [plan_key_count] */
    size_t *section_lines; /* [plan_key_count], at the first key of each section */
};

/* "file:line: name: what", for where `node` begins. */
static enum status fail_at(const struct key_lines *index, const yaml_node_t *node, const char *name,
                           const char *what)
{
    return status_fail(STATUS_INVALID, "%s:%zu: %.90s: %s", index->path, node->start_mark.line + 1,
                       name, what);
}

/* `place` is the node to name the line of. */
static enum status check_scalar(const struct key_lines *index, const yaml_node_t *place,
                                const yaml_node_t *value, const char *name)
{
    if (value->type != YAML_SCALAR_NODE)
        return fail_at(index, place, name, "expected a single value");
    if (strlen((const char *)value->data.scalar.value) != value->data.scalar.length)
        return fail_at(index, place, name, "holds a zero character");
    if (value->data.scalar.length > PLAN_TEXT_BYTES_MAX)
        return fail_at(index, place, name, "too long");
    return STATUS_OK;
}

static enum status check_list(const struct key_lines *index, yaml_document_t *document,
                              const yaml_node_t *place, const yaml_node_t *value, const char *name)
{
    if (value->type != YAML_SEQUENCE_NODE)
        return fail_at(index, place, name, "expected a list, as in [a, b]");
    const yaml_node_item_t *first = value->data.sequence.items.start;
    const yaml_node_item_t *end = value->data.sequence.items.top;
    if (end - first > OPTION_TEXTS_MAX)
        return fail_at(index, place, name, "too many values in the list");
    enum status outcome = STATUS_OK;
    for (const yaml_node_item_t *at = first; at < end && outcome == STATUS_OK; at++) {
        const yaml_node_t *item = yaml_document_get_node(document, *at);
        outcome = check_scalar(index, item, item, name);
    }
    return outcome;
}

/* Enters the line of a key or of a section into `*line`, once. */
static enum status note_line(size_t *line, const struct key_lines *index, const yaml_node_t *node,
                             const char *name)
{
    char before[64];
    snprintf(before, sizeof before, "given before, in line %zu", *line);
    if (*line != 0)
        return fail_at(index, node, name, before);
    *line = node->start_mark.line + 1;
    return STATUS_OK;
}

static enum status note_key(struct key_lines *index, yaml_document_t *document,
                            const yaml_node_t *name, const yaml_node_t *value, const char *section)
{
    char dotted[192];
    snprintf(dotted, sizeof dotted, "%s%s%.90s", section, section[0] == '\0' ? "" : ".",
             (const char *)name->data.scalar.value);
    const struct plan_key *key = plan_key_find(dotted);
    if (key == NULL || strcmp(key->section, section) != 0)
        return fail_at(index, name, dotted, "no such key in a plan");
    const enum status outcome = note_line(&index->lines[key - plan_keys], index, name, dotted);
    if (outcome != STATUS_OK)
        return outcome;
    return key->kind == PLAN_TEXTS ? check_list(index, document, name, value, dotted)
                                   : check_scalar(index, name, value, dotted);
}

/* The first key of the section called `name`; plan_key_count where there is none. */
static size_t find_section(const char *name)
{
    size_t k = 0;
    while (k < plan_key_count && (name[0] == '\0' || strcmp(plan_keys[k].section, name) != 0))
        k++;
    return k;
}

static enum status note_section(struct key_lines *index, yaml_document_t *document,
                                const yaml_node_t *mapping, const char *section);

static enum status note_pair(struct key_lines *index, yaml_document_t *document,
                             const yaml_node_pair_t *pair, const char *section)
{
    const yaml_node_t *name = yaml_document_get_node(document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(document, pair->value);
    if (name->type != YAML_SCALAR_NODE)
        return fail_at(index, name, section[0] == '\0' ? "plan" : section,
                       "a key that is no plain text");
    const char *text = (const char *)name->data.scalar.value;
    const size_t first = section[0] == '\0' ? find_section(text) : plan_key_count;
    if (first == plan_key_count)
        return note_key(index, document, name, value, section);
    if (value->type != YAML_MAPPING_NODE)
        return fail_at(index, name, text, "a section: expected keys below it");
    const enum status outcome = note_line(&index->section_lines[first], index, name, text);
    return outcome == STATUS_OK ? note_section(index, document, value, text) : outcome;
}

/* Notes the keys of a section, or those at the top ("") and with them all sections. */
static enum status note_section(struct key_lines *index, yaml_document_t *document,
                                const yaml_node_t *mapping, const char *section)
{
    enum status outcome = STATUS_OK;
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top && outcome == STATUS_OK; pair++)
        outcome = note_pair(index, document, pair, section);
    return outcome;
}

static enum status fail_syntax(const struct key_lines *index, const yaml_parser_t *parser)
{
    return status_fail(STATUS_INVALID, "%s:%zu: not YAML: %s", index->path,
                       parser->problem_mark.line + 1,
                       parser->problem == NULL ? "broken" : parser->problem);
}

static enum status note_document(struct key_lines *index, yaml_document_t *document)
{
    const yaml_node_t *root = yaml_document_get_root_node(document);
    if (root == NULL || root->type != YAML_MAPPING_NODE)
        return status_fail(STATUS_INVALID, "%s:1: a plan is a mapping of keys", index->path);
    return note_section(index, document, root, "");
}

/* Nothing may follow the plan: it would be passed over silently. */
static enum status check_end(const struct key_lines *index, yaml_parser_t *parser)
{
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document))
        return fail_syntax(index, parser);
    const yaml_node_t *root = yaml_document_get_root_node(&document);
    const enum status outcome =
        root == NULL ? STATUS_OK : fail_at(index, root, "plan", "only one document is expected");
    yaml_document_delete(&document);
    return outcome;
}

/* The parser's time grows with the square of the nesting, so a plan that is nested deeper than any
 * can be is refused event by event, before the whole is built. */
static enum status check_nesting(const struct key_lines *index, const uint8_t *bytes,
                                 size_t byte_count)
{
    enum { DEPTH_MAX = 8 };
    yaml_parser_t parser;
    enum status outcome = STATUS_OK;
    if (!yaml_parser_initialize(&parser))
        return status_fail(STATUS_NO_MEMORY, "%s: parser", index->path);
    yaml_parser_set_input_string(&parser, bytes, byte_count);
    int depth = 0;
    bool is_over = false;
    while (!is_over && outcome == STATUS_OK) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event))
            break; /* told with its line when the whole is read */
        depth += event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT;
        depth -= event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
        is_over = event.type == YAML_STREAM_END_EVENT;
        if (depth > DEPTH_MAX)
            outcome = status_fail(STATUS_INVALID, "%s:%zu: nested too deeply for a plan",
                                  index->path, event.start_mark.line + 1);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return outcome;
}

static enum status index_keys(struct key_lines *index, const uint8_t *bytes, size_t byte_count)
{
    yaml_parser_t parser;
    yaml_document_t document;
    enum status outcome = check_nesting(index, bytes, byte_count);
    if (outcome != STATUS_OK)
        return outcome;
    if (!yaml_parser_initialize(&parser))
        return status_fail(STATUS_NO_MEMORY, "%s: parser", index->path);
    yaml_parser_set_input_string(&parser, bytes, byte_count);
    if (!yaml_parser_load(&parser, &document))
        outcome = fail_syntax(index, &parser);
    else {
        outcome = note_document(index, &document);
        yaml_document_delete(&document);
        if (outcome == STATUS_OK)
            outcome = check_end(index, &parser);
    }
    yaml_parser_delete(&parser);
    return outcome;
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
        if (index->lines[k] == 0)
            continue;
        if (plan_keys[k].kind != PLAN_TEXTS)
            outcome = plan_key_set(plan, &plan_keys[k], values[k].scalar, folder);
        else
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
    size_t *lines = calloc(2 * plan_key_count, sizeof *lines);
    struct key_lines index = { .path = path, .lines = lines };
    if (lines == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: lines", path);
    else {
        index.section_lines = lines + plan_key_count;
        outcome = index_keys(&index, bytes, byte_count);
    }
    if (outcome == STATUS_OK)
        outcome = load(plan, &index, bytes, byte_count, folder);
    free(lines);
    free(bytes);
    return outcome;
}
