#include "nn/tape_rows.h"

#include "nn/multiversion.h"

#include <assert.h>
#include <string.h>

enum { PARTS_MAX = 8 };

struct collect_step {
    struct array *y;
    struct array *parts[PARTS_MAX];
    size_t part_count;
    const struct row_source *sources;
};

static void add_to(float *restrict sum, const float *restrict x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += x[i];
}

static void collect_backward(struct tape *tape, void *payload)
{
    const struct collect_step *step = payload;
    const size_t D = step->y->columns;
    float *gradients[PARTS_MAX];
    for (size_t p = 0; p < step->part_count; p++)
        gradients[p] = tape_gradient(tape, step->parts[p]);
    for (size_t i = 0; i < step->y->rows && tape_has_room(tape); i++) {
        const struct row_source source = step->sources[i];
        if (gradients[source.part] != NULL)
            add_to(gradients[source.part] + source.row * D, step->y->gradient + i * D, D);
    }
}

struct array *tape_collect_rows(struct tape *tape, struct array *const *parts, size_t part_count,
                                const struct row_source *sources, size_t count)
{
    assert(part_count > 0 && part_count <= PARTS_MAX);
    bool wants_gradient = false;
    for (size_t p = 0; p < part_count; p++) {
        assert(!tape_has_room(tape) || parts[p]->columns == parts[0]->columns);
        wants_gradient |= parts[p]->wants_gradient;
    }
    const size_t D = parts[0]->columns;
    struct array *y = tape_output(tape, count, D, wants_gradient);
    if (!tape_has_room(tape))
        return y;
    for (size_t i = 0; i < count; i++) {
        assert(sources[i].part < part_count && sources[i].row < parts[sources[i].part]->rows);
        memcpy(y->value + i * D, parts[sources[i].part]->value + sources[i].row * D,
               D * sizeof *y->value);
    }
    struct collect_step *step = tape_step(tape, y, sizeof *step, collect_backward);
    *step = (struct collect_step){ .y = y, .part_count = part_count, .sources = sources };
    memcpy(step->parts, parts, part_count * sizeof(struct array *));
    return y;
}

struct reshape_step {
    struct array *y, *x;
};

static void reshape_backward(struct tape *tape, void *payload)
{
    const struct reshape_step *step = payload;
    float *dx = tape_gradient(tape, step->x);
    if (dx != NULL)
        add_to(dx, step->y->gradient, step->x->rows * step->x->columns);
}

struct array *tape_reshape(struct tape *tape, struct array *x, size_t rows, size_t columns)
{
    assert(!tape_has_room(tape) || rows * columns == x->rows * x->columns);
    struct array *y = tape_variable(tape, x->value, rows, columns);
    y->wants_gradient = x->wants_gradient;
    struct reshape_step *step = tape_step(tape, y, sizeof *step, reshape_backward);
    *step = (struct reshape_step){ .y = y, .x = x };
    return y;
}

struct embedding_step {
    struct array *y, *table;
    const int32_t *ids;
    int32_t padding_id;
};

static void embedding_backward(struct tape *tape, void *payload)
{
    const struct embedding_step *step = payload;
    const size_t D = step->y->columns;
    float *dtable = tape_gradient(tape, step->table);
    for (size_t i = 0; i < step->y->rows && dtable != NULL; i++)
        if (step->ids[i] != step->padding_id)
            add_to(dtable + (size_t)step->ids[i] * D, step->y->gradient + i * D, D);
}

struct array *tape_embedding(struct tape *tape, struct array *table, const int32_t *ids,
                             size_t count, int32_t padding_id)
{
    const size_t D = table->columns;
    struct array *y = tape_output(tape, count, D, table->wants_gradient);
    if (!tape_has_room(tape))
        return y;
    for (size_t i = 0; i < count; i++) {
        assert(ids[i] >= 0 && (size_t)ids[i] < table->rows);
        memcpy(y->value + i * D, table->value + (size_t)ids[i] * D, D * sizeof *y->value);
    }
    struct embedding_step *step = tape_step(tape, y, sizeof *step, embedding_backward);
    *step = (struct embedding_step){ .y = y, .table = table, .ids = ids, .padding_id = padding_id };
    return y;
}
