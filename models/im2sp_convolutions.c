/* Convolutions of the image encoder: their windows, and those that come before the patches. */
#include "models/im2sp_net.h"
#include "nn/activation.h"
#include "nn/norm.h"

#include <stdlib.h>

void im2sp_gather_windows(float *out, const float *planes, const struct im2sp_windows *windows)
{
    const size_t S = windows->side, k = windows->kernel;
    const size_t grid = (S + 2 * windows->padding - k) / windows->stride + 1;
    for (size_t row = 0; row < grid; row++)
        for (size_t column = 0; column < grid; column++)
            for (size_t c = 0; c < windows->channels; c++)
                for (size_t y = 0; y < k; y++)
                    for (size_t x = 0; x < k; x++) {
                        /* Left of or above the picture these wrap around, beyond S. */
                        const size_t from_y = row * windows->stride + y - windows->padding;
                        const size_t from_x = column * windows->stride + x - windows->padding;
                        *out++ =
                            from_y < S && from_x < S ? planes[(c * S + from_y) * S + from_x] : 0.0f;
                    }
}

static size_t places_after(const struct im2sp_encoder_config *encoder)
{
    const size_t half = encoder->side / EARLY_SHRINK;
    return half * half;
}

enum status im2sp_convolutions_begin(struct im2sp *net)
{
    const struct im2sp_encoder_config *encoder = &net->config.encoder;
    const size_t width = encoder->convolution_channels, places = places_after(encoder);
    size_t inputs = 0, planes = im2sp_config_inputs(encoder) * encoder->side * encoder->side;
    for (size_t c = 0; c < EARLY_CONVOLUTIONS; c++)
        if (net->weights.encoder.early[c].weight.K > inputs)
            inputs = net->weights.encoder.early[c].weight.K;
    if (places * width > planes)
        planes = places * width;
    /* Of embeddings there are none: an empty buffer is none that memory lacked. */
    net->planes = malloc((planes + 1) * sizeof(float));
    net->windows = malloc((places * inputs + 1) * sizeof(float));
    net->places = malloc((2 * places * width + 1) * sizeof(float));
    return net->planes != NULL && net->windows != NULL && net->places != NULL
               ? STATUS_OK
               : status_fail(STATUS_NO_MEMORY, "convolutions of an image-to-speech model");
}

void im2sp_run_convolutions(struct im2sp *net)
{
    const struct im2sp_encoder_config *encoder = &net->config.encoder;
    const size_t width = encoder->convolution_channels, places = places_after(encoder);
    float *out = net->places, *normed = net->places + places * width;
    for (size_t c = 0; c < EARLY_CONVOLUTIONS && width > 0; c++) {
        const struct im2sp_early *early = &net->weights.encoder.early[c];
        const struct early_convolution sizes =
            early_convolution_at(c, im2sp_config_inputs(encoder), width);
        const struct im2sp_windows windows = { c == 0 ? encoder->side : im2sp_patched_side(encoder),
                                               sizes.channels, sizes.kernel, sizes.stride,
                                               sizes.padding };
        im2sp_gather_windows(net->windows, net->planes, &windows);
        packed_linear(out, net->windows, &early->weight, early->bias, places);
        layer_norm(normed, out, NULL, early->gain, early->offset, encoder->norm_eps, places, width);
        activation_gelu(normed, places * width);
        for (size_t place = 0; place < places; place++)
            for (size_t w = 0; w < width; w++)
                net->planes[w * places + place] = normed[place * width + w];
    }
}
