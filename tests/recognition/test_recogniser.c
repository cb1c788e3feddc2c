/* The recogniser hears what espeak-ng says, whatever it heard before. */
#include "recognition/recogniser.h"
#include "tests/support/check.h"
#include "tts/speaker.h"

#include <stdlib.h>
#include <string.h>

enum { SKIPPED = 77 };

static const char *const sentences[] = {
    "a red star and two blue cars",        "a green tree is on the left",
    "there is a white boat at the bottom", "we see a yellow sun above the house",
    "two hexagons and a zyzzxian flower",
};
enum { SENTENCES = sizeof sentences / sizeof sentences[0] };

static struct language_model *model_of_sentences(void)
{
    struct language_model *model = NULL;
    check_status(language_model_create(&model), STATUS_OK, NULL);
    for (size_t s = 0; s < SENTENCES; s++)
        check_status(language_model_add(model, sentences[s]), STATUS_OK, NULL);
    return model;
}

static struct recogniser *recogniser_of(const struct language_model *model, bool *is_unknown)
{
    struct recogniser *recogniser = NULL;
    check_status(recogniser_create(&recogniser, is_unknown, (struct language_model *)model),
                 STATUS_OK, NULL);
    return recogniser;
}

static struct speaker *open_speaker(const char *const *voice)
{
    const struct speaker_options options = { .voices = voice,
                                             .voice_count = 1,
                                             .rate_minimum_wpm = 150,
                                             .rate_maximum_wpm = 150,
                                             .pitch_minimum = 50,
                                             .pitch_maximum = 50 };
    struct speaker *speaker = NULL;
    check_status(speaker_open(&speaker, &options), STATUS_OK, NULL);
    return speaker;
}

/* The caller frees it. */
static char *heard(struct recogniser *recogniser, struct speaker *speaker, const char *text,
                   float gain)
{
    const struct speaker_caption caption = { .id = text, .text = text, .language = "en" };
    struct speaker_choice choice;
    struct speech speech = { 0 };
    char *words = NULL;
    check_status(speaker_speak(&speech, &choice, speaker, &caption, NULL), STATUS_OK, NULL);
    float *samples = malloc(speech.sample_count * sizeof *samples);
    for (size_t i = 0; i < speech.sample_count; i++)
        samples[i] = gain * speech.samples[i];
    check_status(recogniser_hear(&words, recogniser, samples, speech.sample_count), STATUS_OK,
                 NULL);
    free(samples);
    return words;
}

static void espeak_is_understood_whatever_came_before(void)
{
    static const char *const voice[] = { "en-us+f2" };
    bool is_unknown[64];
    struct language_model *model = model_of_sentences();
    struct recogniser *recogniser = recogniser_of(model, is_unknown);
    struct speaker *speaker = open_speaker(voice);
    for (size_t again = 0; again < 2; again++)
        for (size_t s = 0; s + 1 < SENTENCES; s++) {
            char *words = heard(recogniser, speaker, sentences[s], 1.0f);
            CU_ASSERT_STRING_EQUAL(words, sentences[s]);
            free(words);
        }
    char *faint = heard(recogniser, speaker, sentences[0], 0.01f);
    CU_ASSERT_STRING_EQUAL(faint, sentences[0]);
    free(faint);
    speaker_destroy(speaker);
    recogniser_destroy(recogniser);
    language_model_destroy(model);
}

/* What it hears wrongly tells most: first, last and in between it must be the same. */
static void noise_is_heard_the_same_first_and_last(void)
{
    enum { SAMPLES = 3 * RECOGNISER_RATE_HZ };
    bool is_unknown[64];
    char *words[3] = { NULL };
    float *samples = malloc(SAMPLES * sizeof *samples);
    unsigned state = 1;
    for (size_t i = 0; i < SAMPLES; i++) {
        state = state * 1664525u + 1013904223u;
        const float swing = (i / 1600) % 3 == 0 ? 0.3f : 0.02f;
        samples[i] = swing * ((float)(state >> 8) / 8388608.0f - 1.0f);
    }
    struct language_model *model = model_of_sentences();
    struct recogniser *recogniser = recogniser_of(model, is_unknown);
    for (size_t w = 0; w < 3; w++) {
        char *between = NULL;
        check_status(recogniser_hear(&words[w], recogniser, samples, SAMPLES), STATUS_OK, NULL);
        check_status(recogniser_hear(&between, recogniser, samples + 20000, 16000), STATUS_OK,
                     NULL);
        free(between);
    }
    CU_ASSERT(words[0] != NULL && words[0][0] != '\0');
    CU_ASSERT_STRING_EQUAL(words[0], words[1]);
    CU_ASSERT_STRING_EQUAL(words[0], words[2]);
    for (size_t w = 0; w < 3; w++)
        free(words[w]);
    free(samples);
    recogniser_destroy(recogniser);
    language_model_destroy(model);
}

static void silence_and_scraps_say_nothing(void)
{
    static const size_t lengths[] = { 0, 1, 100, 500, 16000 };
    bool is_unknown[64];
    float *samples = calloc(16000, sizeof *samples);
    struct language_model *model = model_of_sentences();
    struct recogniser *recogniser = recogniser_of(model, is_unknown);
    for (size_t l = 0; l < 5; l++) {
        char *words = NULL;
        check_status(recogniser_hear(&words, recogniser, samples, lengths[l]), STATUS_OK, NULL);
        CU_ASSERT(words != NULL && words[0] == '\0');
        free(words);
    }
    for (size_t l = 0; l < 3; l++) {
        char *words = NULL;
        samples[0] = 1.0f;
        check_status(recogniser_hear(&words, recogniser, samples, lengths[l]), STATUS_OK, NULL);
        CU_ASSERT(words != NULL && words[0] == '\0');
        free(words);
    }
    free(samples);
    recogniser_destroy(recogniser);
    language_model_destroy(model);
}

static void words_outside_the_dictionary_are_told(void)
{
    bool is_unknown[64];
    struct language_model *model = model_of_sentences();
    struct recogniser *recogniser = recogniser_of(model, is_unknown);
    size_t unknown = 0;
    for (size_t w = 0; w < language_model_word_count(model); w++) {
        const char *word = language_model_word(model, w);
        unknown += is_unknown[w];
        CU_ASSERT_EQUAL(is_unknown[w],
                        strcmp(word, "zyzzxian") == 0 || strcmp(word, "hexagons") == 0);
    }
    CU_ASSERT_EQUAL(unknown, 2);
    recogniser_destroy(recogniser);
    language_model_destroy(model);
}

static void a_model_of_unknown_words_is_refused(void)
{
    bool is_unknown[64];
    struct recogniser *recogniser = NULL;
    struct language_model *model = NULL;
    check_status(language_model_create(&model), STATUS_OK, NULL);
    check_status(language_model_add(model, "zyzzxian <s> \xD9\x82\xD8\xB7"), STATUS_OK, NULL);
    is_unknown[0] = false;
    check_status(recogniser_create(&recogniser, is_unknown, model), STATUS_OK, NULL);
    recogniser_destroy(recogniser); /* of the word "s" alone */
    language_model_destroy(model);
    check_status(language_model_create(&model), STATUS_OK, NULL);
    check_status(language_model_add(model, "zyzzxian"), STATUS_OK, NULL);
    check_status(recogniser_create(&recogniser, is_unknown, model), STATUS_INVALID, "no word");
    CU_ASSERT_PTR_NULL(recogniser);
    recogniser_destroy(recogniser);
    language_model_destroy(model);
}

/* Where there is no pocketsphinx, what to install is all that can be tested. */
static bool is_absent(void)
{
    bool is_unknown[64];
    struct recogniser *recogniser = NULL;
    struct language_model *model = NULL;
    enum status outcome = language_model_create(&model);
    if (outcome == STATUS_OK)
        outcome = recogniser_create(&recogniser, is_unknown, model);
    recogniser_destroy(recogniser);
    language_model_destroy(model);
    return outcome == STATUS_NOT_FOUND && strstr(status_text(), "install") != NULL;
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "espeak-ng is understood, whatever came before",
          espeak_is_understood_whatever_came_before },
        { "noise is heard the same first and last", noise_is_heard_the_same_first_and_last },
        { "silence and scraps say nothing", silence_and_scraps_say_nothing },
        { "words outside the dictionary are told", words_outside_the_dictionary_are_told },
        { "a model of unknown words is refused", a_model_of_unknown_words_is_refused },
        CU_TEST_INFO_NULL,
    };
    return is_absent() ? SKIPPED : check_suite(argc, argv, "recogniser", cases);
}
