#include "tts/speaker.h"

#include "core/random.h"
#include "tts/caption.h"
#include "tts/resample.h"
#include "tts/voice_process.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    VOICES_MAX = 256,
    /* In 16-bit steps; the engine's silence is exact zeros, resampled. */
    AUDIBLE_LEVEL = 16
};

struct speaker_voice {
    char name[VOICE_NAME_BYTES];
    struct voice_process *process;
};

/* The caption at which a voice is at work. */
struct speaker_ahead {
    const char *id; /* NULL: none */
    size_t voice;
    struct speaker_choice choice;
};

struct speaker {
    struct speaker_voice *voices; /* [voice_count] */
    size_t voice_count;
    struct speaker_options options; /* without the names */
    struct resampler *resampler;
    unsigned engine_rate_hz;
    bool has_batches; /* the caller says where a fresh voice is needed */
    struct speaker_ahead ahead;
    float *spoken;    /* [room], at the engine's rate */
    float *resampled; /* [room] */
    int16_t *samples; /* [room] */
    size_t room;
};

static enum status check_options(const struct speaker_options *options)
{
    if (options->voice_count < 1 || options->voice_count > VOICES_MAX)
        return status_fail(STATUS_INVALID, "%zu voices, between 1 and %d are possible",
                           options->voice_count, VOICES_MAX);
    if (options->rate_minimum_wpm < VOICE_RATE_MINIMUM_WPM ||
        options->rate_maximum_wpm > VOICE_RATE_MAXIMUM_WPM ||
        options->rate_minimum_wpm > options->rate_maximum_wpm)
        return status_fail(STATUS_INVALID,
                           "speech rate %u to %u words a minute, possible is %d to %d",
                           options->rate_minimum_wpm, options->rate_maximum_wpm,
                           VOICE_RATE_MINIMUM_WPM, VOICE_RATE_MAXIMUM_WPM);
    if (options->pitch_maximum > VOICE_PITCH_MAXIMUM ||
        options->pitch_minimum > options->pitch_maximum)
        return status_fail(STATUS_INVALID, "pitch %u to %u, possible is 0 to %d",
                           options->pitch_minimum, options->pitch_maximum, VOICE_PITCH_MAXIMUM);
    return STATUS_OK;
}

static enum status open_voice(struct speaker *speaker, size_t index, const char *name)
{
    struct speaker_voice *voice = &speaker->voices[index];
    enum status outcome = voice_process_open(&voice->process, name);
    if (outcome != STATUS_OK)
        return outcome;
    strcpy(voice->name, name); /* its length was checked */
    const unsigned rate_hz = voice_process_rate_hz(voice->process);
    if (index == 0) {
        speaker->engine_rate_hz = rate_hz;
        return resampler_create(&speaker->resampler, rate_hz, SPEAKER_RATE_HZ);
    }
    if (rate_hz != speaker->engine_rate_hz)
        return status_fail(STATUS_INVALID, "voice %s speaks at %u Hz, the others at %u", name,
                           rate_hz, speaker->engine_rate_hz);
    return STATUS_OK;
}

enum status speaker_open(struct speaker **out, const struct speaker_options *options)
{
    *out = NULL;
    enum status outcome = check_options(options);
    if (outcome != STATUS_OK)
        return outcome;
    struct speaker *speaker = calloc(1, sizeof *speaker);
    if (speaker != NULL)
        speaker->voices = calloc(options->voice_count, sizeof *speaker->voices);
    if (speaker == NULL || speaker->voices == NULL) {
        free(speaker);
        return status_fail(STATUS_NO_MEMORY, "%zu voices", options->voice_count);
    }
    speaker->voice_count = options->voice_count;
    speaker->options = *options;
    speaker->options.voices = NULL;
    for (size_t v = 0; v < speaker->voice_count && outcome == STATUS_OK; v++)
        outcome = open_voice(speaker, v, options->voices[v]);
    if (outcome != STATUS_OK)
        speaker_destroy(speaker);
    else
        *out = speaker;
    return outcome;
}

static bool serves(const struct speaker_voice *voice, const char *language)
{
    const size_t length = strlen(language);
    const char next = strncasecmp(voice->name, language, length) == 0 ? voice->name[length] : '?';
    return length > 0 && (next == '\0' || next == '-' || next == '+');
}

static unsigned draw_between(uint64_t seed, const char *subject, const char *purpose,
                             unsigned minimum, unsigned maximum)
{
    struct random_stream stream = random_stream_for(seed, subject, purpose);
    return minimum + random_below(&stream, maximum - minimum + 1);
}

/* The place of the drawn voice, or voice_count where none serves. */
static size_t draw_voice(const struct speaker *speaker, const struct speaker_caption *caption)
{
    size_t candidates = 0;
    for (size_t v = 0; v < speaker->voice_count; v++)
        candidates += serves(&speaker->voices[v], caption->language);
    if (candidates == 0)
        return speaker->voice_count;
    const bool is_named = caption->speaker != NULL && caption->speaker[0] != '\0';
    unsigned left = draw_between(speaker->options.seed, is_named ? caption->speaker : caption->id,
                                 is_named ? "speaker" : "voice", 0, (unsigned)candidates - 1);
    size_t v = 0;
    while (!serves(&speaker->voices[v], caption->language) || left-- > 0)
        v++;
    return v;
}

static void draw_choice(struct speaker_choice *choice, const struct speaker *speaker, size_t voice,
                        const char *id)
{
    const struct speaker_options *options = &speaker->options;
    choice->voice = speaker->voices[voice].name;
    choice->rate_wpm = draw_between(options->seed, id, "rate", options->rate_minimum_wpm,
                                    options->rate_maximum_wpm);
    choice->pitch =
        draw_between(options->seed, id, "pitch", options->pitch_minimum, options->pitch_maximum);
}

static enum status choose(size_t *voice, struct speaker_choice *choice,
                          const struct speaker *speaker, const struct speaker_caption *caption)
{
    *choice = (struct speaker_choice){ 0 };
    *voice = draw_voice(speaker, caption);
    if (*voice == speaker->voice_count)
        return status_fail(STATUS_INVALID, "language %.40s: no voice of the plan speaks it",
                           caption->language);
    draw_choice(choice, speaker, *voice, caption->id);
    return STATUS_OK;
}

enum status speaker_choose(struct speaker_choice *choice, const struct speaker *speaker,
                           const struct speaker_caption *caption)
{
    size_t voice = 0;
    return choose(&voice, choice, speaker, caption);
}

void speaker_begin_batch(struct speaker *speaker)
{
    speaker->has_batches = true;
    speaker->ahead.id = NULL;
    for (size_t v = 0; v < speaker->voice_count; v++)
        voice_process_renew(speaker->voices[v].process);
}

static void release_buffers(struct speaker *speaker)
{
    free(speaker->spoken);
    free(speaker->resampled);
    free(speaker->samples);
    speaker->spoken = speaker->resampled = NULL;
    speaker->samples = NULL;
    speaker->room = 0;
}

static enum status make_room(struct speaker *speaker, size_t count)
{
    if (count <= speaker->room)
        return STATUS_OK;
    release_buffers(speaker);
    speaker->spoken = malloc(count * sizeof *speaker->spoken);
    speaker->resampled = malloc(count * sizeof *speaker->resampled);
    speaker->samples = malloc(count * sizeof *speaker->samples);
    if (speaker->spoken == NULL || speaker->resampled == NULL || speaker->samples == NULL) {
        release_buffers(speaker);
        return status_fail(STATUS_NO_MEMORY, "%zu samples of speech", count);
    }
    speaker->room = count;
    return STATUS_OK;
}

/* Back to 16 bits, to the nearest, half to even. Beyond 1.5 * 2^23 a float has no fractions, so
 * that adding this rounds; lrintf would do the same, but not for several samples at once. */
static void quantise(int16_t *samples, const float *values, size_t count)
{
    const float whole = 12582912.0f;
    for (size_t i = 0; i < count; i++) {
        const float low = values[i] < -32768.0f ? -32768.0f : values[i];
        const float held = low > 32767.0f ? 32767.0f : low;
        samples[i] = (int16_t)(int)(held + whole - whole);
    }
}

static bool is_audible(const int16_t *samples, size_t count)
{
    int highest = 0, lowest = 0;
    for (size_t i = 0; i < count; i++) {
        highest = samples[i] > highest ? samples[i] : highest;
        lowest = samples[i] < lowest ? samples[i] : lowest;
    }
    return highest >= AUDIBLE_LEVEL || lowest <= -AUDIBLE_LEVEL;
}

static void rescale_phones(struct phone *phones, size_t count, const struct speaker *speaker,
                           size_t sample_count)
{
    for (size_t p = 0; p < count; p++) {
        const uint64_t start =
            ((uint64_t)phones[p].start * SPEAKER_RATE_HZ * 2 + speaker->engine_rate_hz) /
            (2u * speaker->engine_rate_hz);
        phones[p].start = (uint32_t)(start < sample_count ? start : sample_count);
        phones[p].name[PHONE_NAME_BYTES - 1] = '\0';
    }
}

/* A pause is called "_", "_:", ... Within a batch it may ring with what was said before it. */
static bool has_sound(const struct speech *speech)
{
    for (size_t p = 0; p < speech->phone_count; p++)
        if (speech->phones[p].name[0] != '_' && speech->phones[p].name[0] != '\0')
            return true;
    return false;
}

static enum status resample(struct speech *speech, struct speaker *speaker,
                            const struct speech *spoken)
{
    const size_t count = resampler_output_count(speaker->resampler, spoken->sample_count);
    enum status outcome =
        make_room(speaker, count > spoken->sample_count ? count : spoken->sample_count);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t i = 0; i < spoken->sample_count; i++)
        speaker->spoken[i] = (float)spoken->samples[i];
    outcome = resampler_run(speaker->resampled, speaker->resampler, speaker->spoken,
                            spoken->sample_count);
    if (outcome != STATUS_OK)
        return outcome;
    quantise(speaker->samples, speaker->resampled, count);
    if (!has_sound(spoken) || !is_audible(speaker->samples, count))
        return status_fail(STATUS_INVALID, "nothing of the caption is audible");
    rescale_phones(spoken->phones, spoken->phone_count, speaker, count);
    *speech = (struct speech){ .samples = speaker->samples,
                               .sample_count = count,
                               .samples_max = speaker->room,
                               .phones = spoken->phones,
                               .phone_count = spoken->phone_count,
                               .phones_max = spoken->phones_max };
    return STATUS_OK;
}

/* Sets a voice to work on the caption. On failure no voice is. */
static enum status begin(struct speaker *speaker, const struct speaker_caption *caption)
{
    struct speaker_ahead *ahead = &speaker->ahead;
    enum status outcome = caption_check(caption->text, SPEAKER_CAPTION_BYTES);
    if (outcome == STATUS_OK)
        outcome = choose(&ahead->voice, &ahead->choice, speaker, caption);
    if (outcome != STATUS_OK)
        return outcome;
    struct voice_process *process = speaker->voices[ahead->voice].process;
    if (!speaker->has_batches)
        voice_process_renew(process);
    outcome =
        voice_process_begin(process, caption->text, ahead->choice.rate_wpm, ahead->choice.pitch);
    if (outcome == STATUS_OK)
        ahead->id = caption->id;
    return outcome;
}

enum status speaker_speak(struct speech *speech, struct speaker_choice *choice,
                          struct speaker *speaker, const struct speaker_caption *caption,
                          const struct speaker_caption *next)
{
    assert(speaker->ahead.id == NULL || speaker->ahead.id == caption->id);
    *speech = (struct speech){ 0 };
    *choice = (struct speaker_choice){ 0 };
    enum status outcome = STATUS_OK;
    if (speaker->ahead.id == NULL)
        outcome = begin(speaker, caption);
    if (outcome != STATUS_OK)
        return outcome;

    struct speech spoken;
    *choice = speaker->ahead.choice;
    speaker->ahead.id = NULL;
    outcome = voice_process_end(&spoken, speaker->voices[speaker->ahead.voice].process);
    if (outcome != STATUS_OK)
        return outcome;
    /* Where the next one cannot be begun, its own call says why. */
    if (next != NULL)
        begin(speaker, next);
    return resample(speech, speaker, &spoken);
}

void speaker_destroy(struct speaker *speaker)
{
    if (speaker == NULL)
        return;
    for (size_t v = 0; v < speaker->voice_count; v++)
        voice_process_destroy(speaker->voices[v].process);
    resampler_destroy(speaker->resampler);
    release_buffers(speaker);
    free(speaker->voices);
    free(speaker);
}
