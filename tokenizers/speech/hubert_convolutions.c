#include "tokenizers/speech/hubert_convolutions.h"

#include "nn/activation.h"
#include "nn/matmul.h"
#include "nn/multiversion.h"
#include "nn/narrow_matmul.h"
#include "nn/norm.h"

#include <math.h>
#include <string.h>

/* Rows of the last convolution in a stretch, and rows of any in one product: the first few hundred
 * rows of input and output stay in the second cache between the product and what follows. */
enum { STRETCH_ROWS = 256, PRODUCT_ROWS = 512, KERNEL_MAX = 64 };

static const float norm_epsilon = 1e-5f; /* PyTorch's default, which no configuration changes */

/* The convolutions of one utterance. */
struct convolving {
    const struct hubert_config *config;
    const struct hubert_weights *weights;
    const struct hubert_trace *trace; /* NULL: none, or the utterance is cut */
    const float *audio;
    double mean, scale;  /* the net hears (sample - mean) * scale */
    float *first, *bias; /* the first convolution: [k][C], [C] */
    float *wave;         /* the stretch's samples */
    float *rows0;        /* what the first convolution gives to one product of the second */
    float *turns[2];     /* what the others give, by turns */
};

/* Rows that convolution `c` reads to give `rows`. */
static size_t rows_read(const struct hubert_config *config, size_t c, size_t rows)
{
    return (rows - 1) * config->convolutions[c].stride + config->convolutions[c].kernel;
}

/* Rows of convolution `c` in the longest stretch. */
static size_t rows_of(const struct hubert_config *config, size_t c)
{
    size_t rows = STRETCH_ROWS;
    for (size_t later = config->convolution_count - 1; later > c; later--)
        rows = rows_read(config, later, rows);
    return rows;
}

struct scratch_counts {
    size_t first, bias, wave, rows0, turns[2];
};

static struct scratch_counts count_scratch(const struct hubert_config *config)
{
    const struct hubert_convolution *layers = config->convolutions;
    struct scratch_counts counts = {
        .first = layers[0].channels * layers[0].kernel,
        .bias = layers[0].channels,
        .wave = rows_read(config, 0, rows_of(config, 0)),
        .rows0 = rows_read(config, 1, PRODUCT_ROWS) * layers[0].channels,
    };
    for (size_t c = 1; c + 1 < config->convolution_count; c++) {
        const size_t count = rows_of(config, c) * layers[c].channels;
        if (count > counts.turns[c % 2])
            counts.turns[c % 2] = count;
    }
    return counts;
}

size_t hubert_convolve_scratch_count(const struct hubert_config *config)
{
    const struct scratch_counts counts = count_scratch(config);
    return counts.first + counts.bias + counts.wave + counts.rows0 + counts.turns[0] +
           counts.turns[1];
}

/* Without normalisation a net with layer norms hears the samples as they are; for one with a group
 * norm, which takes a constant out again, the mean goes first so that its sums stay exact. */
static void measure_wave(struct convolving *run, size_t samples)
{
    double sum = 0.0, squares = 0.0;
    run->scale = 1.0;
    if (run->config->convolution_layer_norm && !run->config->normalise_wave)
        return;
    for (size_t i = 0; i < samples; i++)
        sum += (double)run->audio[i];
    run->mean = sum / (double)samples;
    if (!run->config->normalise_wave)
        return;
    for (size_t i = 0; i < samples; i++) {
        const double difference = (double)run->audio[i] - run->mean;
        squares += difference * difference;
    }
    run->scale = 1.0 / sqrt(squares / (double)samples + (double)norm_epsilon);
}

/* Sums over all windows of the wave: of sample k, and of the product of samples k and l. */
struct window_sums {
    double first[KERNEL_MAX], second[KERNEL_MAX][KERNEL_MAX];
};

MULTIVERSION static void sum_windows(struct window_sums *sums, const struct convolving *run,
                                     size_t windows, size_t stride, size_t kernel)
{
    *sums = (struct window_sums){ 0 };
    for (size_t w = 0; w < windows; w++) {
        double window[KERNEL_MAX];
        for (size_t k = 0; k < kernel; k++)
            window[k] = ((double)run->audio[w * stride + k] - run->mean) * run->scale;
        for (size_t k = 0; k < kernel; k++) {
            sums->first[k] += window[k];
            for (size_t l = 0; l < kernel; l++)
                sums->second[k][l] += window[k] * window[l];
        }
    }
}

/* The first convolution with its group norm (one group a channel) folded in. The convolution has no
 * use for its own bias, which the norm takes out again. */
static void fold_group_norm(struct convolving *run, size_t windows)
{
    const struct hubert_convolution *layer = &run->config->convolutions[0];
    const struct hubert_pair *norm = &run->weights->convolution_norms[0];
    const size_t C = layer->channels, kernel = layer->kernel;
    struct window_sums sums;
    sum_windows(&sums, run, windows, layer->stride, kernel);
    for (size_t c = 0; c < C; c++) {
        double mean = 0.0, square = 0.0;
        for (size_t k = 0; k < kernel; k++) {
            const double weight = (double)run->weights->first[k * C + c];
            double row = 0.0;
            for (size_t l = 0; l < kernel; l++)
                row += sums.second[k][l] * (double)run->weights->first[l * C + c];
            square += weight * row / (double)windows;
            mean += weight * sums.first[k] / (double)windows;
        }
        const double variance = fmax(square - mean * mean, 0.0);
        const double scale = (double)norm->weight[c] / sqrt(variance + (double)norm_epsilon);
        run->bias[c] = (float)((double)norm->bias[c] - mean * scale);
        for (size_t k = 0; k < kernel; k++)
            run->first[k * C + c] = (float)((double)run->weights->first[k * C + c] * scale);
    }
}

static void prepare_first(struct convolving *run, size_t samples)
{
    const struct hubert_convolution *layer = &run->config->convolutions[0];
    const size_t C = layer->channels;
    if (!run->config->convolution_layer_norm) {
        fold_group_norm(run, (samples - layer->kernel) / layer->stride + 1);
        return;
    }
    const float *bias = run->weights->convolutions[0].bias;
    memcpy(run->first, run->weights->first, C * layer->kernel * sizeof *run->first);
    for (size_t c = 0; c < C; c++)
        run->bias[c] = bias != NULL ? bias[c] : 0.0f;
}

/* What follows the product of convolution `c`, in place. */
static void finish(const struct convolving *run, size_t c, float *rows, size_t count)
{
    const size_t C = run->config->convolutions[c].channels;
    const struct hubert_pair *norm = &run->weights->convolution_norms[c];
    if (run->config->convolution_layer_norm)
        layer_norm(rows, rows, NULL, norm->weight, norm->bias, norm_epsilon, count, C);
    activation_gelu(rows, count * C);
}

/* `count` rows of the first convolution, from row `start` of the stretch. */
static void convolve_first(const struct convolving *run, size_t start, size_t count)
{
    const struct hubert_convolution *layer = &run->config->convolutions[0];
    const size_t C = layer->channels;
    const float *wave = run->wave + start * layer->stride;
    if (run->trace != NULL) {
        const float *heard =
            run->config->normalise_wave ? wave : run->audio + start * layer->stride;
        narrow_matmul(run->rows0, C, heard, layer->stride, run->weights->first, C,
                      run->weights->convolutions[0].bias, count, C, layer->kernel);
        hubert_trace_put(run->trace, "conv0_raw", run->rows0, count, C);
    }
    narrow_matmul(run->rows0, C, wave, layer->stride, run->first, C, run->bias, count, C,
                  layer->kernel);
    finish(run, 0, run->rows0, count);
    hubert_trace_put(run->trace, "conv0", run->rows0, count, C);
}

/* Convolution `c` >= 1: `count` rows from `in`, a product at a time. The first convolution is made
 * as the second one needs it. */
static void convolve(const struct convolving *run, size_t c, float *out, const float *in,
                     size_t count)
{
    const struct hubert_convolution *layer = &run->config->convolutions[c];
    const size_t C = run->config->convolutions[c - 1].channels, N = layer->channels;
    for (size_t start = 0; start < count; start += PRODUCT_ROWS) {
        const size_t left = count - start, rows = left < PRODUCT_ROWS ? left : PRODUCT_ROWS;
        const float *read = in + start * layer->stride * C;
        if (c == 1) {
            convolve_first(run, start * layer->stride, rows_read(run->config, 1, rows));
            read = run->rows0;
        }
        matmul_linear(out + start * N, N, read, layer->stride * C, run->weights->convolved[c],
                      run->weights->convolutions[c].bias, rows, N, layer->kernel * C);
        finish(run, c, out + start * N, rows);
    }
    hubert_trace_put_numbered(run->trace, "conv", c, "", out, count, N);
}

/* Rows start .. start + count of the last convolution. */
static void convolve_stretch(struct convolving *run, float *out, size_t start, size_t count)
{
    const struct hubert_config *config = run->config;
    const size_t last = config->convolution_count - 1;
    size_t rows[HUBERT_CONVOLUTIONS_MAX], first_sample = start;
    rows[last] = count;
    for (size_t c = last; c > 0; c--) {
        rows[c - 1] = rows_read(config, c, rows[c]);
        first_sample *= config->convolutions[c].stride;
    }
    first_sample *= config->convolutions[0].stride;
    const size_t samples = rows_read(config, 0, rows[0]);
    for (size_t i = 0; i < samples; i++)
        run->wave[i] = (float)(((double)run->audio[first_sample + i] - run->mean) * run->scale);

    const float *in = NULL;
    for (size_t c = 1; c <= last; c++) {
        float *given = c == last ? out : run->turns[c % 2];
        convolve(run, c, given, in, rows[c]);
        in = given;
    }
}

void hubert_convolve(float *out, const struct hubert_config *config,
                     const struct hubert_weights *weights, const float *audio, size_t samples,
                     float *scratch, const struct hubert_trace *trace)
{
    const struct scratch_counts counts = count_scratch(config);
    struct convolving run = { .config = config, .weights = weights, .audio = audio };
    run.first = scratch;
    run.bias = run.first + counts.first;
    run.wave = run.bias + counts.bias;
    run.rows0 = run.wave + counts.wave;
    run.turns[0] = run.rows0 + counts.rows0;
    run.turns[1] = run.turns[0] + counts.turns[0];
    measure_wave(&run, samples);
    prepare_first(&run, samples);

    const size_t last = config->convolution_count - 1, C = config->convolutions[last].channels;
    const size_t T = hubert_config_frame_count(config, samples);
    const size_t stretches = (T + STRETCH_ROWS - 1) / STRETCH_ROWS;
    size_t rows1 = T;
    for (size_t c = last; c > 1; c--)
        rows1 = rows_read(config, c, rows1);
    run.trace = stretches == 1 && rows1 <= PRODUCT_ROWS ? trace : NULL;
    for (size_t s = 0; s < stretches; s++) {
        const size_t start = T * s / stretches, end = T * (s + 1) / stretches;
        convolve_stretch(&run, out + start * C, start, end - start);
    }
    hubert_trace_put(trace, "conv", out, T, C);
}
