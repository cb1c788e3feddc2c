/* The image-to-speech-unit model on the tape against Im2Sp on GIT, recorded in golden/im2sp-tiny:
 * arrays, loss and gradients of teacher forcing. */
#include "models/im2sp_trained.h"
#include "nn/tape_loss.h"
#include "tests/models/im2sp_golden.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As the golden's README suggests; gradients of key biases are truly 0. */
static const float limit = 1e-4f, gradient_limit = 3e-4f, zero_limit = 1e-6f;

/* A variant, its model with the golden's weights, and its captions without padding. */
struct forcing {
    struct im2sp_golden golden;
    struct parameter_set *set;
    struct im2sp_trained *model;
    struct tape *tape;
    struct im2sp_trained_batch batch;
    size_t *starts;
    int32_t *ids, *targets;
    float *encoded;       /* of pixels */
    uint16_t *grid_units; /* of image units */
};

static void keep_encoded(void *payload, size_t number, const char *name, const float *values,
                         size_t rows, size_t columns)
{
    struct forcing *forcing = payload;
    if (strcmp(name, "vision.output") == 0)
        memcpy(forcing->encoded + number * rows * columns, values, rows * columns * sizeof *values);
}

static void look(struct forcing *forcing)
{
    struct im2sp_golden *golden = &forcing->golden;
    const struct im2sp_config *sizes = im2sp_sizes(golden->net);
    const size_t floats = im2sp_config_tokens(sizes) * sizes->encoder.width;
    if (sizes->input == IM2SP_UNITS) {
        const size_t side = sizes->encoder.side;
        size_t code_count, width;
        float *codes = im2sp_golden_codebook(golden, &code_count, &width);
        check_status(im2sp_trained_set_codebook(forcing->model, codes, code_count, width),
                     STATUS_OK, NULL);
        free(codes);
        forcing->grid_units = malloc(golden->count * side * side * sizeof(uint16_t));
        im2sp_golden_units(forcing->grid_units, golden);
        return;
    }
    forcing->encoded = calloc(golden->count * floats, sizeof(float));
    im2sp_set_trace(golden->net, &(struct im2sp_trace){ keep_encoded, forcing });
    im2sp_golden_encode(golden, golden->count);
}

/* The end of a caption is asked for and never put in. */
static void put_captions(struct forcing *forcing)
{
    const struct tensor *ids = tensor_table_find(&forcing->golden.inputs, "input_ids");
    const struct tensor *lengths = tensor_table_find(&forcing->golden.inputs, "lengths");
    const size_t B = ids->shape[0], L = ids->shape[1];
    forcing->starts = calloc(B + 1, sizeof *forcing->starts);
    forcing->ids = calloc(B * L, sizeof *forcing->ids);
    forcing->targets = calloc(B * L, sizeof *forcing->targets);
    for (size_t b = 0; b < B; b++) {
        const size_t rows = (size_t)((const int64_t *)lengths->data)[b] - 1;
        const int64_t *row = (const int64_t *)ids->data + b * L;
        for (size_t i = 0; i < rows; i++) {
            forcing->ids[forcing->starts[b] + i] = (int32_t)row[i];
            forcing->targets[forcing->starts[b] + i] = (int32_t)row[i + 1];
        }
        forcing->starts[b + 1] = forcing->starts[b] + rows;
    }
    forcing->batch = (struct im2sp_trained_batch){ .count = B,
                                                   .image_units = forcing->grid_units,
                                                   .encoded = forcing->encoded,
                                                   .starts = forcing->starts,
                                                   .ids = forcing->ids };
}

static void begin(struct forcing *forcing, const char *variant, const char *file)
{
    char prefix[IM2SP_PREFIX_BYTES];
    enum im2sp_naming naming;
    size_t filled = 0;
    *forcing = (struct forcing){ 0 };
    im2sp_golden_begin(&forcing->golden, variant, file);
    const struct tensor_table *table = &forcing->golden.weights.table;
    check_status(im2sp_prefix(&naming, prefix, table), STATUS_OK, NULL);
    check_status(parameter_set_create(&forcing->set), STATUS_OK, NULL);
    check_status(
        im2sp_trained_create(&forcing->model, forcing->set, im2sp_sizes(forcing->golden.net), 0.1f),
        STATUS_OK, NULL);
    check_status(parameter_set_lay_out(forcing->set), STATUS_OK, NULL);
    check_status(im2sp_trained_fill(&filled, forcing->model, table, naming, prefix), STATUS_OK,
                 NULL);
    CU_ASSERT_EQUAL(filled, parameter_set_count(forcing->set));
    check_status(tape_create(&forcing->tape, (size_t)1 << 30), STATUS_OK, NULL);
    look(forcing);
    put_captions(forcing);
}

static void end(struct forcing *forcing)
{
    tape_destroy(forcing->tape);
    im2sp_trained_destroy(forcing->model);
    parameter_set_destroy(forcing->set);
    free(forcing->starts);
    free(forcing->ids);
    free(forcing->targets);
    free(forcing->encoded);
    free(forcing->grid_units);
    im2sp_golden_end(&forcing->golden);
}

static float largest_of(const struct tensor *tensor)
{
    float largest = 0.0f;
    for (size_t i = 0; i < tensor->count; i++)
        largest = fmaxf(largest, fabsf(((const float *)tensor->data)[i]));
    return largest;
}

static void check_near(const char *name, const float *values, const float *expected, size_t count,
                       float allowed)
{
    float worst = 0.0f;
    for (size_t i = 0; i < count; i++) {
        const float distance = fabsf(values[i] - expected[i]);
        worst = distance <= worst ? worst : distance;
    }
    CU_ASSERT(worst <= allowed);
    if (!(worst <= allowed))
        fprintf(stderr, "%s is off by %g, allowed %g\n", name, (double)worst, (double)allowed);
}

/* Rows of captions back to back against [B][.. and last L rows][columns]. */
static void check_rows(const struct forcing *forcing, const char *name, const struct array *array)
{
    const struct tensor *tensor = im2sp_golden_find(&forcing->golden, name);
    const size_t L = tensor_table_find(&forcing->golden.inputs, "input_ids")->shape[1];
    const size_t columns = tensor->shape[2], skipped = tensor->shape[1] - L;
    CU_ASSERT_EQUAL_FATAL(array->columns, columns);
    for (size_t b = 0; b < forcing->batch.count; b++) {
        const size_t rows = forcing->starts[b + 1] - forcing->starts[b];
        check_near(name, array->value + forcing->starts[b] * columns,
                   (const float *)tensor->data + (b * tensor->shape[1] + skipped) * columns,
                   rows * columns, limit * largest_of(tensor));
    }
}

static void check_gradients(const struct forcing *forcing)
{
    const struct tensor_table *expected = &forcing->golden.expected;
    size_t checked = 0;
    for (size_t t = 0; t < expected->count; t++) {
        const struct tensor *tensor = &expected->tensors[t];
        if (strncmp(tensor->name, "grad.", 5) != 0)
            continue;
        const struct parameter *parameter = parameter_set_find(forcing->set, tensor->name + 5);
        CU_ASSERT_PTR_NOT_NULL_FATAL(parameter);
        CU_ASSERT_EQUAL_FATAL(parameter->count, tensor->count);
        const bool is_zero = strstr(tensor->name, ".key.bias") != NULL;
        check_near(tensor->name, parameter->gradient, tensor->data, tensor->count,
                   is_zero ? zero_limit : gradient_limit * largest_of(tensor));
        checked++;
    }
    CU_ASSERT(checked > 0);
}

static void check_variant(const char *variant, const char *file, bool has_gradients)
{
    struct forcing forcing;
    char last[64];
    begin(&forcing, variant, file);
    snprintf(last, sizeof last, "decoder.layer.%zu",
             im2sp_trained_sizes(forcing.model)->layers - 1);
    const struct im2sp_trained_run run =
        im2sp_trained_run(forcing.model, forcing.tape, &forcing.batch);
    struct array *loss = tape_cross_entropy(forcing.tape, run.logits, forcing.targets, 0.0);
    check_status(tape_backward(forcing.tape, loss), STATUS_OK, NULL);
    const struct tensor *projected = im2sp_golden_find(&forcing.golden, "visual_projection");
    check_near("visual_projection", run.projected->value, projected->data, projected->count,
               limit * largest_of(projected));
    check_rows(&forcing, "text_embedding", run.embedded);
    check_rows(&forcing, last, run.decoded);
    check_rows(&forcing, "logits", run.logits);
    const struct tensor *expected = im2sp_golden_find(&forcing.golden, "loss");
    check_near("loss", loss->value, expected->data, 1, limit * largest_of(expected));
    if (has_gradients)
        check_gradients(&forcing);
    end(&forcing);
}

static void pixels_give_the_references_gradients(void)
{
    check_variant("pixel", "model.safetensors", true);
    check_variant("pixel", "checkpoint.ckpt", true);
}

static void image_units_give_the_references_loss(void)
{
    check_variant("imgunit", "model.safetensors", false);
    check_variant("imgunit", "checkpoint.ckpt", false);
}

/* Units as the golden has them, made unlike their neighbours, are its ids. */
static void captions_become_the_references_ids(void)
{
    struct forcing forcing;
    begin(&forcing, "pixel", "model.safetensors");
    for (size_t b = 0; b < forcing.batch.count; b++) {
        char name[32];
        snprintf(name, sizeof name, "units.%zu", b);
        const struct tensor *units = tensor_table_find(&forcing.golden.inputs, name);
        CU_ASSERT_PTR_NOT_NULL_FATAL(units);
        uint16_t *unlike = calloc(units->count + 1, sizeof *unlike);
        int32_t *ids = calloc(2 * units->count + 2, sizeof *ids);
        size_t count = 0;
        for (size_t u = 0; u < units->count; u++) {
            const uint16_t unit = (uint16_t)((const int64_t *)units->data)[u];
            if (count == 0 || unlike[count - 1] != unit)
                unlike[count++] = unit;
        }
        const size_t at = forcing.starts[b], rows = forcing.starts[b + 1] - at;
        CU_ASSERT_EQUAL(count + 1, rows);
        int32_t *targets = ids + units->count + 1;
        im2sp_trained_put_caption(ids, targets, forcing.model, unlike, count);
        if (count + 1 == rows) {
            CU_ASSERT(memcmp(ids, forcing.ids + at, rows * sizeof *ids) == 0);
            CU_ASSERT(memcmp(targets, forcing.targets + at, rows * sizeof *ids) == 0);
        }
        free(unlike);
        free(ids);
    }
    end(&forcing);
}

/* The image encoder has no recorded gradients: those of one step of each parameter against the
 * difference that it makes. */
static double loss_of(struct forcing *forcing)
{
    tape_reset(forcing->tape);
    tape_set_recording(forcing->tape, false);
    const struct im2sp_trained_run run =
        im2sp_trained_run(forcing->model, forcing->tape, &forcing->batch);
    return (double)tape_cross_entropy(forcing->tape, run.logits, forcing->targets, 0.0)->value[0];
}

static void gradients_of_image_units_are_differences(void)
{
    struct forcing forcing;
    begin(&forcing, "imgunit", "model.safetensors");
    const struct im2sp_trained_run run =
        im2sp_trained_run(forcing.model, forcing.tape, &forcing.batch);
    check_status(tape_backward(forcing.tape,
                               tape_cross_entropy(forcing.tape, run.logits, forcing.targets, 0.0)),
                 STATUS_OK, NULL);
    size_t wrong = 0, checked = 0;
    for (size_t p = 0; p < parameter_set_count(forcing.set); p++) {
        const struct parameter *parameter = parameter_set_at(forcing.set, p);
        double square = 0.0;
        for (size_t i = 0; i < parameter->count; i++)
            square += (double)parameter->gradient[i] * (double)parameter->gradient[i];
        const double norm = sqrt(square);
        if (norm < 1e-3) /* nothing that single precision could see */
            continue;
        const float h = (float)(0.01 / fmax(norm, 0.1));
        double change[2];
        for (size_t s = 0; s < 2; s++) {
            const float step = (s == 0 ? h : -h) / (float)norm;
            for (size_t i = 0; i < parameter->count; i++)
                parameter->value[i] += step * parameter->gradient[i];
            change[s] = loss_of(&forcing);
            for (size_t i = 0; i < parameter->count; i++)
                parameter->value[i] -= step * parameter->gradient[i];
        }
        const double slope = (change[0] - change[1]) / (2.0 * (double)h);
        const bool is_right = fabs(slope - norm) <= 0.02 * norm + 2e-5 / (double)h;
        wrong += !is_right;
        checked++;
        if (!is_right)
            fprintf(stderr, "%s: slope %g, gradient %g\n", parameter->name, slope, norm);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(checked > parameter_set_count(forcing.set) * 3 / 4);
    end(&forcing);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "pixels give the reference's gradients", pixels_give_the_references_gradients },
        { "image units give the reference's loss", image_units_give_the_references_loss },
        { "captions become the reference's ids", captions_become_the_references_ids },
        { "gradients of image units are differences", gradients_of_image_units_are_differences },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "im2sp_trained_golden", cases);
}
