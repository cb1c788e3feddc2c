#include "models/im2sp_trained_inside.h"

#include <stdlib.h>
#include <string.h>

struct im2sp_first_convolution im2sp_first_convolution(const struct im2sp_trained *model)
{
    const bool is_early = model->config.encoder.convolution_channels > 0;
    const struct im2sp_weights *places = &model->places;
    const void *weight = &places->encoder.patch, *bias = &places->encoder.patch_bias;
    if (is_early) {
        weight = &places->encoder.early[0].weight;
        bias = &places->encoder.early[0].bias;
    }
    return (struct im2sp_first_convolution){ im2sp_slot_at(model, weight)->parts[0],
                                             im2sp_slot_at(model, bias)->parts[0] };
}

enum status im2sp_trained_whiten_codes(struct im2sp_trained *model)
{
    const struct im2sp_encoder_config *encoder = &model->config.encoder;
    const size_t values = model->codebook.count * encoder->channels;
    /* A square that lies half outside sees zeros there, which are other vectors to either. */
    if (encoder->convolution_channels == 0 && encoder->padding > 0)
        return STATUS_OK;
    float *rows = malloc(values * sizeof *rows);
    if (rows == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu whitened codes", model->codebook.count);
    memcpy(rows, model->codebook.rows, values * sizeof *rows);
    const enum status outcome =
        unit_codes_whiten(&model->map, rows, model->codebook.count, encoder->channels);
    if (outcome == STATUS_OK)
        model->whitened = rows;
    else
        free(rows);
    return outcome;
}

static void change_weights(const struct im2sp_trained *model,
                           double (*change)(const struct unit_code_map *, float *, size_t))
{
    const struct im2sp_first_convolution first = im2sp_first_convolution(model);
    const size_t taps = first.weight->columns / im2sp_config_inputs(&model->config.encoder);
    for (size_t row = 0; row < first.weight->rows; row++) {
        double shift = 0.0;
        for (size_t tap = 0; tap < taps; tap++)
            shift +=
                change(&model->map, first.weight->value + row * first.weight->columns + tap, taps);
        first.bias->value[row] += (float)shift;
    }
}

void im2sp_take_to_whitened(const struct im2sp_trained *model)
{
    if (model->whitened != NULL)
        change_weights(model, unit_code_map_whitened_weights);
}

void im2sp_trained_settle(struct im2sp_trained *model)
{
    if (model->whitened == NULL)
        return;
    change_weights(model, unit_code_map_weights);
    unit_code_map_end(&model->map);
    free(model->whitened);
    model->whitened = NULL;
}
