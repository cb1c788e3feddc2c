/* A voice in a process of its own: the same words sound the same whatever was said before, and bad
 * names and texts are told, not crashed on. */
#include "tests/support/check.h"
#include "tts/espeak_voice.h"
#include "tts/voice_process.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t hash_of(const struct speech *speech)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < speech->sample_count; i++)
        hash = (hash ^ (uint16_t)speech->samples[i]) * 0x100000001B3u;
    for (size_t p = 0; p < speech->phone_count; p++) {
        hash = (hash ^ speech->phones[p].start) * 0x100000001B3u;
        for (size_t b = 0; b < PHONE_NAME_BYTES; b++)
            hash = (hash ^ (unsigned char)speech->phones[p].name[b]) * 0x100000001B3u;
    }
    return hash;
}

/* 0 where it fails. */
static uint64_t spoken(struct voice_process *voice, const char *text, unsigned rate, unsigned pitch)
{
    struct speech speech;
    const enum status outcome = voice_process_speak(&speech, voice, text, rate, pitch);
    check_status(outcome, STATUS_OK, NULL);
    return outcome == STATUS_OK ? hash_of(&speech) : 0;
}

static struct voice_process *opened(const char *name)
{
    struct voice_process *voice = NULL;
    check_status(voice_process_open(&voice, name), STATUS_OK, NULL);
    return voice;
}

/* The number makes libespeak-ng 1.51 read stack that it never wrote. */
static const char *const texts[] = { "A small red square is above the large blue circle.",
                                     "Two dogs run, barking, across 3 fields.", "Hello!",
                                     "مربع أحمر فوق دائرة زرقاء", "number 119" };

enum { TEXTS = sizeof texts / sizeof texts[0] };

static void a_renewed_voice_sounds_the_same_whatever_came_before(void)
{
    const char *names[] = { "en-us", "en-gb+f2", "ar" };
    for (size_t n = 0; n < 3; n++) {
        struct voice_process *voice = opened(names[n]), *other = opened(names[n]);
        uint64_t first[TEXTS] = { 0 };
        for (size_t t = 0; t < TEXTS; t++) {
            voice_process_renew(voice);
            first[t] = spoken(voice, texts[t], 150 + 10 * (unsigned)t, 40);
        }
        for (size_t round = 0; round < 3; round++)
            for (size_t t = TEXTS; t-- > 0;) {
                const size_t pick = (t * 3 + round) % TEXTS;
                struct voice_process *speaking = round == 1 ? other : voice;
                voice_process_renew(speaking);
                CU_ASSERT_EQUAL(spoken(speaking, texts[pick], 150 + 10 * (unsigned)pick, 40),
                                first[pick]);
            }
        voice_process_destroy(voice);
        voice_process_destroy(other);
    }
}

static void a_batch_sounds_the_same_each_time(void)
{
    struct voice_process *voice = opened("en-us"), *other = opened("en-us");
    uint64_t first[TEXTS] = { 0 };
    for (size_t t = 0; t < TEXTS; t++)
        first[t] = spoken(voice, texts[t], 175, 50);
    spoken(other, texts[2], 160, 30);
    voice_process_renew(voice);
    voice_process_renew(other);
    voice_process_renew(other);
    for (size_t t = 0; t < TEXTS; t++) {
        CU_ASSERT_EQUAL(spoken(voice, texts[t], 175, 50), first[t]);
        CU_ASSERT_EQUAL(spoken(other, texts[t], 175, 50), first[t]);
    }
    voice_process_destroy(voice);
    voice_process_destroy(other);
}

/* A child of `parent`; the voice's process is the only child here, its copy the only one there. */
static pid_t child_of(pid_t parent)
{
    pid_t child = 0;
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; processes != NULL && (entry = readdir(processes)) != NULL;) {
        char path[300];
        int pid = 0, parent_pid = 0;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file != NULL && fscanf(file, "%d %*s %*c %d", &pid, &parent_pid) == 2 &&
            parent_pid == parent)
            child = pid;
        if (file != NULL)
            fclose(file);
    }
    if (processes != NULL)
        closedir(processes);
    return child;
}

static unsigned long long processor_nanoseconds(pid_t pid)
{
    char path[64];
    unsigned long long nanoseconds = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file != NULL && fscanf(file, "%llu", &nanoseconds) != 1)
        nanoseconds = 0;
    if (file != NULL)
        fclose(file);
    return nanoseconds;
}

/* Sends a signal to a copy that is at work: once to each of so many. One that only waits for a
 * text takes no processor time. */
static void shoot(pid_t engine, int number, int times)
{
    enum { WORK_NANOSECONDS = 8000000 };
    pid_t target = 0, last = 0;
    unsigned long long before = 0;
    for (int tick = 0; tick < 10000 && times > 0; tick++, usleep(1000)) {
        const pid_t copy = child_of(engine);
        if (copy < 1 || copy == last)
            continue;
        if (copy != target) {
            target = copy;
            before = processor_nanoseconds(copy);
        }
        if (processor_nanoseconds(copy) > before + WORK_NANOSECONDS && kill(copy, number) == 0) {
            last = copy;
            times--;
        }
    }
}

/* Speaks a long text while another process sends the copy at work a signal, so many times, each to
 * another copy. */
static enum status speak_under_fire(struct speech *speech, struct voice_process *voice, int number,
                                    int times)
{
    char text[VOICE_TEXT_BYTES_MAX + 1] = "";
    while (strlen(text) < 1500)
        strcat(text, "a long caption, ");
    const pid_t engine = child_of(getpid());
    const pid_t gunner = fork();
    if (gunner == 0) {
        shoot(engine, number, times);
        _exit(0);
    }
    const enum status outcome = voice_process_speak(speech, voice, text, 175, 50);
    waitpid(gunner, NULL, 0);
    return outcome;
}

static void a_text_that_crashes_the_engine_costs_one_utterance(void)
{
    struct voice_process *voice = opened("en-us");
    const uint64_t first = spoken(voice, texts[0], 175, 50);
    struct speech speech;
    check_status(speak_under_fire(&speech, voice, SIGSEGV, 2), STATUS_INVALID,
                 "crashes on this text");
    CU_ASSERT_EQUAL(spoken(voice, texts[0], 175, 50), first);
    voice_process_destroy(voice);
}

/* A batch with a signal in its second text sounds as `expected`; without one, that is filled. */
static void check_batch(struct voice_process *voice, int number, uint64_t expected[3])
{
    struct speech speech;
    uint64_t got[3] = { spoken(voice, texts[1], 175, 50) };
    check_status(speak_under_fire(&speech, voice, number, number != 0), STATUS_OK, NULL);
    got[1] = hash_of(&speech);
    got[2] = spoken(voice, texts[2], 175, 50);
    for (size_t t = 0; t < 3; t++) {
        if (number == 0)
            expected[t] = got[t];
        CU_ASSERT_EQUAL(got[t], expected[t]);
    }
    voice_process_renew(voice);
}

/* SIGPROF is what too much processor time ends in, be it charged by mistake. */
static void a_copy_that_dies_of_something_else_costs_nothing(void)
{
    struct voice_process *voice = opened("en-us");
    uint64_t expected[3];
    check_batch(voice, 0, expected);
    check_batch(voice, SIGPROF, expected);
    check_batch(voice, SIGSEGV, expected);
    voice_process_destroy(voice);
}

/* An answer must never be taken for that of another text. */
static void a_copy_that_is_killed_ends_the_voice(void)
{
    struct voice_process *voice = opened("en-us");
    struct speech speech;
    spoken(voice, texts[0], 175, 50);
    CU_ASSERT_FATAL(child_of(child_of(getpid())) > 1);
    kill(child_of(child_of(getpid())), SIGKILL);
    check_status(voice_process_speak(&speech, voice, texts[1], 175, 50), STATUS_IO, "is gone");
    voice_process_destroy(voice);

    voice = opened("en-us");
    spoken(voice, texts[0], 175, 50);
    check_status(speak_under_fire(&speech, voice, SIGKILL, 1), STATUS_IO, "is gone");
    voice_process_destroy(voice);
}

static void a_voice_whose_process_is_gone_says_so(void)
{
    struct voice_process *voice = opened("en-us");
    struct speech speech;
    spoken(voice, texts[0], 175, 50);
    const pid_t engine = child_of(getpid()), copy = child_of(engine);
    CU_ASSERT_FATAL(engine > 1 && copy > 1);
    kill(engine, SIGKILL);
    kill(copy, SIGKILL);
    check_status(voice_process_speak(&speech, voice, texts[0], 175, 50), STATUS_IO, "is gone");
    voice_process_renew(voice);
    check_status(voice_process_speak(&speech, voice, texts[0], 175, 50), STATUS_IO, "is gone");
    voice_process_destroy(voice);
}

static void what_was_said_stays_while_the_next_is_spoken(void)
{
    struct voice_process *voice = opened("en-us");
    uint64_t hashes[TEXTS] = { 0 };
    struct speech speech, next;
    for (size_t t = 0; t < TEXTS; t++)
        hashes[t] = spoken(voice, texts[t], 175, 50);
    voice_process_renew(voice);
    check_status(voice_process_begin(voice, texts[0], 175, 50), STATUS_OK, NULL);
    check_status(voice_process_end(&speech, voice), STATUS_OK, NULL);
    for (size_t t = 1; t < TEXTS; t++) {
        check_status(voice_process_begin(voice, texts[t], 175, 50), STATUS_OK, NULL);
        usleep(20000); /* long enough to be spoken */
        CU_ASSERT_EQUAL(hash_of(&speech), hashes[t - 1]);
        check_status(voice_process_end(&next, voice), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(hash_of(&speech), hashes[t - 1]);
        speech = next;
    }
    CU_ASSERT_EQUAL(hash_of(&speech), hashes[TEXTS - 1]);
    check_status(voice_process_begin(voice, texts[1], 175, 50), STATUS_OK, NULL);
    voice_process_renew(voice);
    CU_ASSERT_EQUAL(spoken(voice, texts[0], 175, 50), hashes[0]);
    check_status(voice_process_begin(voice, texts[1], 175, 50), STATUS_OK, NULL);
    voice_process_destroy(voice);
}

static void voice_rate_and_pitch_are_heard(void)
{
    struct voice_process *voice = opened("en-us"), *variant = opened("en-us+f2");
    struct speech slow, fast;
    check_status(voice_process_speak(&slow, voice, texts[0], 120, 50), STATUS_OK, NULL);
    const size_t slow_count = slow.sample_count;
    const uint64_t hash = hash_of(&slow);
    check_status(voice_process_speak(&fast, voice, texts[0], 240, 50), STATUS_OK, NULL);
    CU_ASSERT(fast.sample_count < slow_count * 3 / 4);
    voice_process_renew(voice);
    CU_ASSERT_NOT_EQUAL(spoken(voice, texts[0], 120, 70), hash);
    CU_ASSERT_NOT_EQUAL(spoken(variant, texts[0], 120, 50), hash);
    voice_process_destroy(voice);
    voice_process_destroy(variant);
}

static void phones_come_in_order_with_names(void)
{
    struct voice_process *voice = opened("en-us");
    struct speech speech;
    check_status(voice_process_speak(&speech, voice, "hello, world.", 175, 50), STATUS_OK, NULL);
    CU_ASSERT(speech.sample_count > voice_process_rate_hz(voice) / 2);
    CU_ASSERT(speech.phone_count >= 8);
    const char *said[] = { "h", "@", "l", "oU" };
    for (size_t p = 0; p < 4 && p < speech.phone_count; p++)
        CU_ASSERT_STRING_EQUAL(speech.phones[p].name, said[p]);
    for (size_t p = 1; p < speech.phone_count; p++)
        CU_ASSERT(speech.phones[p].start >= speech.phones[p - 1].start);
    CU_ASSERT(speech.phones[speech.phone_count - 1].start <= speech.sample_count);
    voice_process_destroy(voice);
}

static void markup_is_spoken_as_text(void)
{
    struct voice_process *voice = opened("en-us");
    struct speech speech;
    check_status(voice_process_speak(&speech, voice, "dog", 175, 50), STATUS_OK, NULL);
    const size_t word = speech.sample_count;
    check_status(voice_process_speak(&speech, voice, "<audio src='x'/> dog", 175, 50), STATUS_OK,
                 NULL);
    CU_ASSERT(speech.sample_count > 2 * word);
    check_status(voice_process_speak(&speech, voice, "[[h@'loU]] dog", 175, 50), STATUS_OK, NULL);
    const size_t coded = speech.sample_count;
    check_status(voice_process_speak(&speech, voice, "hello dog", 175, 50), STATUS_OK, NULL);
    CU_ASSERT_NOT_EQUAL(coded, speech.sample_count);
    voice_process_destroy(voice);
}

static void unknown_voices_are_named(void)
{
    const char *unknown[] = { "xx",    "en-us+zz",  "en-us+", "+f2",        "",
                              "../en", "mb/mb-us1", "en us",  "en-us+f2+m3" };
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        struct voice_process *voice = NULL;
        check_status(voice_process_open(&voice, unknown[i]), STATUS_INVALID, unknown[i]);
        CU_ASSERT_PTR_NULL(voice);
    }
}

static void bad_requests_are_told_and_the_voice_goes_on(void)
{
    static char huge[VOICE_TEXT_BYTES_MAX + 2];
    memset(huge, '9', VOICE_TEXT_BYTES_MAX + 1);
    struct voice_process *voice = opened("en-us");
    struct speech speech;
    check_status(voice_process_speak(&speech, voice, huge, 175, 50), STATUS_INVALID, "bytes");
    huge[VOICE_TEXT_BYTES_MAX] = '\0';
    check_status(voice_process_speak(&speech, voice, huge, 80, 50), STATUS_INVALID, "120 seconds");
    check_status(voice_process_speak(&speech, voice, "a", 20, 50), STATUS_INVALID, "rate 20");
    check_status(voice_process_speak(&speech, voice, "a", 175, 100), STATUS_INVALID, "pitch 100");
    check_status(voice_process_speak(&speech, voice, texts[0], 175, 50), STATUS_OK, NULL);
    voice_process_destroy(voice);
    voice_process_destroy(NULL);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "a renewed voice sounds the same", a_renewed_voice_sounds_the_same_whatever_came_before },
        { "a batch sounds the same each time", a_batch_sounds_the_same_each_time },
        { "a text that crashes the engine", a_text_that_crashes_the_engine_costs_one_utterance },
        { "a copy that dies otherwise", a_copy_that_dies_of_something_else_costs_nothing },
        { "a copy that is killed", a_copy_that_is_killed_ends_the_voice },
        { "a voice whose process is gone says so", a_voice_whose_process_is_gone_says_so },
        { "what was said stays", what_was_said_stays_while_the_next_is_spoken },
        { "voice, rate and pitch are heard", voice_rate_and_pitch_are_heard },
        { "phones come in order with names", phones_come_in_order_with_names },
        { "markup is spoken as text", markup_is_spoken_as_text },
        { "unknown voices are named", unknown_voices_are_named },
        { "bad requests are told", bad_requests_are_told_and_the_voice_goes_on },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "voice_process", cases);
}
