/* How the parts of the net work together.
 *
 * LIFT. A GELU leaves large positive numbers as they are. So a signal that must pass unchanged
 * rides on a constant, LIFT, which the first group norm's bias brings in and which one channel
 * carries alone for all later layers to use.
 *
 * Convolutions 0 to 3 unfold the wave: each channel of convolution c holds the wave at one delay, 9
 * samples of it in the first and 63 in the fourth. Convolution 4 thereby sees 143 samples at once
 * and is a bank of band filters, each in three phases, whose GELU is a rectifier; three phases
 * together make a level that hardly ripples. Convolutions 5 and 6 average the levels over a frame.
 *
 * Layer norms take out the mean over channels, so each signal has its negative beside it, and
 * divide by the deviation, so a pair of constants, LIFT and -LIFT, outweighs all signals: a norm is
 * then close to a multiplication by a known number, which its gain undoes.
 *
 * The positional convolution adds neighbouring frames' levels. Block 1's feed-forward part takes
 * the logarithm of each level, as a sum of ramps, and its cosine transform; the norm after it drops
 * the levels. All other blocks add nothing. */
#include "tokenizers/speech/hubert_designed.h"

#include "tokenizers/speech/hubert_config.h"
#include "tokenizers/speech/hubert_names.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
    BANDS = 21,
    PHASES = 3,
    CEPSTRA = 13,
    FILTER_LAYER = 4, /* the convolution that filters */
    FIRST_STEP = 5,   /* samples from row to row of the first convolution */
    FIRST_DELAYS = 9,
    FILTER_SAMPLES = 143,
    KNOTS = 24 /* ramps a logarithm: BANDS * KNOTS hidden numbers of 512 */
};

/* Columns of the 128 that go through the blocks; the pair of constants is last. */
enum { LEVELS_AT = 0, NEGATED_LEVELS_AT = BANDS, CEPSTRA_AT = 2 * BANDS };
enum { NEGATED_CEPSTRA_AT = CEPSTRA_AT + CEPSTRA };

static const double lift = 32.0;
static const double emphasis = 0.97;
static const double rectifier_gain = 1000.0; /* how far a rectified band lies above a GELU's bend */
static const double neighbour_share = 0.3;   /* of each neighbour's level, beside a frame's own 1 */
static const double quietest = 1e-3;         /* what the logarithm adds to a level */
static const double loudest = 4.0;           /* the last knot of the logarithm */
static const double middle = 0.03;           /* the level whose logarithm becomes 0 */
static const double ramp_gain = 8.0;         /* how far a ramp's ends lie from a GELU's bend */
static const double cepstrum_scale = 0.1;    /* keeps cepstra small beside the constants */
static const double lifter = 22.0;
static const double lowest_hz = 100.0, highest_hz = 7200.0;
static const double pi = 3.14159265358979323846;

struct design {
    struct tensor_table *table;
    struct hubert_config config;
};

/* The tensor being filled: rows [outputs][inputs][taps]. */
struct view {
    float *values;
    size_t inputs, taps;
};

static void put(const struct view *view, size_t output, size_t input, size_t tap, double value)
{
    view->values[(output * view->inputs + input) * view->taps + tap] = (float)value;
}

static size_t step_samples(size_t layer)
{
    return (size_t)FIRST_STEP << layer;
}

/* Delays that convolution `layer` <= 3 holds, one a channel; the last channel is the constant. */
static size_t delay_count(size_t layer, size_t channels)
{
    size_t delays = FIRST_DELAYS;
    for (size_t l = 1; l <= layer; l++)
        delays += 2 * step_samples(l - 1);
    return delays < channels - 1 ? delays : channels - 1;
}

static void unfold_first(const struct view *view)
{
    for (size_t delay = 0; delay < FIRST_DELAYS; delay++) {
        put(view, delay, 0, delay, -emphasis);
        put(view, delay, 0, delay + 1, 1.0);
    }
}

/* The row and the channel of the layer below that hold a delay. */
static size_t tap_of(size_t delay, size_t layer)
{
    const size_t tap = delay / step_samples(layer - 1);
    return tap < 2 ? tap : 2;
}

static size_t channel_of(size_t delay, size_t layer)
{
    return delay - tap_of(delay, layer) * step_samples(layer - 1);
}

static void unfold(const struct view *view, size_t layer, size_t channels)
{
    for (size_t delay = 0; delay < delay_count(layer, channels); delay++)
        put(view, delay, channel_of(delay, layer), tap_of(delay, layer), 1.0);
}

static double mel_to_hz(double mel)
{
    return 700.0 * (exp(mel / 1127.0) - 1.0);
}

/* Edge `edge` of 0 .. BANDS + 1: band b lies from edge b to edge b + 2. */
static double band_edge_hz(size_t edge)
{
    const double low = 1127.0 * log(1.0 + lowest_hz / 700.0);
    const double high = 1127.0 * log(1.0 + highest_hz / 700.0);
    return mel_to_hz(low + (high - low) * (double)edge / (double)(BANDS + 1));
}

/* A cosine under a Hann window as long as the band is narrow, and without a constant part, so that
 * LIFT does not come through. */
static void make_filter(double filter[FILTER_SAMPLES], size_t band, size_t phase)
{
    const double center_hz = band_edge_hz(band + 1);
    const double width_hz = (band_edge_hz(band + 2) - band_edge_hz(band)) / 2.0;
    const double length = fmin(FILTER_SAMPLES, 2.0 * HUBERT_SAMPLE_RATE_HZ / width_hz);
    double window[FILTER_SAMPLES], window_sum = 0.0, sum = 0.0;
    for (size_t i = 0; i < FILTER_SAMPLES; i++) {
        const double at = (double)i - (FILTER_SAMPLES - 1) / 2.0;
        const double angle =
            2.0 * pi * (center_hz * at / HUBERT_SAMPLE_RATE_HZ + (double)phase / PHASES);
        const double wave = cos(pi * at / length);
        window[i] = fabs(at) < length / 2.0 ? wave * wave : 0.0;
        filter[i] = window[i] * cos(angle);
        window_sum += window[i];
        sum += filter[i];
    }
    for (size_t i = 0; i < FILTER_SAMPLES; i++)
        filter[i] = (filter[i] - window[i] * sum / window_sum) / window_sum;
}

static void filter_bands(const struct view *view)
{
    double filter[FILTER_SAMPLES];
    for (size_t output = 0; output < BANDS * PHASES; output++) {
        make_filter(filter, output / PHASES, output % PHASES);
        for (size_t i = 0; i < FILTER_SAMPLES; i++)
            put(view, output, channel_of(i, FILTER_LAYER), tap_of(i, FILTER_LAYER),
                rectifier_gain * filter[i]);
    }
}

/* Convolution 5: LIFT + the band's level, over its phases and two rows. */
static void average_phases(const struct view *view, size_t constant)
{
    for (size_t band = 0; band < BANDS; band++) {
        put(view, band, constant, 0, 1.0);
        for (size_t phase = 0; phase < PHASES; phase++)
            for (size_t tap = 0; tap < 2; tap++)
                put(view, band, PHASES * band + phase, tap, 0.5 / rectifier_gain);
    }
}

/* Convolution 6: LIFT + level and LIFT - level; 2 LIFT and 0; and LIFT in all other channels, which
 * makes it the mean that the norm takes out. */
static void average_rows(const struct view *view, size_t channels)
{
    const size_t constant = channels - 1, pair = channels - 2;
    for (size_t output = 0; output < pair; output++)
        put(view, output, constant, 0, output < BANDS ? 0.0 : output < 2 * BANDS ? 2.0 : 1.0);
    for (size_t band = 0; band < BANDS; band++)
        for (size_t tap = 0; tap < 2; tap++) {
            put(view, band, band, tap, 0.5);
            put(view, BANDS + band, band, tap, -0.5);
        }
    put(view, pair, constant, 0, 2.0);
}

static void fill_convolution(const struct view *view, size_t layer, size_t channels)
{
    const size_t last = 6;
    if (layer > 0 && layer < last)
        put(view, channels - 1, channels - 1, 0, 1.0);
    if (layer == 0)
        unfold_first(view);
    else if (layer < FILTER_LAYER)
        unfold(view, layer, channels);
    else if (layer == FILTER_LAYER)
        filter_bands(view);
    else if (layer < last)
        average_phases(view, channels - 1);
    else
        average_rows(view, channels);
}

/* The group norm gives every delay variance 1 and LIFT. */
static void fill_group_norm(float *values, enum hubert_role role, size_t channels)
{
    for (size_t c = 0; c < channels; c++) {
        const bool is_delay = c < FIRST_DELAYS, is_used = is_delay || c == channels - 1;
        values[c] = (float)(role == HUBERT_WEIGHT ? is_delay : is_used ? lift : 0.0);
    }
}

/* Levels, their negatives and the pair of constants keep their order. */
static void fill_projection(const struct view *view, size_t channels, size_t width)
{
    for (size_t i = 0; i < 2 * BANDS; i++)
        put(view, LEVELS_AT + i, i, 0, 1.0);
    put(view, width - 2, channels - 2, 0, 1.0);
    put(view, width - 1, channels - 1, 0, 1.0);
}

/* Every column looks at itself only, in all taps; the gains choose the two neighbours' taps. A bias
 * that all columns have lifts both signs over the GELU, and the next norm takes it out. */
static void fill_position(float *values, const struct hubert_entry *entry,
                          const struct hubert_config *config)
{
    const size_t width = config->width, taps = config->position_kernel;
    const size_t inputs = width / config->position_groups;
    const struct view view = { values, inputs, taps };
    if (entry->role == HUBERT_GAIN)
        values[taps / 2 - 1] = values[taps / 2 + 1] =
            (float)(neighbour_share * sqrt((double)width));
    else if (entry->role == HUBERT_BIAS)
        for (size_t d = 0; d < width; d++)
            values[d] = (float)(2.0 * lift);
    else
        for (size_t d = 0; d < width; d++)
            for (size_t tap = 0; tap < taps; tap++)
                put(&view, d, d % inputs, tap, 1.0);
}

/* A norm whose gain is the deviation that the pair of constants alone makes. */
static void fill_layer_norm(float *values, const struct hubert_entry *entry)
{
    if (entry->role != HUBERT_WEIGHT)
        return;
    const size_t columns = entry->shape[0];
    for (size_t d = 0; d < columns; d++)
        values[d] = (float)(lift * sqrt(2.0 / (double)columns));
    if (entry->part == HUBERT_FINAL_NORM && entry->index == 0)
        memset(values + LEVELS_AT, 0, 2 * BANDS * sizeof *values);
}

/* Knots of the logarithm: 0, then a geometric series. */
static double knot(size_t k)
{
    const double ratio = log(loudest / quietest) / (double)(KNOTS - 2);
    return k == 0 ? 0.0 : quietest * exp(ratio * (double)(k - 1));
}

static double level_log(double level)
{
    return log((level + quietest) / middle);
}

/* The logarithm's slope between knot `k` and the next. */
static double slope(size_t k)
{
    return (level_log(knot(k + 1)) - level_log(knot(k))) / (knot(k + 1) - knot(k));
}

/* Ramp k of a band is GELU(gain * (level - knot)), where the gain makes the bend small beside the
 * knot. */
static double gain_of(size_t k)
{
    return ramp_gain / knot(k > 0 ? k : 1);
}

static void fill_ramps(float *values, enum hubert_role role, size_t width)
{
    const struct view view = { values, width, 1 };
    for (size_t hidden = 0; hidden < BANDS * KNOTS; hidden++) {
        const size_t band = hidden / KNOTS, k = hidden % KNOTS;
        if (role == HUBERT_BIAS)
            values[hidden] = (float)(-gain_of(k) * knot(k));
        else
            put(&view, hidden, LEVELS_AT + band, 0, gain_of(k));
    }
}

/* Row `c` of the cosine transform, with the usual lifter. */
static double cepstrum_share(size_t c, size_t band)
{
    const double flat = sqrt((c == 0 ? 1.0 : 2.0) / BANDS);
    const double lifted = 1.0 + lifter / 2.0 * sin(pi * (double)c / lifter);
    return cepstrum_scale * lifted * flat * cos(pi * (double)c * ((double)band + 0.5) / BANDS);
}

static void fill_cepstra(float *values, enum hubert_role role, size_t hidden_width)
{
    const struct view view = { values, hidden_width, 1 };
    for (size_t c = 0; c < CEPSTRA; c++)
        for (size_t band = 0; band < BANDS; band++) {
            const double share = cepstrum_share(c, band);
            if (role == HUBERT_BIAS) {
                values[CEPSTRA_AT + c] += (float)(share * level_log(0.0));
                values[NEGATED_CEPSTRA_AT + c] -= (float)(share * level_log(0.0));
                continue;
            }
            for (size_t k = 0; k < KNOTS; k++) {
                const double bend = (slope(k) - (k > 0 ? slope(k - 1) : 0.0)) / gain_of(k);
                put(&view, CEPSTRA_AT + c, band * KNOTS + k, 0, share * bend);
                put(&view, NEGATED_CEPSTRA_AT + c, band * KNOTS + k, 0, -share * bend);
            }
        }
}

/* Fills a tensor of zeros. What is not named here stays zero: attention, and every feed-forward
 * part but the first. */
static void fill(float *values, const struct hubert_entry *entry,
                 const struct hubert_config *config)
{
    const size_t channels = config->convolutions[0].channels, width = config->width;
    const struct view view = { values, entry->shape[1],
                               entry->dimension_count == 3 ? entry->shape[2] : 1 };
    if (entry->part == HUBERT_CONVOLUTION)
        fill_convolution(&view, entry->index, channels);
    else if (entry->part == HUBERT_CONVOLUTION_NORM)
        fill_group_norm(values, entry->role, channels);
    else if (entry->part == HUBERT_PROJECTION && entry->role == HUBERT_WEIGHT)
        fill_projection(&view, channels, width);
    else if (entry->part == HUBERT_POSITION)
        fill_position(values, entry, config);
    else if (entry->part == HUBERT_EXPAND && entry->index == 0)
        fill_ramps(values, entry->role, width);
    else if (entry->part == HUBERT_CONTRACT && entry->index == 0)
        fill_cepstra(values, entry->role, config->feed_forward_width);
    else if (entry->part == HUBERT_FEATURE_NORM || entry->part == HUBERT_ENCODER_NORM ||
             entry->part == HUBERT_ATTENTION_NORM || entry->part == HUBERT_FINAL_NORM)
        fill_layer_norm(values, entry);
}

static enum status add(void *payload, const struct hubert_entry *entry)
{
    const struct design *design = payload;
    const struct hubert_names names = hubert_names_default();
    char name[HUBERT_NAME_BYTES];
    float *values = NULL;
    hubert_names_write(name, &names, entry->part, entry->role, entry->index);
    const enum status outcome =
        tensor_table_add(&values, design->table, name, entry->dimension_count, entry->shape);
    if (outcome == STATUS_OK)
        fill(values, entry, &design->config);
    return outcome;
}

enum status hubert_designed(struct tensor_table *table)
{
    struct design design = { .table = table, .config = hubert_config_compact() };
    if (table->source == NULL)
        table->source = strdup("designed HuBERT");
    if (table->source == NULL)
        return status_fail(STATUS_NO_MEMORY, "a designed HuBERT");
    return hubert_names_visit(&design.config, add, &design);
}
