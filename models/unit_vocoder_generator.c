#include "models/unit_vocoder_generator.h"

#include "nn/activation.h"
#include "nn/multiversion.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows between a product and the activation that follows it, which then finds them in the cache. */
enum { CHUNK_ROWS = 512 };

static const float slope = 0.1f, last_slope = 0.01f;

/* Rows begin .. end of a stage. */
struct window {
    ptrdiff_t begin, end;
};

/* What one piece reads and makes. */
struct windows {
    struct window codes;                           /* rows of the first convolution */
    struct window stages[UNIT_VOCODER_STAGES_MAX]; /* rows computed */
};

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

static struct window widen(struct window window, ptrdiff_t before, ptrdiff_t behind,
                           ptrdiff_t total)
{
    return (struct window){ larger(window.begin - before, 0), smaller(window.end + behind, total) };
}

/* Rows on each side that a stage's residual blocks see. */
static ptrdiff_t blocks_reach(const struct unit_vocoder_config *config)
{
    size_t reach = 0;
    for (size_t b = 0; b < config->block_count; b++) {
        const struct unit_vocoder_block *block = &config->blocks[b];
        size_t sum = 0;
        for (size_t d = 0; d < block->dilation_count; d++)
            sum += block->kernel / 2 * (block->dilations[d] + 1);
        reach = sum > reach ? sum : reach;
    }
    return (ptrdiff_t)reach;
}

/* Rows of input on each side that a transposed convolution may see, at most. */
static ptrdiff_t stage_reach(const struct unit_vocoder_stage *stage)
{
    return (ptrdiff_t)(stage->kernel / stage->rate + 1);
}

/* Zeros that stand before and behind the rows that a convolution reads. */
static size_t margin_rows(const struct unit_vocoder_config *config)
{
    ptrdiff_t margin =
        (ptrdiff_t)(larger((ptrdiff_t)config->pre_kernel, (ptrdiff_t)config->post_kernel));
    for (size_t s = 0; s < config->stage_count; s++)
        margin = larger(margin, stage_reach(&config->stages[s]));
    for (size_t b = 0; b < config->block_count; b++)
        for (size_t d = 0; d < config->blocks[b].dilation_count; d++)
            margin = larger(
                margin, (ptrdiff_t)(config->blocks[b].kernel / 2 * config->blocks[b].dilations[d]));
    return (size_t)margin;
}

/* From the samples wanted back to the codes, of an utterance of `total` codes. */
static struct windows plan_windows(const struct unit_vocoder_config *config, size_t first,
                                   size_t count, size_t total)
{
    struct windows windows;
    const ptrdiff_t hop = (ptrdiff_t)unit_vocoder_config_hop(config);
    const ptrdiff_t post = (ptrdiff_t)(config->post_kernel / 2);
    ptrdiff_t rows = (ptrdiff_t)total * hop;
    struct window needed = { (ptrdiff_t)first * hop, (ptrdiff_t)(first + count) * hop };
    needed = widen(needed, post, post, rows);
    for (size_t s = config->stage_count; s-- > 0;) {
        const ptrdiff_t rate = (ptrdiff_t)config->stages[s].rate;
        const ptrdiff_t reach = stage_reach(&config->stages[s]);
        needed = widen(needed, blocks_reach(config), blocks_reach(config), rows);
        needed.begin = needed.begin / rate * rate;
        needed.end = (needed.end + rate - 1) / rate * rate;
        windows.stages[s] = needed;
        rows /= rate;
        needed = (struct window){ needed.begin / rate, needed.end / rate };
        needed = widen(needed, reach, reach, rows);
    }
    windows.codes = needed;
    return windows;
}

static size_t window_rows(struct window window)
{
    return (size_t)(window.end - window.begin);
}

enum status unit_vocoder_workspace_begin(struct unit_vocoder_workspace *workspace,
                                         const struct unit_vocoder_config *config,
                                         size_t piece_codes)
{
    /* A piece from the middle of an utterance reads most. */
    const size_t side = 1 << 20, margin = margin_rows(config);
    const struct windows windows = plan_windows(config, side, piece_codes, 2 * side + piece_codes);
    const size_t pre = window_rows(windows.codes) + 2 * margin;
    size_t plain = pre * config->channels, padded = pre * config->channels;
    if (padded < pre * config->width)
        padded = pre * config->width;
    for (size_t s = 0; s < config->stage_count; s++) {
        const size_t C = unit_vocoder_config_channels(config, s);
        const size_t rows = window_rows(windows.stages[s]);
        plain = rows * C > plain ? rows * C : plain;
        padded = (rows + 2 * margin) * C > padded ? (rows + 2 * margin) * C : padded;
    }
    *workspace = (struct unit_vocoder_workspace){
        .activated = malloc(padded * sizeof(float)),
        .middle = malloc(padded * sizeof(float)),
        .input = malloc(plain * sizeof(float)),
        .state = malloc(plain * sizeof(float)),
        .sum = malloc(plain * sizeof(float)),
        .piece_codes = piece_codes,
    };
    if (workspace->activated != NULL && workspace->middle != NULL && workspace->input != NULL &&
        workspace->state != NULL && workspace->sum != NULL)
        return STATUS_OK;
    unit_vocoder_workspace_end(workspace);
    return status_fail(STATUS_NO_MEMORY, "workspace of a unit vocoder for %zu codes", piece_codes);
}

void unit_vocoder_workspace_end(struct unit_vocoder_workspace *workspace)
{
    free(workspace->activated);
    free(workspace->middle);
    free(workspace->input);
    free(workspace->state);
    free(workspace->sum);
    *workspace = (struct unit_vocoder_workspace){ 0 };
}

/* One stage of a piece. `activated` and `middle` point behind their leading zeros. */
struct stage_run {
    const struct unit_vocoder_job *job;
    float *activated, *middle, *input, *state, *sum;
    size_t rows, C;
};

static void show(const struct unit_vocoder_job *job, const char *kind, size_t number,
                 const float *values, size_t rows, size_t columns)
{
    char name[64];
    if (job->trace == NULL)
        return;
    snprintf(name, sizeof name, number == SIZE_MAX ? "%s" : "%s.%zu", kind, number);
    job->trace->put(job->trace->payload, name, values, rows, columns);
}

static float *with_margins(float *buffer, size_t margin, size_t rows, size_t C)
{
    memset(buffer, 0, margin * C * sizeof *buffer);
    memset(buffer + (margin + rows) * C, 0, margin * C * sizeof *buffer);
    return buffer + margin * C;
}

/* out [rows][N] = the convolution of in [rows][C], which has zeros on both sides. */
static void convolve(float *out, const float *in, const struct unit_convolution *convolution,
                     size_t rows)
{
    const struct packed_matrix *matrix = &convolution->matrix;
    const size_t reach = matrix->taps / 2 * convolution->dilation;
    packed_multiply(out, matrix->N, in - reach * matrix->K, matrix->K,
                    convolution->dilation * matrix->K, matrix, convolution->bias, rows);
}

static void convolve_first(const struct stage_run *run, const struct unit_convolution *convolution,
                           const float *state)
{
    activation_leaky_relu_to(run->activated, state, slope, run->rows * run->C);
    for (size_t row = 0; row < run->rows; row += CHUNK_ROWS) {
        const size_t count = run->rows - row < CHUNK_ROWS ? run->rows - row : CHUNK_ROWS;
        float *out = run->middle + row * run->C;
        convolve(out, run->activated + row * run->C, convolution, count);
        activation_leaky_relu(out, slope, count * run->C);
    }
}

static void add_second(const struct stage_run *run, const struct unit_convolution *convolution)
{
    const size_t C = run->C, reach = convolution->matrix.taps / 2;
    packed_multiply_add(run->state, C, run->middle - reach * C, C, C, &convolution->matrix,
                        convolution->bias, run->rows);
}

static void run_block(const struct stage_run *run, const struct unit_residual *block,
                      size_t dilation_count)
{
    memcpy(run->state, run->input, run->rows * run->C * sizeof *run->state);
    for (size_t d = 0; d < dilation_count; d++) {
        convolve_first(run, &block->first[d], run->state);
        add_second(run, &block->second[d]);
    }
}

MULTIVERSION static void add_scaled(float *sum, const float *state, float scale, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum[i] = (sum[i] + state[i]) * scale;
}

/* The mean of all blocks, in `sum`. */
static void run_blocks(const struct stage_run *run, size_t stage)
{
    const struct unit_vocoder_config *config = run->job->config;
    const size_t count = run->rows * run->C;
    memset(run->sum, 0, count * sizeof *run->sum);
    for (size_t b = 0; b < config->block_count; b++) {
        const bool is_last = b + 1 == config->block_count;
        run_block(run, &run->job->weights->blocks[stage][b], config->blocks[b].dilation_count);
        if (stage == 0)
            show(run->job, "resblock", b, run->state, run->rows, run->C);
        add_scaled(run->sum, run->state, is_last ? 1.0f / (float)config->block_count : 1.0f, count);
    }
    show(run->job, "stage", stage, run->sum, run->rows, run->C);
}

/* The transposed convolution from `activated`, rows of `from`, to `out`, rows of `to`. */
static void upsample(float *out, const float *activated, const struct unit_vocoder_job *job,
                     size_t stage, struct window from, struct window to)
{
    const struct unit_upsampling *ups = &job->weights->ups[stage];
    const size_t rate = job->config->stages[stage].rate;
    const ptrdiff_t first = to.begin / (ptrdiff_t)rate - from.begin;
    for (size_t r = 0; r < rate; r++) {
        const struct unit_phase *phase = &ups->phases[r];
        const size_t N = phase->matrix.N, K = phase->matrix.K;
        const ptrdiff_t begin = first + phase->last - ((ptrdiff_t)phase->matrix.taps - 1);
        packed_multiply(out + r * N, rate * N, activated + begin * (ptrdiff_t)K, K, K,
                        &phase->matrix, ups->bias, window_rows(to) / rate);
    }
    show(job, "ups", stage, out, window_rows(to), unit_vocoder_config_channels(job->config, stage));
}

/* The first convolution over the codes' rows: `out` [rows of window][channels]. */
static void run_pre(float *out, const struct unit_vocoder_job *job, struct window window)
{
    const struct unit_vocoder_config *config = job->config;
    const size_t width = config->width, margin = config->pre_kernel / 2;
    const struct window seen = { window.begin - (ptrdiff_t)margin, window.end + (ptrdiff_t)margin };
    float *rows = job->workspace->middle;
    for (ptrdiff_t row = seen.begin; row < seen.end; row++) {
        float *to = rows + (size_t)(row - seen.begin) * width;
        if (row < 0 || row >= (ptrdiff_t)job->count)
            memset(to, 0, width * sizeof *to);
        else
            memcpy(to, job->weights->table + job->codes[row] * width, width * sizeof *to);
    }
    show(job, "expanded_embedding", SIZE_MAX, rows + margin * width, window_rows(window), width);
    convolve(out, rows + margin * width, &job->weights->pre, window_rows(window));
    show(job, "conv_pre", SIZE_MAX, out, window_rows(window), config->channels);
}

static void run_post(float *samples, const struct stage_run *run, struct window window,
                     size_t first_sample, size_t sample_count)
{
    const size_t skipped = first_sample - (size_t)window.begin;
    activation_leaky_relu_to(run->activated, run->sum, last_slope, run->rows * run->C);
    convolve(samples, run->activated + skipped * run->C, &run->job->weights->post, sample_count);
    show(run->job, "conv_post", SIZE_MAX, samples, sample_count, 1);
    activation_tanh(samples, sample_count);
    show(run->job, "waveform", SIZE_MAX, samples, sample_count, 1);
}

void unit_vocoder_generate(float *samples, const struct unit_vocoder_job *job, size_t first,
                           size_t count)
{
    const struct unit_vocoder_config *config = job->config;
    const struct unit_vocoder_workspace *workspace = job->workspace;
    const size_t margin = margin_rows(config), hop = unit_vocoder_config_hop(config);
    const struct windows windows = plan_windows(config, first, count, job->count);
    struct stage_run run = { .job = job,
                             .input = workspace->input,
                             .state = workspace->state,
                             .sum = workspace->sum,
                             .rows = window_rows(windows.codes),
                             .C = config->channels };
    struct window from = windows.codes;
    assert(count >= 1 && count <= workspace->piece_codes && first + count <= job->count);
    run_pre(run.sum, job, from);
    for (size_t s = 0; s < config->stage_count; s++) {
        run.activated = with_margins(workspace->activated, margin, run.rows, run.C);
        activation_leaky_relu_to(run.activated, run.sum, slope, run.rows * run.C);
        upsample(run.input, run.activated, job, s, from, windows.stages[s]);
        from = windows.stages[s];
        run.rows = window_rows(from);
        run.C = unit_vocoder_config_channels(config, s);
        run.activated = with_margins(workspace->activated, margin, run.rows, run.C);
        run.middle = with_margins(workspace->middle, margin, run.rows, run.C);
        run_blocks(&run, s);
    }
    run_post(samples, &run, from, first * hop, count * hop);
}
