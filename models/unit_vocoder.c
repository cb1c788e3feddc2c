#include "models/unit_vocoder.h"

#include "models/unit_vocoder_generator.h"
#include "models/unit_vocoder_weights.h"
#include "nn/norm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Five seconds of 20 ms codes. */
enum { PIECE_CODES = 250 };

struct unit_vocoder {
    struct unit_vocoder_config config;
    struct unit_vocoder_weights weights;
    struct unit_vocoder_workspace workspace;
    struct unit_vocoder_trace trace;
};

enum status unit_vocoder_create(struct unit_vocoder **out, const struct tensor_table *table,
                                const struct settings *settings)
{
    char prefix[UNIT_VOCODER_PREFIX_BYTES];
    struct unit_vocoder *net = calloc(1, sizeof *net);
    *out = NULL;
    if (net == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory for the net", table->source);
    enum status outcome = unit_vocoder_prefix(prefix, table);
    if (outcome == STATUS_OK)
        outcome = unit_vocoder_config_read(&net->config, table, prefix, settings);
    if (outcome == STATUS_OK)
        outcome = unit_vocoder_weights_take(&net->weights, table, prefix, &net->config);
    if (outcome == STATUS_OK)
        outcome = unit_vocoder_workspace_begin(&net->workspace, &net->config, PIECE_CODES);
    if (outcome != STATUS_OK) {
        unit_vocoder_destroy(net);
        return outcome;
    }
    *out = net;
    return STATUS_OK;
}

void unit_vocoder_destroy(struct unit_vocoder *net)
{
    if (net == NULL)
        return;
    unit_vocoder_workspace_end(&net->workspace);
    unit_vocoder_weights_end(&net->weights);
    free(net);
}

const struct unit_vocoder_config *unit_vocoder_sizes(const struct unit_vocoder *net)
{
    return &net->config;
}

enum status unit_vocoder_set_piece(struct unit_vocoder *net, size_t piece_codes)
{
    struct unit_vocoder_workspace workspace;
    const enum status outcome = unit_vocoder_workspace_begin(&workspace, &net->config, piece_codes);
    if (outcome != STATUS_OK)
        return outcome;
    unit_vocoder_workspace_end(&net->workspace);
    net->workspace = workspace;
    return STATUS_OK;
}

void unit_vocoder_set_trace(struct unit_vocoder *net, const struct unit_vocoder_trace *trace)
{
    net->trace = trace != NULL ? *trace : (struct unit_vocoder_trace){ 0 };
}

static void show(const struct unit_vocoder *net, const char *name, const float *values, size_t rows,
                 size_t columns)
{
    if (net->trace.put != NULL)
        net->trace.put(net->trace.payload, name, values, rows, columns);
}

size_t unit_vocoder_round_duration(float log_duration)
{
    const float frames = rintf(expf(log_duration) - 1.0f);
    if (!(frames > 1.0f))
        return 1;
    return frames < (float)UNIT_VOCODER_LENGTH_MAX ? (size_t)frames : UNIT_VOCODER_LENGTH_MAX;
}

/* out [count][H] = norm(relu(convolution(in))), with `in` [1 + count + 1][C], zeros around. */
static void run_duration_layer(float *out, const struct unit_vocoder *net, const float *in,
                               size_t layer, size_t count)
{
    static const char *const convolved[] = { "dur.conv1", "dur.conv2" };
    static const char *const normed[] = { "dur.ln1", "dur.ln2" };
    const struct unit_duration_weights *weights = &net->weights.durations;
    const struct unit_convolution *convolution = &weights->convolutions[layer];
    const size_t C = convolution->matrix.K, H = convolution->matrix.N;
    packed_multiply(out, H, in, C, C, &convolution->matrix, convolution->bias, count);
    for (size_t i = 0; i < count * H; i++)
        out[i] = out[i] > 0.0f ? out[i] : 0.0f;
    show(net, convolved[layer], out, count, H);
    layer_norm(out, out, NULL, weights->gains[layer], weights->offsets[layer], 1e-5f, count, H);
    show(net, normed[layer], out, count, H);
}

static void predict(float *logs, const struct unit_vocoder *net, const uint16_t *units,
                    size_t count, float *rows, float *middle, float *last)
{
    const size_t width = net->config.width, H = net->config.duration_hidden;
    for (size_t i = 0; i < count; i++)
        memcpy(rows + (i + 1) * width, net->weights.table + units[i] * width, width * sizeof *rows);
    run_duration_layer(middle + H, net, rows, 0, count);
    run_duration_layer(last, net, middle, 1, count);
    for (size_t i = 0; i < count; i++) {
        float sum = net->weights.durations.out_bias;
        for (size_t h = 0; h < H; h++)
            sum += last[i * H + h] * net->weights.durations.out[h];
        logs[i] = sum;
    }
    show(net, "dur.log_dur", logs, count, 1);
}

enum status unit_vocoder_durations(size_t *durations, struct unit_vocoder *net,
                                   const uint16_t *units, size_t count)
{
    const size_t width = net->config.width, H = net->config.duration_hidden;
    if (H == 0)
        return status_fail(STATUS_INVALID, "this vocoder has no duration predictor");
    float *rows = calloc((count + 2) * width, sizeof *rows);
    float *middle = calloc((count + 2) * H, sizeof *middle);
    float *last = malloc((count + 1) * H * sizeof *last);
    float *logs = malloc((count + 1) * sizeof *logs);
    const bool fits = rows != NULL && middle != NULL && last != NULL && logs != NULL;
    if (fits)
        predict(logs, net, units, count, rows, middle, last);
    for (size_t i = 0; i < count && fits; i++)
        durations[i] = unit_vocoder_round_duration(logs[i]);
    free(rows);
    free(middle);
    free(last);
    free(logs);
    return fits ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "durations of %zu units", count);
}

void unit_vocoder_run(float *samples, struct unit_vocoder *net, const uint16_t *codes, size_t count)
{
    const size_t hop = unit_vocoder_config_hop(&net->config);
    const size_t pieces = (count + net->workspace.piece_codes - 1) / net->workspace.piece_codes;
    const struct unit_vocoder_job job = {
        .config = &net->config,
        .weights = &net->weights,
        .workspace = &net->workspace,
        .trace = net->trace.put != NULL && pieces == 1 ? &net->trace : NULL,
        .codes = codes,
        .count = count,
    };
    for (size_t p = 0; p < pieces; p++) {
        const size_t begin = count * p / pieces, end = count * (p + 1) / pieces;
        unit_vocoder_generate(samples + begin * hop, &job, begin, end - begin);
    }
}

/* Drops negative units and checks the others. `*kept` of `units` are left. */
static enum status check_units(uint16_t *checked, size_t *kept, const struct unit_vocoder *net,
                               const int64_t *units, size_t count)
{
    *kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (units[i] < 0)
            continue;
        if ((uint64_t)units[i] >= net->config.codes)
            return status_fail(STATUS_INVALID, "unit %lld: the vocoder has units 0 .. %zu",
                               (long long)units[i], net->config.codes - 1);
        checked[(*kept)++] = (uint16_t)units[i];
    }
    if (*kept == 0)
        return status_fail(STATUS_INVALID, "no units to speak");
    return STATUS_OK;
}

/* `*codes`: each unit as often as its duration says. */
static enum status expand(uint16_t **codes, size_t *code_count, const uint16_t *units,
                          const size_t *durations, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count && total <= UNIT_VOCODER_LENGTH_MAX; i++)
        total += durations[i];
    if (total > UNIT_VOCODER_LENGTH_MAX)
        return status_fail(STATUS_INVALID, "%zu units last longer than %d codes", count,
                           UNIT_VOCODER_LENGTH_MAX);
    *codes = malloc(total * sizeof **codes);
    *code_count = 0;
    if (*codes == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu codes", total);
    for (size_t i = 0; i < count; i++)
        for (size_t d = 0; d < durations[i]; d++)
            (*codes)[(*code_count)++] = units[i];
    return STATUS_OK;
}

static enum status find_codes(uint16_t **codes, size_t *code_count, struct unit_vocoder *net,
                              const uint16_t *units, size_t count, bool with_durations)
{
    size_t *durations = malloc(count * sizeof *durations);
    enum status outcome = STATUS_OK;
    if (durations == NULL)
        return status_fail(STATUS_NO_MEMORY, "durations of %zu units", count);
    for (size_t i = 0; i < count; i++)
        durations[i] = 1;
    if (with_durations)
        outcome = unit_vocoder_durations(durations, net, units, count);
    if (outcome == STATUS_OK)
        outcome = expand(codes, code_count, units, durations, count);
    free(durations);
    return outcome;
}

enum status unit_vocoder_speak(float **samples, size_t *sample_count, struct unit_vocoder *net,
                               const int64_t *units, size_t count, bool with_durations)
{
    const size_t hop = unit_vocoder_config_hop(&net->config);
    size_t kept = 0, code_count = 0;
    uint16_t *codes = NULL;
    *samples = NULL;
    if (count > UNIT_VOCODER_LENGTH_MAX)
        return status_fail(STATUS_INVALID, "%zu units are more than %d", count,
                           UNIT_VOCODER_LENGTH_MAX);
    uint16_t *checked = malloc((count + 1) * sizeof *checked);
    if (checked == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu units", count);
    enum status outcome = check_units(checked, &kept, net, units, count);
    if (outcome == STATUS_OK)
        outcome = find_codes(&codes, &code_count, net, checked, kept, with_durations);
    if (outcome == STATUS_OK) {
        *sample_count = code_count * hop;
        *samples = malloc(*sample_count * sizeof **samples);
        if (*samples == NULL)
            outcome = status_fail(STATUS_NO_MEMORY, "%zu samples", *sample_count);
        else
            unit_vocoder_run(*samples, net, codes, code_count);
    }
    free(codes);
    free(checked);
    return outcome;
}
