#include "tts/espeak_voice.h"

#include <assert.h>
#include <ctype.h>
#include <espeak-ng/speak_lib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The library is one a process, so what is open is too. */
static bool is_open;

#ifdef UNITMILL_ESPEAK_WRAPPED
/* libespeak-ng 1.51 reads a few bytes of its stack that it never wrote: SetWordStress for numbers
 * of three digits in Arabic, TranslateClause for some abbreviations. What lies there are remains of
 * earlier calls, addresses among them, so that the same text was spoken in different ways by
 * different processes. The linker's --wrap sends both functions through here, where the stack that
 * they are about to use is cleared. Six words are passed on, more than either function takes, so
 * that a library with one argument more still works. */
long __real_SetWordStress(long, long, long, long, long, long);
long __real_TranslateClause(long, long, long, long, long, long);
long __wrap_SetWordStress(long a, long b, long c, long d, long e, long f);
long __wrap_TranslateClause(long a, long b, long c, long d, long e, long f);

static void __attribute__((noinline)) clear_stack_below(size_t bytes)
{
    char *below = __builtin_alloca(bytes);
    memset(below, 0, bytes);
    __asm__ volatile("" : : "r"(below) : "memory");
}

long __wrap_SetWordStress(long a, long b, long c, long d, long e, long f)
{
    clear_stack_below(4096);
    return __real_SetWordStress(a, b, c, d, e, f);
}

long __wrap_TranslateClause(long a, long b, long c, long d, long e, long f)
{
    clear_stack_below(65536);
    return __real_TranslateClause(a, b, c, d, e, f);
}
#endif

static size_t tag_length(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '-')
        length++;
    return length;
}

const char *espeak_voice_library_version(void)
{
    const char *data_path = NULL;
    return espeak_Info(&data_path);
}

enum status espeak_voice_check_name(const char *name)
{
    const size_t length = tag_length(name);
    bool is_good = length > 0 && strlen(name) < VOICE_NAME_BYTES;
    if (is_good && name[length] == '+') {
        const size_t variant = tag_length(name + length + 1);
        is_good = variant > 0 && name[length + 1 + variant] == '\0';
    } else if (is_good) {
        is_good = name[length] == '\0';
    }
    if (!is_good)
        return status_fail(STATUS_INVALID, "voice \"%.80s\": not of the form tag or tag+variant",
                           name);
    return STATUS_OK;
}

static void take_phone(struct speech *speech, const espeak_EVENT *event)
{
    if (speech->phone_count == speech->phones_max) {
        speech->is_cut = true;
        return;
    }
    uint32_t start = event->sample < 0 ? 0 : (uint32_t)event->sample;
    if (speech->phone_count > 0 && start < speech->phones[speech->phone_count - 1].start)
        start = speech->phones[speech->phone_count - 1].start;
    struct phone *phone = &speech->phones[speech->phone_count++];
    *phone = (struct phone){ .start = start };
    memcpy(phone->name, event->id.string, strnlen(event->id.string, sizeof event->id.string));
}

static void take_samples(struct speech *speech, const short *samples, int count)
{
    if (samples == NULL || count <= 0)
        return;
    const size_t left = speech->samples_max - speech->sample_count;
    const size_t taken = (size_t)count < left ? (size_t)count : left;
    memcpy(speech->samples + speech->sample_count, samples, taken * sizeof *samples);
    speech->sample_count += taken;
    if (taken < (size_t)count)
        speech->is_cut = true;
}

/* A non-zero result makes the library stop. */
static int take_block(short *samples, int count, espeak_EVENT *events)
{
    struct speech *speech = events->user_data;
    for (; events->type != espeakEVENT_LIST_TERMINATED; events++)
        if (events->type == espeakEVENT_PHONEME)
            take_phone(speech, events);
    take_samples(speech, samples, count);
    return speech->is_cut;
}

/* The library sets a voice without the variant where it does not know the variant. */
static bool is_set(const char *name)
{
    const char *variant = strchr(name, '+');
    if (espeak_SetVoiceByName(name) != EE_OK)
        return false;
    if (variant == NULL)
        return true;
    const espeak_VOICE *current = espeak_GetCurrentVoice();
    const char *found =
        current == NULL || current->identifier == NULL ? NULL : strchr(current->identifier, '+');
    return found != NULL && strcmp(found, variant) == 0;
}

/* The priority with which a voice speaks the language `tag`, lower is better; -1 where it does not.
 * A voice's languages are a byte of priority and a string each, and a zero byte after the last. */
static int priority_of(const espeak_VOICE *voice, const char *tag, size_t length)
{
    for (const char *entry = voice->languages; *entry != '\0'; entry += strlen(entry) + 1)
        if (strncasecmp(entry + 1, tag, length) == 0 && entry[1 + length] == '\0')
            return (unsigned char)*entry;
    return -1;
}

/* Voices are files, and not every tag is the name of one: en-gb is spoken by "gmw/en". */
static bool is_set_by_language(const char *name)
{
    const size_t length = tag_length(name);
    const espeak_VOICE *best = NULL;
    int best_priority = 256;
    for (const espeak_VOICE **voice = espeak_ListVoices(NULL); *voice != NULL; voice++) {
        const int priority = priority_of(*voice, name, length);
        const bool is_tie = best != NULL && priority == best_priority;
        if (priority < 0 || priority > best_priority ||
            (is_tie && strcmp((*voice)->identifier, best->identifier) > 0))
            continue;
        best = *voice;
        best_priority = priority;
    }
    char full[2 * VOICE_NAME_BYTES];
    if (best == NULL ||
        snprintf(full, sizeof full, "%s%s", best->identifier, name + length) >= (int)sizeof full)
        return false;
    return is_set(full);
}

enum status espeak_voice_open(unsigned *rate_hz, const char *name)
{
    enum status outcome = espeak_voice_check_name(name);
    if (outcome != STATUS_OK)
        return outcome;
    if (is_open)
        return status_fail(STATUS_INVALID, "voice \"%s\": this process has a voice already", name);
    const int options = espeakINITIALIZE_PHONEME_EVENTS | espeakINITIALIZE_DONT_EXIT;
    const int rate = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, options);
    if (rate <= 0)
        return status_fail(STATUS_NOT_FOUND, "voice \"%s\": espeak-ng's data files are missing",
                           name);
    is_open = true;
    espeak_SetSynthCallback(take_block);
    if (!is_set(name) && !is_set_by_language(name))
        return status_fail(STATUS_INVALID, "voice \"%s\": espeak-ng has no such voice", name);
    *rate_hz = (unsigned)rate;
    return STATUS_OK;
}

enum status espeak_voice_speak(struct speech *speech, const char *text, unsigned rate_wpm,
                               unsigned pitch)
{
    assert(is_open);
    /* The library looks a little beyond the end of a text; there it shall find zeros. */
    static char padded[VOICE_TEXT_BYTES_MAX + 64];
    const size_t bytes = strnlen(text, VOICE_TEXT_BYTES_MAX + 1);
    if (bytes > VOICE_TEXT_BYTES_MAX)
        return status_fail(STATUS_INVALID, "text of more than %d bytes", VOICE_TEXT_BYTES_MAX);
    if (rate_wpm < VOICE_RATE_MINIMUM_WPM || rate_wpm > VOICE_RATE_MAXIMUM_WPM ||
        pitch > VOICE_PITCH_MAXIMUM)
        return status_fail(STATUS_INVALID, "rate %u or pitch %u is out of range", rate_wpm, pitch);
    memset(padded, 0, sizeof padded);
    memcpy(padded, text, bytes);

    speech->sample_count = speech->phone_count = 0;
    speech->is_cut = false;
    if (espeak_SetParameter(espeakRATE, (int)rate_wpm, 0) != EE_OK ||
        espeak_SetParameter(espeakPITCH, (int)pitch, 0) != EE_OK)
        return status_fail(STATUS_IO, "espeak-ng refuses rate %u and pitch %u", rate_wpm, pitch);
    /* A stop asked for by take_block is an error to the library and none to us. */
    if (espeak_Synth(padded, bytes + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, NULL, speech) !=
            EE_OK &&
        !speech->is_cut)
        return status_fail(STATUS_IO, "espeak-ng failed");
    return STATUS_OK;
}
