/* The speaker: what is drawn for a caption, what comes out, and why a caption is refused. */
#include "tests/support/check.h"
#include "tts/speaker.h"

#include <stdio.h>
#include <string.h>

static const char *const voices[] = { "en-us", "en-us+f2", "en-gb+m3", "ar", "ar+m2" };
static const struct speaker_options good = { .voices = voices,
                                             .voice_count = 5,
                                             .rate_minimum_wpm = 140,
                                             .rate_maximum_wpm = 190,
                                             .pitch_minimum = 30,
                                             .pitch_maximum = 60,
                                             .seed = 7 };

static struct speaker *opened(const struct speaker_options *options)
{
    struct speaker *speaker = NULL;
    check_status(speaker_open(&speaker, options), STATUS_OK, NULL);
    return speaker;
}

static void draws_fill_their_ranges_and_depend_on_the_id(void)
{
    struct speaker *speaker = opened(&good);
    unsigned rates = 0, pitches = 0, heard[5] = { 0 };
    for (int i = 0; i < 300; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", i);
        const struct speaker_caption caption = { .id = id, .text = "x", .language = "en" };
        struct speaker_choice choice, again;
        check_status(speaker_choose(&choice, speaker, &caption), STATUS_OK, NULL);
        check_status(speaker_choose(&again, speaker, &caption), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(memcmp(&choice, &again, sizeof choice), 0);
        CU_ASSERT(choice.rate_wpm >= 140 && choice.rate_wpm <= 190);
        CU_ASSERT(choice.pitch >= 30 && choice.pitch <= 60);
        rates |= choice.rate_wpm == 140 ? 1u : choice.rate_wpm == 190 ? 2u : 0u;
        pitches |= choice.pitch == 30 ? 1u : choice.pitch == 60 ? 2u : 0u;
        for (size_t v = 0; v < 5; v++)
            heard[v] += strcmp(choice.voice, voices[v]) == 0;
    }
    CU_ASSERT_EQUAL(rates, 3);
    CU_ASSERT_EQUAL(pitches, 3);
    CU_ASSERT(heard[0] > 60 && heard[1] > 60 && heard[2] > 60);
    CU_ASSERT_EQUAL(heard[3] + heard[4], 0);
    speaker_destroy(speaker);
}

static void a_named_speaker_keeps_a_voice(void)
{
    struct speaker *speaker = opened(&good);
    const char *kept = NULL;
    unsigned different = 0;
    for (int i = 0; i < 40; i++) {
        char id[16], name[16];
        snprintf(id, sizeof id, "c%d", i);
        snprintf(name, sizeof name, "anna%d", i);
        struct speaker_caption caption = { id, "x", "en", "anna" };
        struct speaker_choice choice;
        check_status(speaker_choose(&choice, speaker, &caption), STATUS_OK, NULL);
        CU_ASSERT(kept == NULL || kept == choice.voice);
        kept = choice.voice;
        caption.speaker = name;
        check_status(speaker_choose(&choice, speaker, &caption), STATUS_OK, NULL);
        different += choice.voice != kept;
    }
    CU_ASSERT(different > 10);
    speaker_destroy(speaker);
}

static void languages_find_their_voices(void)
{
    struct speaker *speaker = opened(&good);
    const struct {
        const char *language, *prefix;
    } known[] = { { "ar", "ar" }, { "en-gb", "en-gb+m3" }, { "EN-US", "en-us" }, { "en", "en-" } };
    struct speaker_choice choice;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct speaker_caption caption = { "c", "x", known[i].language, NULL };
        check_status(speaker_choose(&choice, speaker, &caption), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(strncmp(choice.voice, known[i].prefix, strlen(known[i].prefix)), 0);
    }
    const char *unknown[] = { "de", "e", "", "en-", "en-u", "en-us+f2" };
    for (size_t i = 0; i < 5; i++) {
        const struct speaker_caption caption = { "c", "x", unknown[i], NULL };
        check_status(speaker_choose(&choice, speaker, &caption), STATUS_INVALID,
                     "no voice of the plan speaks it");
    }
    speaker_destroy(speaker);
}

static void speech_is_16_khz_with_phones_inside(void)
{
    struct speaker *speaker = opened(&good);
    const struct speaker_caption caption = { "c1", "a red square", "en", NULL };
    struct speech speech;
    struct speaker_choice choice;
    check_status(speaker_speak(&speech, &choice, speaker, &caption, NULL), STATUS_OK, NULL);
    CU_ASSERT(speech.sample_count > SPEAKER_RATE_HZ / 2);
    CU_ASSERT(speech.sample_count < 3 * SPEAKER_RATE_HZ);
    CU_ASSERT(speech.phone_count >= 8);
    for (size_t p = 0; p < speech.phone_count; p++) {
        CU_ASSERT(speech.phones[p].start <= speech.sample_count);
        CU_ASSERT(p == 0 || speech.phones[p].start >= speech.phones[p - 1].start);
    }
    speaker_destroy(speaker);
}

static const struct speaker_caption wanted = { "w", "two small dogs", "en", NULL };
static const struct speaker_caption before = { "b", "مربع أحمر 119", "ar", NULL };
static const struct speaker_caption beside = { "v", "a red square", "en-us", NULL };

static uint64_t hash_before(struct speaker *speaker, const struct speaker_caption *caption,
                            const struct speaker_caption *next)
{
    struct speech speech;
    struct speaker_choice choice;
    uint64_t hash = 0xCBF29CE484222325u;
    check_status(speaker_speak(&speech, &choice, speaker, caption, next), STATUS_OK, NULL);
    for (size_t i = 0; i < speech.sample_count; i++)
        hash = (hash ^ (uint16_t)speech.samples[i]) * 0x100000001B3u;
    return hash;
}

static uint64_t hash_of(struct speaker *speaker, const struct speaker_caption *caption)
{
    return hash_before(speaker, caption, NULL);
}

static void a_caption_sounds_the_same_whatever_came_before(void)
{
    struct speaker *speaker = opened(&good), *other = opened(&good);
    const uint64_t first = hash_of(speaker, &wanted);
    hash_of(other, &beside);
    hash_of(other, &before);
    CU_ASSERT_EQUAL(hash_of(other, &wanted), first);
    CU_ASSERT_EQUAL(hash_of(other, &wanted), first);
    speaker_begin_batch(other);
    CU_ASSERT_EQUAL(hash_of(other, &wanted), first);
    speaker_destroy(speaker);
    speaker_destroy(other);
}

static void a_batch_sounds_the_same_whatever_came_before(void)
{
    struct speaker *speaker = opened(&good), *other = opened(&good);
    const struct speaker_caption *captions[] = { &before, &beside, &wanted, &wanted, &beside };
    hash_of(other, &beside);
    speaker_begin_batch(other);
    hash_of(other, &wanted);
    speaker_begin_batch(speaker);
    speaker_begin_batch(other);
    for (size_t i = 0; i < sizeof captions / sizeof captions[0]; i++)
        CU_ASSERT_EQUAL(hash_of(speaker, captions[i]), hash_of(other, captions[i]));
    speaker_destroy(speaker);
    speaker_destroy(other);
}

/* Of one voice and of several, in batches and without. */
static void speaking_ahead_changes_nothing(void)
{
    struct speaker *speaker = opened(&good), *other = opened(&good);
    const struct speaker_caption *captions[] = { &wanted, &wanted, &before, &wanted,
                                                 &beside, &beside, &before };
    const size_t count = sizeof captions / sizeof captions[0];
    for (int round = 0; round < 4; round++) {
        if (round > 0) {
            speaker_begin_batch(speaker);
            speaker_begin_batch(other);
        }
        for (size_t i = 0; i < count; i++)
            CU_ASSERT_EQUAL(hash_before(other, captions[i], i + 1 < count ? captions[i + 1] : NULL),
                            hash_of(speaker, captions[i]));
    }
    const uint64_t first = (speaker_begin_batch(speaker), hash_of(speaker, &wanted));
    hash_before(other, &beside, &wanted); /* begun and never asked for */
    speaker_begin_batch(other);
    CU_ASSERT_EQUAL(hash_of(other, &wanted), first);
    speaker_destroy(speaker);
    hash_before(other, &beside, &wanted);
    speaker_destroy(other);
}

static void a_bad_caption_ahead_is_told_in_its_turn(void)
{
    struct speaker *speaker = opened(&good);
    const struct speaker_caption bad[] = { { "b", "\xFF", "en", NULL },
                                           { "b", "hello", "tlh", NULL },
                                           { "b", "...", "en", NULL } };
    const char *const reasons[] = { "UTF-8", "no voice", "audible" };
    for (size_t i = 0; i < 3; i++) {
        struct speech speech;
        struct speaker_choice choice;
        const uint64_t hash = hash_of(speaker, &wanted);
        CU_ASSERT_EQUAL(hash_before(speaker, &wanted, &bad[i]), hash);
        check_status(speaker_speak(&speech, &choice, speaker, &bad[i], &wanted), STATUS_INVALID,
                     reasons[i]);
        CU_ASSERT_EQUAL(hash_of(speaker, &wanted), hash);
    }
    speaker_destroy(speaker);
}

static void bad_captions_are_refused_with_a_reason(void)
{
    static char endless[SPEAKER_CAPTION_BYTES + 2];
    memset(endless, 'a', SPEAKER_CAPTION_BYTES + 1);
    struct speaker *speaker = opened(&good);
    const struct {
        const char *text, *language, *reason;
    } bad[] = { { "", "en", "empty" },          { "\xFF", "en", "UTF-8" },
                { endless, "en", "longer" },    { "a\x01", "en", "control" },
                { "hello", "tlh", "no voice" }, { "...", "en", "audible" } };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct speaker_caption caption = { "c", bad[i].text, bad[i].language, NULL };
        struct speech speech;
        struct speaker_choice choice;
        check_status(speaker_speak(&speech, &choice, speaker, &caption, NULL), STATUS_INVALID,
                     bad[i].reason);
        CU_ASSERT_EQUAL(speech.sample_count, 0);
    }
    speaker_destroy(speaker);
}

static void bad_options_are_refused(void)
{
    const char *const unknown[] = { "en-us", "zz" };
    struct speaker *speaker = NULL;
    struct speaker_options options = good;
    options.voice_count = 0;
    check_status(speaker_open(&speaker, &options), STATUS_INVALID, "voices");
    options = good;
    options.rate_minimum_wpm = 200;
    check_status(speaker_open(&speaker, &options), STATUS_INVALID, "rate");
    options = good;
    options.pitch_maximum = 100;
    check_status(speaker_open(&speaker, &options), STATUS_INVALID, "pitch");
    options = good;
    options.voices = unknown;
    options.voice_count = 2;
    check_status(speaker_open(&speaker, &options), STATUS_INVALID, "zz");
    CU_ASSERT_PTR_NULL(speaker);
    speaker_destroy(NULL);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "draws fill their ranges", draws_fill_their_ranges_and_depend_on_the_id },
        { "a named speaker keeps a voice", a_named_speaker_keeps_a_voice },
        { "languages find their voices", languages_find_their_voices },
        { "speech is 16 kHz with phones inside", speech_is_16_khz_with_phones_inside },
        { "a caption sounds the same", a_caption_sounds_the_same_whatever_came_before },
        { "a batch sounds the same", a_batch_sounds_the_same_whatever_came_before },
        { "speaking ahead changes nothing", speaking_ahead_changes_nothing },
        { "a bad caption ahead", a_bad_caption_ahead_is_told_in_its_turn },
        { "bad captions are refused", bad_captions_are_refused_with_a_reason },
        { "bad options are refused", bad_options_are_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "speaker", cases);
}
