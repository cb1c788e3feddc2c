#include "core/plan.h"

#include "core/file.h"
#include "core/plan_table.h"
#include "core/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char plan_compact[] = "compact";

enum status plan_set_text(char **member, const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return status_fail(STATUS_NO_MEMORY, "plan: %.40s", text);
    free(*member);
    *member = copy;
    return STATUS_OK;
}

static void free_texts(struct plan_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->items[i]);
    free(texts->items);
    *texts = (struct plan_texts){ 0 };
}

enum status plan_key_set_texts(struct plan *plan, const struct plan_key *key, char *const *items,
                               size_t count)
{
    struct plan_texts *texts = (struct plan_texts *)((char *)plan + key->offset);
    for (size_t i = 0; i < count; i++) {
        const enum status outcome = plan_key_check_text(key, items[i]);
        if (outcome != STATUS_OK)
            return outcome;
    }
    free_texts(texts);
    texts->items = calloc(count > 0 ? count : 1, sizeof *texts->items);
    if (texts->items == NULL)
        return status_fail(STATUS_NO_MEMORY, "plan: %s", key->name);
    for (; texts->count < count; texts->count++)
        if ((texts->items[texts->count] = strdup(items[texts->count])) == NULL)
            return status_fail(STATUS_NO_MEMORY, "plan: %s", key->name);
    return STATUS_OK;
}

static bool holds_text(const struct plan_key *key)
{
    return key->kind == PLAN_TEXT || key->kind == PLAN_PATH || key->kind == PLAN_CHOICE;
}

static const char *text_of(const struct plan *plan, const struct plan_key *key)
{
    return *(char *const *)((const char *)plan + key->offset);
}

void plan_end(struct plan *plan)
{
    for (size_t k = 0; k < plan_key_count; k++) {
        void *member = (char *)plan + plan_keys[k].offset;
        if (holds_text(&plan_keys[k]))
            free(*(char **)member);
        else if (plan_keys[k].kind == PLAN_TEXTS)
            free_texts(member);
    }
    *plan = (struct plan){ 0 };
}

static enum status set_defaults(struct plan *plan)
{
    enum status outcome = STATUS_OK;
    for (size_t k = 0; k < plan_key_count && outcome == STATUS_OK; k++)
        if (plan_keys[k].fallback != NULL)
            outcome = plan_key_set(plan, &plan_keys[k], plan_keys[k].fallback, "");
    return outcome;
}

static enum status apply_override(struct plan *plan, const char *override, const char *folder)
{
    char dotted[128];
    const char *equals = strchr(override, '=');
    if (equals == NULL || (size_t)(equals - override) >= sizeof dotted)
        return status_fail(STATUS_INVALID, "--set %.100s: expected KEY=VALUE", override);
    snprintf(dotted, sizeof dotted, "%.*s", (int)(equals - override), override);
    const struct plan_key *key = plan_key_find(dotted);
    if (key == NULL)
        return status_fail(STATUS_INVALID, "--set %.100s: no such key in a plan", override);
    const enum status outcome = plan_key_set(plan, key, equals + 1, folder);
    if (outcome != STATUS_OK)
        return status_fail(outcome, "--set %s", status_text());
    return STATUS_OK;
}

static bool holds(const struct plan_texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->items[i], text) == 0)
            return true;
    return false;
}

static enum status check_held_out(const struct plan *plan, const char *path)
{
    const struct plan_texts *voices = &plan->fit_units.held_out_voices;
    for (size_t v = 0; v < voices->count; v++)
        if (!holds(&plan->speak.voices, voices->items[v]))
            return status_fail(STATUS_INVALID,
                               "%s: fit_units.held_out_voices: %.100s is not in speak.voices", path,
                               voices->items[v]);
    return STATUS_OK;
}

static enum status check_layers(const struct plan *plan, const char *path)
{
    const struct plan_texts *layers = &plan->speech_units.feature_layers;
    for (size_t l = 0; l < layers->count; l++) {
        const size_t digits = strspn(layers->items[l], "0123456789");
        if (digits < 1 || digits > 3 || layers->items[l][digits] != '\0')
            return status_fail(STATUS_INVALID,
                               "%s: speech_units.feature_layers: \"%.100s\" is not a whole number "
                               "in 0 .. 999",
                               path, layers->items[l]);
    }
    if (layers->count > PLAN_LAYERS_MAX)
        return status_fail(STATUS_INVALID, "%s: speech_units.feature_layers: more than %d layers",
                           path, PLAN_LAYERS_MAX);
    return STATUS_OK;
}

static enum status check_whole(const struct plan *plan, const char *path)
{
    for (size_t k = 0; k < plan_key_count; k++)
        if ((plan_keys[k].flags & PLAN_REQUIRED) != 0 && text_of(plan, &plan_keys[k]) == NULL) {
            char name[96];
            plan_key_write(name, sizeof name, &plan_keys[k]);
            return status_fail(STATUS_INVALID, "%s: %s is missing (%s)", path, name,
                               plan_keys[k].help);
        }
    if (plan->speak.rate_wpm_min > plan->speak.rate_wpm_max)
        return status_fail(STATUS_INVALID, "%s: speak.rate_wpm_min is above speak.rate_wpm_max",
                           path);
    if (plan->speak.pitch_min > plan->speak.pitch_max)
        return status_fail(STATUS_INVALID, "%s: speak.pitch_min is above speak.pitch_max", path);
    if (plan->fit_units.frames_max < plan->fit_units.clusters)
        return status_fail(STATUS_INVALID, "%s: fit_units.frames_max is below fit_units.clusters",
                           path);
    const enum status outcome = check_held_out(plan, path);
    return outcome == STATUS_OK ? check_layers(plan, path) : outcome;
}

enum status plan_read(struct plan *out, const char *path, const struct option_texts *overrides)
{
    char folder[PATH_BYTES], absolute[PATH_BYTES], here[PATH_BYTES];
    *out = (struct plan){ 0 };
    path_folder(folder, path);
    if (realpath(folder, absolute) == NULL)
        return file_fail(path, "cannot open");
    if (getcwd(here, sizeof here) == NULL)
        return file_fail(".", "no working directory");

    enum status outcome = set_defaults(out);
    if (outcome == STATUS_OK)
        outcome = plan_file_read(out, path, absolute);
    for (size_t i = 0; outcome == STATUS_OK && overrides != NULL && i < overrides->count; i++)
        outcome = apply_override(out, overrides->items[i], here);
    if (outcome == STATUS_OK)
        outcome = check_whole(out, path);
    if (outcome != STATUS_OK)
        plan_end(out);
    return outcome;
}

bool plan_fits_units(const struct plan *plan)
{
    const char *hubert = plan->speech_units.hubert, *kmeans = plan->speech_units.kmeans;
    if (kmeans != NULL)
        return strcmp(kmeans, "fit") == 0;
    return hubert == NULL || strcmp(hubert, plan_compact) != 0 ||
           plan->speech_units.layer != PLAN_LAYER_AUTO;
}

/* The code point of a well-formed character. */
static unsigned long code_point(const char *text, size_t byte_count)
{
    static const unsigned char lead_masks[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    unsigned long code = (unsigned char)text[0] & lead_masks[byte_count];
    for (size_t b = 1; b < byte_count; b++)
        code = code << 6 | ((unsigned char)text[b] & 0x3Fu);
    return code;
}

/* What YAML does not take as it is, or takes for a line break. */
static bool needs_escape(unsigned long code)
{
    return code == '"' || code == '\\' || code < 0x20 || (code >= 0x7F && code < 0xA0) ||
           code == 0x2028 || code == 0x2029 || code == 0xFEFF || code == 0xFFFE || code == 0xFFFF;
}

/* Double-quoted YAML. The text is UTF-8. */
static void write_quoted(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (size_t left = strlen(text), bytes; left > 0; text += bytes, left -= bytes) {
        bytes = utf8_character_bytes(text, left);
        if (bytes == 0) /* not from a plan: plan_key_check_text */
            break;
        const unsigned long code = code_point(text, bytes);
        if (needs_escape(code))
            fprintf(stream, "\\u%04lx", code);
        else
            fwrite(text, 1, bytes, stream);
    }
    fputc('"', stream);
}

static void write_value(FILE *stream, const struct plan *plan, const struct plan_key *key)
{
    const void *member = (const char *)plan + key->offset;
    const struct plan_texts *texts = member;
    switch (key->kind) {
    case PLAN_COUNT:
        if (key->choices != NULL && *(const size_t *)member > (size_t)key->maximum)
            fputs(key->choices, stream);
        else
            fprintf(stream, "%zu", *(const size_t *)member);
        break;
    case PLAN_NUMBER:
        fprintf(stream, "%.17g", *(const double *)member);
        break;
    case PLAN_SWITCH:
        fputs(*(const bool *)member ? "true" : "false", stream);
        break;
    case PLAN_TEXTS:
        for (size_t i = 0; i < texts->count; i++) {
            fputs(i == 0 ? "[" : ", ", stream);
            write_quoted(stream, texts->items[i]);
        }
        fputs(texts->count == 0 ? "[]" : "]", stream);
        break;
    default:
        write_quoted(stream, text_of(plan, key));
    }
}

static bool is_absent(const struct plan *plan, const struct plan_key *key)
{
    return holds_text(key) && text_of(plan, key) == NULL;
}

void plan_write(FILE *stream, const struct plan *plan)
{
    const char *section = "";
    for (size_t k = 0; k < plan_key_count; k++) {
        const struct plan_key *key = &plan_keys[k];
        if (is_absent(plan, key))
            continue;
        if (strcmp(section, key->section) != 0)
            fprintf(stream, "%s:\n", key->section);
        section = key->section;
        fprintf(stream, "%s%s: ", section[0] == '\0' ? "" : "  ", key->name);
        write_value(stream, plan, key);
        fputc('\n', stream);
    }
}

void plan_write_training(FILE *stream, const struct plan *plan)
{
    for (size_t k = 0; k < plan_key_count; k++) {
        char name[96];
        plan_key_write(name, sizeof name, &plan_keys[k]);
        if ((plan_keys[k].flags & PLAN_TRAINED) == 0 || is_absent(plan, &plan_keys[k]))
            continue;
        fprintf(stream, "%s: ", name);
        write_value(stream, plan, &plan_keys[k]);
        fputc('\n', stream);
    }
}

/* The value as plan_write would write it, for messages and comparison. The caller frees it. */
static char *value_text(const struct plan *plan, const struct plan_key *key)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    if (stream == NULL)
        return NULL;
    if (is_absent(plan, key))
        fputs("absent", stream);
    else
        write_value(stream, plan, key);
    fclose(stream);
    return text;
}

/* The key of the file that a digest is of; NULL for a key that is no digest. */
static const struct plan_key *file_of_digest(const struct plan_key *key)
{
    static const char *const files[][2] = {
        { "manifest", "manifest" },
        { "hubert", "speech_units.hubert" },
        { "hubert_config", "speech_units.config" },
        { "kmeans", "speech_units.kmeans" },
        { "vit_vqgan", "image_units.vit_vqgan" },
        { "vit_vqgan_config", "image_units.config" },
        { "clip", "embed_images.clip" },
        { "clip_config", "embed_images.config" },
        { "im2sp", "generate.im2sp" },
        { "im2sp_config", "generate.config" },
        { "vocoder", "generate.vocoder" },
        { "vocoder_config", "generate.vocoder_config" },
    };
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++)
        if (strcmp(key->section, "digests") == 0 && strcmp(key->name, files[f][0]) == 0)
            return plan_key_find(files[f][1]);
    return NULL;
}

/* Adds "key is A, was B in the run" to `text`, and for a digest what file it is of. */
static void describe(char *text, size_t text_bytes, const struct plan_key *key,
                     const struct plan *wanted, const char *now, const char *then)
{
    char name[96];
    size_t used = strlen(text);
    const struct plan_key *file = file_of_digest(key);
    plan_key_write(name, sizeof name, key);
    used +=
        (size_t)snprintf(text + used, text_bytes - used, "%s%s is %.150s, was %.150s in the run",
                         used > 0 ? "; " : "", name, now, then);
    if (file == NULL || is_absent(wanted, file) || used >= text_bytes)
        return;
    plan_key_write(name, sizeof name, file);
    snprintf(text + used, text_bytes - used, ": another content of %s, %.150s", name,
             text_of(wanted, file));
}

enum status plan_check_same(const struct plan *wanted, const struct plan *frozen)
{
    char differences[STATUS_TEXT_BYTES] = "";
    bool has_memory = true;
    for (size_t k = 0; k < plan_key_count && has_memory; k++) {
        if ((plan_keys[k].flags & (PLAN_FREE | PLAN_TRAINED)) != 0)
            continue;
        char *now = value_text(wanted, &plan_keys[k]), *then = value_text(frozen, &plan_keys[k]);
        has_memory = now != NULL && then != NULL;
        if (has_memory && strcmp(now, then) != 0 && strlen(differences) < sizeof differences - 1)
            describe(differences, sizeof differences, &plan_keys[k], wanted, now, then);
        free(now);
        free(then);
    }
    if (!has_memory)
        return status_fail(STATUS_NO_MEMORY, "plan: no memory");
    return differences[0] == '\0' ? STATUS_OK : status_fail(STATUS_INVALID, "%s", differences);
}

static bool holds_default(const struct plan_key *key)
{
    return key->fallback != NULL && key->fallback[0] != '\0';
}

void plan_write_keys(FILE *stream)
{
    for (size_t k = 0; k < plan_key_count; k++) {
        char name[96];
        plan_key_write(name, sizeof name, &plan_keys[k]);
        if (strcmp(plan_keys[k].section, "digests") != 0)
            fprintf(stream, "  %-26s %-12s %s\n", name,
                    holds_default(&plan_keys[k])                ? plan_keys[k].fallback
                    : (plan_keys[k].flags & PLAN_REQUIRED) != 0 ? "(required)"
                                                                : "-",
                    plan_keys[k].help);
    }
}
