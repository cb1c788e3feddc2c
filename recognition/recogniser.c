#include "recognition/recogniser.h"

#include "core/file.h"
#include "core/log.h"
#include "core/random.h"
#include "recognition/word.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pocketsphinx.h>
#include <sphinxbase/err.h>
#include <sphinxbase/ngram_model.h>

#define ACOUSTIC_MODEL UNITMILL_SPHINX_MODELS "/en-us/en-us"
#define DICTIONARY UNITMILL_SPHINX_MODELS "/en-us/cmudict-en-us.dict"

enum { DICTIONARY_BYTES_MAX = 1 << 26, MEMORY_PATH_BYTES = 64 };

static const double loudness = 3000.0;   /* root mean square of 16-bit samples, as speech has */
static const double noise_share = 0.031; /* of it: -30 dB */

struct recogniser {
    ps_decoder_t *decoder;
    int16_t *samples; /* [sample_room] what is heard, made audible */
    size_t sample_room;
    char complaint[256]; /* the last one of pocketsphinx */
};

/* pocketsphinx ends the process after a fatal message: somebody should hear it. */
static void listen(void *recogniser, err_lvl_t level, const char *format, ...)
{
    char *complaint = ((struct recogniser *)recogniser)->complaint;
    if (level < ERR_ERROR)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(complaint, sizeof((struct recogniser *)recogniser)->complaint, format, arguments);
    va_end(arguments);
    complaint[strcspn(complaint, "\n")] = '\0';
    if (level >= ERR_FATAL)
        log_failure(complaint);
}

static enum status find_models(void)
{
    if (file_exists(ACOUSTIC_MODEL "/mdef") && file_exists(DICTIONARY))
        return STATUS_OK;
    return status_fail(STATUS_NOT_FOUND,
                       "%s: no acoustic model and dictionary; install pocketsphinx-en-us",
                       UNITMILL_SPHINX_MODELS "/en-us");
}

/* pocketsphinx reads from files alone; these lie in memory. The caller closes `*stream`. */
static enum status open_memory(FILE **stream, char path[MEMORY_PATH_BYTES])
{
    const int descriptor = memfd_create("recogniser", MFD_CLOEXEC);
    *stream = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (*stream == NULL) {
        if (descriptor >= 0)
            close(descriptor);
        return file_fail("recogniser", "no file in memory");
    }
    snprintf(path, MEMORY_PATH_BYTES, "/proc/self/fd/%d", descriptor);
    return STATUS_OK;
}

/* Whether the dictionary's line, "word phones" or "word(2) phones", is of a word of the model. */
static bool is_wanted(size_t *number, const struct language_model *model, const char *line)
{
    char word[WORD_BYTES];
    const size_t length = strcspn(line, " (\t");
    if (length == 0 || length >= sizeof word)
        return false;
    memcpy(word, line, length);
    word[length] = '\0';
    return language_model_find(number, model, word);
}

/* The part of the dictionary that is wanted: with all of it pocketsphinx takes a second to start.
 */
static enum status write_dictionary(FILE *stream, bool *is_unknown,
                                    const struct language_model *model)
{
    char *text = NULL, *state = NULL;
    size_t bytes = 0, number = 0;
    enum status outcome = file_read((uint8_t **)&text, &bytes, DICTIONARY, DICTIONARY_BYTES_MAX);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t w = 0; w < language_model_word_count(model); w++)
        is_unknown[w] = w >= LANGUAGE_MODEL_ENDS;
    for (char *line = strtok_r(text, "\r\n", &state); line != NULL;
         line = strtok_r(NULL, "\r\n", &state)) {
        if (!is_wanted(&number, model, line) || number < LANGUAGE_MODEL_ENDS)
            continue;
        is_unknown[number] = false;
        fprintf(stream, "%s\n", line);
    }
    free(text);
    if (fflush(stream) != 0 || ferror(stream))
        return file_fail("recogniser", "cannot keep the dictionary");
    return STATUS_OK;
}

static enum status open_decoder(struct recogniser *recogniser, bool *is_unknown,
                                const struct language_model *model)
{
    char path[MEMORY_PATH_BYTES];
    FILE *stream = NULL;
    enum status outcome = find_models();
    if (outcome == STATUS_OK)
        outcome = open_memory(&stream, path);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = write_dictionary(stream, is_unknown, model);
    if (outcome == STATUS_OK) {
        cmd_ln_t *config = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", ACOUSTIC_MODEL, "-dict", path,
                                       "-remove_noise", "no", NULL);
        if (config != NULL)
            recogniser->decoder = ps_init(config);
        if (recogniser->decoder == NULL)
            outcome =
                status_fail(STATUS_IO, "pocketsphinx does not start: %s", recogniser->complaint);
        cmd_ln_free_r(config);
    }
    fclose(stream);
    return outcome;
}

static enum status teach(struct recogniser *recogniser, struct language_model *model,
                         const bool *is_unknown)
{
    char path[MEMORY_PATH_BYTES];
    FILE *stream = NULL;
    ngram_model_t *grams = NULL;
    enum status outcome = open_memory(&stream, path);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = language_model_write(stream, model, is_unknown);
    if (outcome == STATUS_OK)
        grams = ngram_model_read(ps_get_config(recogniser->decoder), path, NGRAM_ARPA,
                                 ps_get_logmath(recogniser->decoder));
    if (outcome == STATUS_OK &&
        (grams == NULL || ps_set_lm(recogniser->decoder, "captions", grams) != 0 ||
         ps_set_search(recogniser->decoder, "captions") != 0))
        outcome = status_fail(STATUS_IO, "pocketsphinx does not take the language model: %s",
                              recogniser->complaint);
    ngram_model_free(grams);
    fclose(stream);
    return outcome;
}

enum status recogniser_create(struct recogniser **out, bool *is_unknown,
                              struct language_model *model)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return status_fail(STATUS_NO_MEMORY, "recogniser");
    err_set_logfp(NULL);
    err_set_callback(listen, *out);
    enum status outcome = open_decoder(*out, is_unknown, model);
    if (outcome == STATUS_OK)
        outcome = teach(*out, model, is_unknown);
    if (outcome != STATUS_OK) {
        recogniser_destroy(*out);
        *out = NULL;
    }
    return outcome;
}

void recogniser_destroy(struct recogniser *recogniser)
{
    if (recogniser == NULL)
        return;
    ps_free(recogniser->decoder);
    err_set_callback(NULL, NULL);
    free(recogniser->samples);
    free(recogniser);
}

static enum status reserve(struct recogniser *recogniser, size_t count)
{
    if (count <= recogniser->sample_room)
        return STATUS_OK;
    int16_t *samples = realloc(recogniser->samples, count * sizeof *samples);
    if (samples == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu samples to hear", count);
    recogniser->samples = samples;
    recogniser->sample_room = count;
    return STATUS_OK;
}

/* False where there is nothing but silence. */
static bool make_audible(int16_t *audible, const float *samples, size_t count)
{
    struct random_stream stream = random_stream_numbered(0, 0, "noise");
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += (double)samples[i] * samples[i];
    if (!(sum > 0.0))
        return false;
    const double gain = loudness / sqrt(sum / (double)count);
    const double swing = sqrt(3.0) * noise_share * loudness; /* of evenly spread noise */
    for (size_t i = 0; i < count; i++) {
        const double noise = swing * (2.0 * random_uniform(&stream) - 1.0);
        const double value = rint(gain * samples[i] + noise);
        audible[i] = (int16_t)(value > INT16_MAX   ? INT16_MAX
                               : value < INT16_MIN ? INT16_MIN
                                                   : value);
    }
    return true;
}

enum status recogniser_hear(char **text, struct recogniser *recogniser, const float *samples,
                            size_t sample_count)
{
    const size_t most = (size_t)RECOGNISER_RATE_HZ * RECOGNISER_SECONDS_MAX;
    const size_t count = sample_count < most ? sample_count : most;
    const char *heard = NULL;
    int score = 0;
    *text = NULL;
    enum status outcome = reserve(recogniser, count);
    if (outcome != STATUS_OK)
        return outcome;
    if (make_audible(recogniser->samples, samples, count)) {
        if (ps_start_stream(recogniser->decoder) < 0 || /* forgets the last one's noise */
            ps_start_utt(recogniser->decoder) < 0 ||
            ps_process_raw(recogniser->decoder, recogniser->samples, count, FALSE, TRUE) < 0 ||
            ps_end_utt(recogniser->decoder) < 0)
            return status_fail(STATUS_IO, "pocketsphinx does not listen: %s",
                               recogniser->complaint);
        heard = ps_get_hyp(recogniser->decoder, &score);
    }
    *text = strdup(heard != NULL ? heard : "");
    return *text != NULL ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "what was heard");
}
