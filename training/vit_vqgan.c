#include "training/vit_vqgan.h"

#include "cluster/slices.h"
#include "core/log.h"
#include "core/random.h"
#include "nn/tape_activation.h"
#include "tokenizers/image/pixel_planes.h"
#include "training/vit_vqgan_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What of a picture is used in a step. */
struct view {
    size_t top, left;
    bool is_flipped;
};

static struct view draw_view(const struct vit_vqgan_objective *self,
                             const struct objective_batch *step, size_t picture)
{
    const uint32_t places = (uint32_t)self->options.margin + 1;
    char purpose[48];
    snprintf(purpose, sizeof purpose, "view %llu", (unsigned long long)step->step);
    struct random_stream stream = random_stream_numbered(step->seed, step->names[picture], purpose);
    return (struct view){ .top = random_below(&stream, places),
                          .left = random_below(&stream, places),
                          .is_flipped = random_below(&stream, 2) == 1 && self->options.flips };
}

static void cut(uint8_t *out, const uint8_t *pixels, size_t source_width, const struct view *view,
                const struct patches_shape *shape)
{
    for (size_t y = 0; y < shape->height; y++) {
        const uint8_t *row = pixels + ((view->top + y) * source_width + view->left) * 3;
        for (size_t x = 0; x < shape->width; x++) {
            const size_t from = view->is_flipped ? shape->width - 1 - x : x;
            memcpy(out + (y * shape->width + x) * 3, row + from * 3, 3);
        }
    }
}

/* Buffers of a pass, in the tape's memory. */
struct inputs {
    float *patches, *planes;
    uint8_t *pixels;
    size_t *indices;
};

static void fill_inputs(const struct inputs *inputs, const struct vit_vqgan_pass *pass,
                        const struct vit_vqgan_objective *self,
                        const struct picture_batch *pictures, const struct objective_batch *step)
{
    const struct patches_shape *shape = &self->shape;
    const size_t values = 3 * shape->height * shape->width;
    for (size_t p = 0; p < pass->count; p++) {
        const size_t picture = inputs->indices[p];
        const uint8_t *pixels = pictures->pixels + picture * pictures->height * pictures->width * 3;
        const struct view view =
            step != NULL ? draw_view(self, step, picture) : (struct view){ .top = 0 };
        cut(inputs->pixels, pixels, pictures->width, &view, shape);
        pixel_planes(inputs->planes, inputs->pixels, shape->width, shape->height, NULL, NULL);
        patches_from_planes(inputs->patches + p * values, inputs->planes, shape);
    }
}

/* Chooses the pictures of a pass. */
static void choose(struct vit_vqgan_pass *pass, size_t *indices, size_t most,
                   const struct picture_batch *pictures, size_t first)
{
    pass->count = 0;
    for (pass->next = first; pass->next < pictures->count && pass->count < most; pass->next++)
        if (pictures->is_read[pass->next])
            indices[pass->count++] = pass->next;
}

bool vit_vqgan_run_pass(struct vit_vqgan_pass *pass, const struct vit_vqgan_objective *self,
                        struct tape *tape, const struct picture_batch *pictures, size_t first,
                        const struct objective_batch *step)
{
    const size_t values = 3 * self->shape.height * self->shape.width;
    const size_t fitting = self->options.pass_tokens / self->tokens;
    const size_t left = pictures->count - first, wanted = fitting > 0 ? fitting : 1;
    const size_t most = wanted < left ? wanted : left;
    *pass = (struct vit_vqgan_pass){ .next = first };
    tape_reset(tape);
    tape_set_recording(tape, step != NULL);
    if (most == 0)
        return false;
    const struct inputs inputs = { .patches = tape_take(tape, most * values, sizeof(float)),
                                   .planes = tape_take(tape, values, sizeof(float)),
                                   .pixels = tape_take(tape, values, 1),
                                   .indices = tape_take(tape, most, sizeof(size_t)) };
    if (!tape_has_room(tape))
        return true;
    choose(pass, inputs.indices, most, pictures, first);
    if (pass->count == 0)
        return false;
    fill_inputs(&inputs, pass, self, pictures, step);
    pass->wanted = inputs.patches;
    pass->indices = inputs.indices;
    pass->run = vit_vqgan_trained_run(self->net, tape, inputs.patches, pass->count,
                                      self->options.commitment);
    return true;
}

static void watch_codes(const struct vit_vqgan_objective *self, const struct vit_vqgan_pass *pass,
                        const struct objective_batch *step)
{
    const size_t T = self->tokens, C = self->options.net.code_width;
    for (size_t p = 0; p < pass->count; p++)
        code_watch_add(self->watch, step->names[pass->indices[p]],
                       pass->run.latents->value + p * T * C, pass->run.ids + p * T, T);
}

/* The gradients of what this rank has of the batch's `total` pictures, and its part of the loss. */
static enum status differentiate(double *loss, const struct vit_vqgan_objective *self,
                                 const struct objective_batch *step, double total)
{
    const struct picture_batch *pictures = step->data;
    struct tape *tape = step->tape;
    struct vit_vqgan_pass pass = { .next = 0 };
    enum status outcome = STATUS_OK;
    while (outcome == STATUS_OK &&
           vit_vqgan_run_pass(&pass, self, tape, pictures, pass.next, step)) {
        outcome = tape_status(tape);
        if (outcome != STATUS_OK)
            break;
        struct array *made = picture_loss(tape, pass.run.patches, pass.wanted, pass.count,
                                          &self->shape, &self->options.weights, total);
        struct array *sum = tape_add(
            tape, made, tape_scale(tape, pass.run.code_loss, (float)((double)pass.count / total)));
        outcome = tape_backward(tape, sum);
        if (outcome != STATUS_OK)
            break;
        *loss += (double)sum->value[0];
        watch_codes(self, &pass, step);
    }
    return outcome;
}

static enum status take_step(double *loss, void *vit_vqgan, const struct team *team,
                             const struct objective_batch *step)
{
    const struct vit_vqgan_objective *self = vit_vqgan;
    const struct picture_batch *pictures = step->data;
    double total = (double)(pictures->count - pictures->lost);
    *loss = 0.0;
    if (pictures->lost > 0)
        log_event("left-out", "pictures=%zu reason=%s", pictures->lost, pictures->reason);
    slices_sum_doubles(team, &total, 1);
    if (total < 1.0)
        return team_agree(team, "differentiate pictures",
                          status_fail(STATUS_INVALID, "no picture of a batch could be read: %s",
                                      pictures->lost > 0 ? pictures->reason : "none is here"));
    code_watch_begin(self->watch, step->seed, step->step);
    enum status outcome =
        team_agree(team, "differentiate pictures", differentiate(loss, self, step, total));
    if (outcome != STATUS_OK)
        return outcome;
    slices_sum_doubles(team, loss, 1);
    return code_watch_end(self->watch, team);
}

static void draw(void *vit_vqgan, uint64_t seed)
{
    const struct vit_vqgan_objective *self = vit_vqgan;
    vit_vqgan_trained_draw(self->net, seed);
}

static enum status write_settings(struct settings *settings, void *vit_vqgan)
{
    const struct vit_vqgan_objective *self = vit_vqgan;
    return vit_vqgan_config_write(settings, &self->options.net);
}

static void close_objective(void *vit_vqgan)
{
    struct vit_vqgan_objective *self = vit_vqgan;
    if (self == NULL)
        return;
    vit_vqgan_trained_destroy(self->net);
    code_watch_destroy(self->watch);
    picture_batches_destroy(self->batches);
    free(self);
}

enum status vit_vqgan_objective_open(struct objective *objective, struct parameter_set *set,
                                     const struct vit_vqgan_objective_options *options)
{
    const struct vit_vqgan_config *net = &options->net;
    struct vit_vqgan_objective *self = calloc(1, sizeof *self);
    if (self == NULL)
        return status_fail(STATUS_NO_MEMORY, "vit-vqgan: no memory");
    self->options = *options;
    enum status outcome = vit_vqgan_trained_create(&self->net, set, net);
    if (outcome == STATUS_OK)
        outcome = code_watch_create(&self->watch, set, vit_vqgan_trained_codes(self->net),
                                    options->revive_batches);
    if (outcome == STATUS_OK)
        outcome = picture_batches_create(&self->batches, &options->reader, net->image_height,
                                         net->image_width, options->margin);
    if (outcome != STATUS_OK) {
        close_objective(self);
        return outcome;
    }
    self->tokens = vit_vqgan_config_tokens(net);
    self->shape = (struct patches_shape){ net->image_height, net->image_width, net->patch };
    *objective = (struct objective){ .name = "vit-vqgan",
                                     .source = picture_batches_source(self->batches),
                                     .self = self,
                                     .step = take_step,
                                     .validate = vit_vqgan_validate,
                                     .write_settings = write_settings,
                                     .draw = draw,
                                     .close = close_objective };
    return STATUS_OK;
}

struct vit_vqgan_trained *vit_vqgan_objective_net(const struct objective *objective)
{
    const struct vit_vqgan_objective *self = objective->self;
    return self->net;
}
