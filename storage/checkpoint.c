#include "storage/checkpoint.h"

#include "cluster/slices.h"
#include "storage/seal.h"
#include "storage/store_reader.h"
#include "storage/store_writer.h"

#include <stdlib.h>
#include <string.h>

static const char format_name[] = "unitmill checkpoint";
enum { FORMAT_VERSION = STORE_FORMAT_VERSION, CHUNK_BYTES = 1 << 20 };

/* The vectors: where they are in the file, and this rank's rows of them. */
enum { VALUES, MEAN, SQUARE, AVERAGE, VECTOR_COUNT };

static const char *const vector_names[VECTOR_COUNT] = { "/values", "/mean", "/square", "/average" };

static float *own_rows(const struct checkpoint *checkpoint, int vector, size_t first_row)
{
    float *const all[VECTOR_COUNT] = {
        checkpoint->values + first_row * CHECKPOINT_ROW_FLOATS,
        checkpoint->mean,
        checkpoint->square,
        checkpoint->average,
    };
    return all[vector];
}

static enum status write_vector(struct store_writer *writer, int vector,
                                const struct checkpoint *checkpoint, struct slice own)
{
    static const char *const meanings[VECTOR_COUNT] = {
        "parameters, back to back, each from a multiple of 16 floats on",
        "AdamW's first moment of each",
        "AdamW's second moment of each",
        "exponential moving average of each",
    };
    const struct store_dataset dataset = { .name = vector_names[vector],
                                           .type = COLUMN_F32,
                                           .rows = checkpoint->rows,
                                           .width = CHECKPOINT_ROW_FLOATS,
                                           .has_row_vector = true,
                                           .meaning = meanings[vector] };
    size_t index;
    const enum status outcome = store_writer_add(&index, writer, &dataset);
    return outcome == STATUS_OK ? store_writer_put(writer, index, own.first, own.count,
                                                   own_rows(checkpoint, vector, own.first))
                                : outcome;
}

static enum status note(struct store_writer *writer, const struct checkpoint *checkpoint)
{
    const struct {
        const char *name, *text;
    } texts[] = {
        { "format", format_name },
        { "unitmill_version", UNITMILL_VERSION },
        { "parameters", checkpoint->parameters },
        { "recipe", checkpoint->recipe },
        { "best", checkpoint->best },
    };
    enum status outcome = store_writer_note_number(writer, "/", "format_version", FORMAT_VERSION);
    if (outcome == STATUS_OK)
        outcome = store_writer_note_number(writer, "/", "step", checkpoint->step);
    for (size_t t = 0; t < sizeof texts / sizeof texts[0] && outcome == STATUS_OK; t++)
        outcome = store_writer_note_text(writer, "/", texts[t].name, texts[t].text);
    return outcome;
}

enum status checkpoint_write(const char *path, const struct team *team,
                             const struct checkpoint *checkpoint)
{
    const struct slice own = slice_of(checkpoint->rows, team->rank, team->size);
    const struct store_options options = { .path = path, .chunk_bytes = CHUNK_BYTES };
    struct store_writer *writer;
    if (strlen(checkpoint->recipe) >= CHECKPOINT_TEXT_BYTES)
        return status_fail(STATUS_INVALID, "%s: a recipe of more than %d bytes", path,
                           CHECKPOINT_TEXT_BYTES);
    enum status outcome = store_writer_create(&writer, team, &options);
    if (outcome != STATUS_OK)
        return outcome;
    for (int v = 0; v < VECTOR_COUNT && outcome == STATUS_OK; v++)
        if (v != AVERAGE || checkpoint->average != NULL)
            outcome = write_vector(writer, v, checkpoint, own);
    if (outcome == STATUS_OK)
        outcome = note(writer, checkpoint);
    if (outcome == STATUS_OK)
        outcome = store_writer_commit(writer);
    store_writer_destroy(writer);
    return outcome;
}

/* Names the first line in which two recipes differ. */
static enum status compare_recipes(const char *path, const char *now, const char *then)
{
    while (*now != '\0' || *then != '\0') {
        const int now_bytes = (int)strcspn(now, "\n"), then_bytes = (int)strcspn(then, "\n");
        if (now_bytes != then_bytes || memcmp(now, then, (size_t)now_bytes) != 0)
            return status_fail(STATUS_INVALID, "%s was made with %.*s, not %.*s", path, then_bytes,
                               then, now_bytes, now);
        now += now_bytes + (now[now_bytes] == '\n');
        then += then_bytes + (then[then_bytes] == '\n');
    }
    return STATUS_OK;
}

static enum status check_recipe(const struct store_reader *reader, const char *path,
                                const struct checkpoint *checkpoint)
{
    char *recipe = malloc(CHECKPOINT_TEXT_BYTES);
    if (recipe == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    enum status outcome =
        store_reader_note_text(recipe, CHECKPOINT_TEXT_BYTES, reader, "/", "recipe");
    if (outcome == STATUS_OK)
        outcome = compare_recipes(path, checkpoint->recipe, recipe);
    free(recipe);
    return outcome;
}

static enum status check_is_ours(const struct store_reader *reader, const char *path,
                                 const struct checkpoint *checkpoint)
{
    char parameters[128];
    uint64_t rows;
    size_t width;
    enum status outcome = check_recipe(reader, path, checkpoint);
    if (outcome == STATUS_OK)
        outcome = store_reader_note_text(parameters, sizeof parameters, reader, "/", "parameters");
    if (outcome == STATUS_OK && strcmp(parameters, checkpoint->parameters) != 0)
        return status_fail(STATUS_INVALID, "%s: a checkpoint of another model", path);
    for (int v = 0; v < VECTOR_COUNT && outcome == STATUS_OK; v++) {
        if (v == AVERAGE && !store_reader_has(reader, vector_names[v]))
            continue;
        outcome = store_reader_extent(&rows, &width, reader, vector_names[v]);
        if (outcome == STATUS_OK && (rows != checkpoint->rows || width != CHECKPOINT_ROW_FLOATS))
            outcome = status_fail(STATUS_CORRUPT, "%s: %s has %llu rows of %zu, not %zu of %d",
                                  path, vector_names[v], (unsigned long long)rows, width,
                                  checkpoint->rows, CHECKPOINT_ROW_FLOATS);
    }
    return outcome;
}

/* Own rows of every vector. */
static enum status read_rows(struct checkpoint *checkpoint, const struct store_reader *reader,
                             struct slice own)
{
    enum status outcome = STATUS_OK;
    for (int v = 0; v < VECTOR_COUNT && outcome == STATUS_OK; v++) {
        float *rows = own_rows(checkpoint, v, own.first);
        const char *name = vector_names[v];
        if (v == AVERAGE && checkpoint->average == NULL)
            continue;
        if (v == AVERAGE && !store_reader_has(reader, name))
            name = vector_names[VALUES];
        outcome =
            store_reader_floats(rows, reader, name, own.first, own.count, CHECKPOINT_ROW_FLOATS);
    }
    return outcome;
}

static enum status read_own(struct checkpoint *checkpoint, const char *path, struct slice own)
{
    struct store_reader *reader;
    enum status outcome = store_reader_open_format(&reader, path, format_name);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = check_is_ours(reader, path, checkpoint);
    if (outcome == STATUS_OK)
        outcome = store_reader_note_number(&checkpoint->step, reader, "/", "step");
    if (outcome == STATUS_OK)
        outcome =
            store_reader_note_text(checkpoint->best, sizeof checkpoint->best, reader, "/", "best");
    if (outcome == STATUS_OK)
        outcome = read_rows(checkpoint, reader, own);
    store_reader_close(reader);
    return outcome;
}

enum status checkpoint_read(struct checkpoint *checkpoint, const char *path,
                            const struct team *team)
{
    const struct slice own = slice_of(checkpoint->rows, team->rank, team->size);
    enum status outcome = seal_check_store(team, path);
    if (outcome == STATUS_OK)
        outcome = team_agree(team, "read checkpoint", read_own(checkpoint, path, own));
    if (outcome == STATUS_OK)
        slices_share(team, checkpoint->values, checkpoint->rows,
                     CHECKPOINT_ROW_FLOATS * sizeof(float));
    return outcome;
}
