#include "nn/tape_activation.h"
#include "nn/tape_attention.h"
#include "nn/tape_convolution.h"
#include "nn/tape_linear.h"
#include "nn/tape_norm.h"
#include "nn/tape_weight_norm.h"
#include "tokenizers/speech/hubert_trained_inside.h"

#include <math.h>
#include <string.h>

static const float convolution_epsilon = 1e-5f;

/* A run of the net. */
struct running {
    const struct hubert_trained *model;
    const struct hubert_config *config;
    struct tape *tape;
    const struct hubert_trained_batch *batch;
    struct segments frames;
    const uint64_t *names; /* [T]; NULL without dropout */
};

static struct array *parameter_of(const struct running *run, enum hubert_part part,
                                  enum hubert_role role, size_t index)
{
    const struct parameter *parameter = *hubert_trained_slot(run->model, part, role, index);
    return parameter != NULL ? tape_parameter(run->tape, parameter) : NULL;
}

static struct array *linear(const struct running *run, struct array *x, enum hubert_part part,
                            size_t index)
{
    return tape_linear(run->tape, x, parameter_of(run, part, HUBERT_WEIGHT, index),
                       parameter_of(run, part, HUBERT_BIAS, index));
}

static struct array *norm(const struct running *run, struct array *x, enum hubert_part part,
                          size_t index, float epsilon)
{
    return tape_layer_norm(run->tape, x, parameter_of(run, part, HUBERT_WEIGHT, index),
                           parameter_of(run, part, HUBERT_BIAS, index), epsilon);
}

static struct array *dropped(const struct running *run, struct array *x, size_t number)
{
    const struct dropout dropout = {
        .probability = run->names != NULL ? run->model->options.dropout : 0.0f,
        .seed = run->batch->seed,
        .step = run->batch->step,
        .layer = (uint32_t)number,
        .row_names = run->names,
    };
    return tape_dropout(run->tape, x, &dropout);
}

/* Copies an utterance, to mean 0 and variance 1 where the net wants that. */
static void hear(float *out, const struct hubert_utterance *utterance, bool is_normalised)
{
    double sum = 0.0, squares = 0.0;
    memcpy(out, utterance->audio, utterance->samples * sizeof *out);
    if (!is_normalised)
        return;
    const double count = (double)utterance->samples;
    for (size_t i = 0; i < utterance->samples; i++)
        sum += (double)out[i];
    for (size_t i = 0; i < utterance->samples; i++)
        squares += ((double)out[i] - sum / count) * ((double)out[i] - sum / count);
    const double scale = 1.0 / sqrt(squares / count + (double)convolution_epsilon);
    for (size_t i = 0; i < utterance->samples; i++)
        out[i] = (float)(((double)out[i] - sum / count) * scale);
}

/* The samples of all utterances, as rows of one column, and where each begins. */
static struct array *hear_all(const struct running *run, struct segments *samples)
{
    const size_t count = run->batch->count;
    size_t *starts = tape_take(run->tape, count + 1, sizeof *starts), all = 0;
    for (size_t u = 0; u < count; u++)
        all += run->batch->utterances[u].samples;
    float *wave = tape_take(run->tape, all, sizeof *wave);
    *samples = (struct segments){ count, starts };
    if (!tape_has_room(run->tape))
        return tape_output(run->tape, all, 1, false);
    starts[0] = 0;
    for (size_t u = 0; u < count; u++) {
        hear(wave + starts[u], &run->batch->utterances[u], run->config->normalise_wave);
        starts[u + 1] = starts[u] + run->batch->utterances[u].samples;
    }
    return tape_constant(run->tape, wave, all, 1);
}

/* Where the rows of each segment begin after a convolution. */
static struct segments rows_after(const struct running *run, const struct segments *in,
                                  const struct convolution *convolution)
{
    size_t *starts = tape_take(run->tape, in->count + 1, sizeof *starts);
    const struct segments out = { in->count, starts };
    if (!tape_has_room(run->tape))
        return out;
    starts[0] = 0;
    for (size_t s = 0; s < in->count; s++)
        starts[s + 1] =
            starts[s] + convolution_frames(convolution, in->starts[s + 1] - in->starts[s]);
    return out;
}

static struct array *convolve(const struct running *run, struct array *x, struct segments *rows,
                              size_t c)
{
    const struct hubert_config *config = run->config;
    const struct convolution convolution = { .kernel = config->convolutions[c].kernel,
                                             .stride = config->convolutions[c].stride,
                                             .dilation = 1,
                                             .groups = 1 };
    const struct segments out = rows_after(run, rows, &convolution);
    if (!tape_has_room(run->tape))
        return x;
    x = tape_convolution(run->tape, x, rows, &out,
                         parameter_of(run, HUBERT_CONVOLUTION, HUBERT_WEIGHT, c),
                         parameter_of(run, HUBERT_CONVOLUTION, HUBERT_BIAS, c), &convolution);
    if (config->convolution_layer_norm)
        x = norm(run, x, HUBERT_CONVOLUTION_NORM, c, convolution_epsilon);
    else if (c == 0)
        x = tape_group_norm(run->tape, x, &out, config->convolutions[0].channels,
                            parameter_of(run, HUBERT_CONVOLUTION_NORM, HUBERT_WEIGHT, 0),
                            parameter_of(run, HUBERT_CONVOLUTION_NORM, HUBERT_BIAS, 0),
                            convolution_epsilon);
    *rows = out;
    return tape_gelu(run->tape, x);
}

/* Rows that are masked become the embedding of that. */
static struct array *mask(const struct running *run, struct array *x)
{
    const size_t T = x->rows;
    if (run->batch->is_masked == NULL)
        return x;
    struct row_source *sources = tape_take(run->tape, T, sizeof *sources);
    struct array *const parts[] = { x, tape_parameter_part(run->tape, run->model->mask, 0, 1,
                                                           run->config->width) };
    for (size_t t = 0; t < T && tape_has_room(run->tape); t++)
        sources[t] = run->batch->is_masked[t] != 0
                         ? (struct row_source){ .part = 1, .row = 0 }
                         : (struct row_source){ .part = 0, .row = (uint32_t)t };
    return tape_collect_rows(run->tape, parts, 2, sources, T);
}

/* An even kernel would give a frame too many, which is not made. */
static struct array *add_position(const struct running *run, struct array *x)
{
    const struct convolution convolution = { .kernel = run->config->position_kernel,
                                             .stride = 1,
                                             .padding = run->config->position_kernel / 2,
                                             .dilation = 1,
                                             .groups = run->config->position_groups };
    struct array *weight = tape_weight_norm(
        run->tape, parameter_of(run, HUBERT_POSITION, HUBERT_GAIN, 0),
        parameter_of(run, HUBERT_POSITION, HUBERT_DIRECTION, 0), convolution.kernel, 1);
    struct array *position =
        tape_convolution(run->tape, x, &run->frames, &run->frames, weight,
                         parameter_of(run, HUBERT_POSITION, HUBERT_BIAS, 0), &convolution);
    return tape_add(run->tape, x, tape_gelu(run->tape, position));
}

static struct array *attend(const struct running *run, struct array *x, size_t l)
{
    const size_t D = run->config->width;
    const struct attention_plan plan = { .queries = { linear(run, x, HUBERT_QUERY, l), 0 },
                                         .keys = { linear(run, x, HUBERT_KEY, l), 0 },
                                         .values = { linear(run, x, HUBERT_VALUE, l), 0 },
                                         .heads = run->config->heads,
                                         .head_width = D / run->config->heads,
                                         .query_segments = run->frames,
                                         .key_segments = run->frames };
    struct array *attended = tape_attention(run->tape, &plan);
    return dropped(run, linear(run, attended, HUBERT_ATTENTION_OUT, l), 1 + 2 * l);
}

static struct array *feed_forward(const struct running *run, struct array *x, size_t l)
{
    struct array *hidden = tape_gelu(run->tape, linear(run, x, HUBERT_EXPAND, l));
    return dropped(run, linear(run, hidden, HUBERT_CONTRACT, l), 2 + 2 * l);
}

static struct array *run_block(const struct running *run, struct array *x, size_t l)
{
    const float epsilon = (float)run->config->epsilon;
    if (run->config->norm_first) {
        struct array *in = norm(run, x, HUBERT_ATTENTION_NORM, l, epsilon);
        x = tape_add(run->tape, x, attend(run, in, l));
        in = norm(run, x, HUBERT_FINAL_NORM, l, epsilon);
        return tape_add(run->tape, x, feed_forward(run, in, l));
    }
    x = tape_add(run->tape, x, attend(run, x, l));
    x = norm(run, x, HUBERT_ATTENTION_NORM, l, epsilon);
    x = tape_add(run->tape, x, feed_forward(run, x, l));
    return norm(run, x, HUBERT_FINAL_NORM, l, epsilon);
}

/* What each frame is called, for dropout: its utterance's record and its place there. */
static const uint64_t *name_frames(const struct running *run)
{
    const size_t T = run->frames.starts[run->frames.count];
    uint64_t *names = tape_take(run->tape, T, sizeof *names);
    for (size_t u = 0; u < run->batch->count && names != NULL; u++)
        for (size_t t = run->frames.starts[u]; t < run->frames.starts[u + 1]; t++)
            names[t] = run->batch->records[u] << 20 | (t - run->frames.starts[u]);
    return names;
}

struct array *hubert_trained_run(const struct hubert_trained *model, struct tape *tape,
                                 const struct hubert_trained_batch *batch)
{
    const struct hubert_config *config = &model->options.net;
    const float epsilon = (float)config->epsilon;
    struct running run = { .model = model, .config = config, .tape = tape, .batch = batch };
    struct segments rows;
    struct array *x = hear_all(&run, &rows);
    for (size_t c = 0; c < config->convolution_count && tape_has_room(tape); c++)
        x = convolve(&run, x, &rows, c);
    if (!tape_has_room(tape))
        return x;
    run.frames = rows;
    run.names = batch->records != NULL ? name_frames(&run) : NULL;
    x = linear(&run, norm(&run, x, HUBERT_FEATURE_NORM, 0, epsilon), HUBERT_PROJECTION, 0);
    x = add_position(&run, mask(&run, x));
    if (!config->norm_first)
        x = norm(&run, x, HUBERT_ENCODER_NORM, 0, epsilon);
    x = dropped(&run, x, 0);
    for (size_t l = 0; l < config->layers && tape_has_room(tape); l++)
        x = run_block(&run, x, l);
    return config->norm_first ? norm(&run, x, HUBERT_ENCODER_NORM, 0, epsilon) : x;
}

struct array *hubert_trained_logits(const struct hubert_trained *model, struct tape *tape,
                                    struct array *features, const struct row_source *frames,
                                    size_t count)
{
    static const float shortest = 1e-8f; /* PyTorch's, of a cosine */
    struct array *rows = tape_collect_rows(tape, &features, 1, frames, count);
    rows = tape_linear(tape, rows, tape_parameter(tape, model->projection),
                       tape_parameter(tape, model->projection_bias));
    struct array *codewords =
        tape_l2_normalise(tape, tape_parameter(tape, model->codewords), shortest);
    struct array *cosines =
        tape_linear(tape, tape_l2_normalise(tape, rows, shortest), codewords, NULL);
    return tape_scale(tape, cosines, 1.0f / model->options.temperature);
}
