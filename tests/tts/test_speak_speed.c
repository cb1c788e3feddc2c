/* How much of the synthesiser's own speed is left to a caption that is spoken, resampled and
 * encoded: at least 70 % is wanted. Both are measured in turns in one run, over the same varied
 * captions, by processor time and by the clock. By the clock the figures compare like with like
 * only where all processes share one core (taskset -c 1): with more, the voice has one of its own.
 */
#include "core/random.h"
#include "storage/flac_encoder.h"
#include "tests/support/check.h"
#include "tts/espeak_voice.h"
#include "tts/speaker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CAPTIONS = 500, TEXT_BYTES = 200, ROUNDS = 3 };

static char texts[CAPTIONS][TEXT_BYTES], ids[CAPTIONS][16];

/* Processor time of ended children counts too; other work on the machine hardly changes it. */
struct seconds {
    double processor, clock;
};

static double seconds_of(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static struct seconds now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (struct seconds){ seconds_of(RUSAGE_SELF) + seconds_of(RUSAGE_CHILDREN),
                             (double)time.tv_sec + 1e-9 * (double)time.tv_nsec };
}

static struct seconds since(struct seconds start)
{
    const struct seconds end = now();
    return (struct seconds){ end.processor - start.processor, end.clock - start.clock };
}

static struct seconds least(struct seconds a, struct seconds b)
{
    return (struct seconds){ a.processor < b.processor ? a.processor : b.processor,
                             a.clock < b.clock ? a.clock : b.clock };
}

static const char *pick(struct random_stream *stream, const char *const *words, uint32_t count)
{
    return words[random_below(stream, count)];
}

static void write_captions(void)
{
    const char *const sizes[] = { "small", "large", "tiny", "huge", "tall" };
    const char *const colours[] = { "red", "blue", "green", "yellow", "purple", "striped" };
    const char *const things[] = {
        "square", "circle", "dog", "bicycle", "kitchen table", "giraffe"
    };
    const char *const places[] = { "above", "to the left of", "in front of", "next to", "under" };
    for (int i = 0; i < CAPTIONS; i++) {
        struct random_stream stream = random_stream_numbered(1, (uint64_t)i, "caption");
        snprintf(ids[i], sizeof ids[i], "%d", i);
        snprintf(texts[i], TEXT_BYTES, "A %s %s %s is %s the %s %s%s", pick(&stream, sizes, 5),
                 pick(&stream, colours, 6), pick(&stream, things, 6), pick(&stream, places, 5),
                 pick(&stream, colours, 6), pick(&stream, things, 6),
                 random_below(&stream, 2) == 0 ? "." : " in a sunny garden.");
    }
}

/* In a process of its own, because the library can be opened once a process. */
static struct seconds speak_alone(void)
{
    static int16_t samples[60 * 22050];
    static struct phone phones[4096];
    int ends[2];
    struct seconds took = { 0 };
    if (pipe(ends) != 0)
        return took;
    const pid_t child = fork();
    if (child == 0) {
        unsigned rate_hz = 0;
        struct speech speech = { samples, 0, sizeof samples / 2, phones, 0, 4096, false };
        int failures = espeak_voice_open(&rate_hz, "en-us") != STATUS_OK;
        failures += espeak_voice_speak(&speech, texts[0], 175, 50) != STATUS_OK;
        const struct seconds start = now();
        for (int i = 0; i < CAPTIONS && failures == 0; i++)
            failures =
                espeak_voice_speak(&speech, texts[i], 150 + (unsigned)i % 40, 50) != STATUS_OK;
        if (failures == 0)
            took = since(start);
        _exit(write(ends[1], &took, sizeof took) == sizeof took ? 0 : 1);
    }
    const ssize_t got = read(ends[0], &took, sizeof took);
    waitpid(child, NULL, 0);
    close(ends[0]);
    close(ends[1]);
    return got == sizeof took ? took : (struct seconds){ 0 };
}

struct result {
    struct seconds took;
    double speech_seconds;
    size_t bytes;
};

static struct speaker_caption caption_at(int number)
{
    return (struct speaker_caption){ ids[number], texts[number], "en", NULL };
}

static enum status speak_resample_encode(struct result *result, struct speaker *speaker, int number)
{
    const bool is_last = number + 1 == CAPTIONS;
    const struct speaker_caption caption = caption_at(number),
                                 next = caption_at(is_last ? number : number + 1);
    struct speech speech;
    struct speaker_choice choice;
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    enum status outcome =
        speaker_speak(&speech, &choice, speaker, &caption, is_last ? NULL : &next);
    if (outcome == STATUS_OK)
        outcome =
            flac_encode(&bytes, &byte_count, speech.samples, speech.sample_count, SPEAKER_RATE_HZ);
    result->bytes += byte_count;
    result->speech_seconds += (double)speech.sample_count / SPEAKER_RATE_HZ;
    free(bytes);
    return outcome;
}

static struct result whole_chain(bool is_batch)
{
    const char *const voices[] = { "en-us" };
    const struct speaker_options options = { .voices = voices,
                                             .voice_count = 1,
                                             .rate_minimum_wpm = 150,
                                             .rate_maximum_wpm = 189,
                                             .pitch_minimum = 50,
                                             .pitch_maximum = 50,
                                             .seed = 1 };
    struct speaker *speaker = NULL;
    struct result result = { 0 };
    const struct seconds start = now();
    check_status(speaker_open(&speaker, &options), STATUS_OK, NULL);
    if (is_batch)
        speaker_begin_batch(speaker);
    for (int i = 0; i < CAPTIONS; i++)
        check_status(speak_resample_encode(&result, speaker, i), STATUS_OK, NULL);
    speaker_destroy(speaker);
    result.took = since(start);
    return result;
}

/* Only the times differ from round to round. */
static struct result better(struct result a, struct result b)
{
    b.took = least(a.took, b.took);
    return b;
}

static void tell(const char *how, struct seconds alone, struct result chain)
{
    printf("%s: %.3f ms a caption, %.0f %% of the speed of espeak-ng alone (%.0f %% by the clock); "
           "%.0f x real time; FLAC %.1f kB a second of speech\n",
           how, 1e3 * chain.took.processor / CAPTIONS,
           100.0 * alone.processor / chain.took.processor, 100.0 * alone.clock / chain.took.clock,
           chain.speech_seconds / chain.took.processor,
           1e-3 * (double)chain.bytes / chain.speech_seconds);
}

static void the_whole_chain_keeps_most_of_the_speed(void)
{
    const struct seconds endless = { 1e9, 1e9 };
    struct seconds alone = endless;
    struct result batch = { .took = endless }, each = { .took = endless };
    write_captions();
    for (int round = 0; round < ROUNDS; round++) {
        const struct seconds took = speak_alone();
        CU_ASSERT(took.processor > 0.0);
        alone = took.processor > 0.0 ? least(alone, took) : alone;
        batch = better(batch, whole_chain(true));
        each = better(each, whole_chain(false));
    }
    printf("espeak-ng alone: %.3f ms a caption\n", 1e3 * alone.processor / CAPTIONS);
    tell("whole chain, one batch", alone, batch);
    tell("whole chain, a fresh copy for each caption", alone, each);
    /* Slack for a busy machine; the figures printed are what counts. */
    CU_ASSERT(alone.processor / batch.took.processor > 0.6);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the whole chain keeps most of the speed", the_whole_chain_keeps_most_of_the_speed },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "speak_speed", cases);
}
