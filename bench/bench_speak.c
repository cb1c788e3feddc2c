#include "bench/bench_works.h"
#include "bench/spoken_captions.h"
#include "storage/flac_encoder.h"
#include "tts/speaker.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A batch is a shard of the plan's default size. */
enum {
    BATCH_CAPTIONS = 128,
    ID_BYTES = 16,
    ALONE_SECONDS_MAX = 60,
    ALONE_RATE_MAX_HZ = 22050,
    ALONE_PHONES_MAX = 4096,
    SEED = 1
};

static const char voice_name[] = "en-us";

struct work {
    struct speaker *speaker;
    char texts[BATCH_CAPTIONS][SPOKEN_CAPTION_BYTES];
    char ids[BATCH_CAPTIONS][ID_BYTES];
    int16_t samples[ALONE_SECONDS_MAX * ALONE_RATE_MAX_HZ];
    struct phone phones[ALONE_PHONES_MAX];
};

void bench_speak_close(void *self)
{
    struct work *work = self;
    if (work == NULL)
        return;
    speaker_destroy(work->speaker);
    free(work);
}

static struct speaker_caption caption_at(const struct work *work, size_t c)
{
    return (struct speaker_caption){ .id = work->ids[c], .text = work->texts[c], .language = "en" };
}

/* The speaker's processes come first: they are copies of this one without a voice yet. */
static enum status prepare(struct work *work)
{
    const char *const voices[] = { voice_name };
    const struct speaker_options options = { .voices = voices,
                                             .voice_count = 1,
                                             .rate_minimum_wpm = 150,
                                             .rate_maximum_wpm = 190,
                                             .pitch_minimum = 40,
                                             .pitch_maximum = 60,
                                             .seed = SEED };
    unsigned rate_hz = 0;
    spoken_captions_make(work->texts, BATCH_CAPTIONS);
    for (size_t c = 0; c < BATCH_CAPTIONS; c++)
        snprintf(work->ids[c], ID_BYTES, "%zu", c);
    const enum status outcome = speaker_open(&work->speaker, &options);
    return outcome == STATUS_OK ? espeak_voice_open(&rate_hz, voice_name) : outcome;
}

enum status bench_speak_open(void **self, double *gflop_per_item,
                             const struct bench_setting *setting)
{
    (void)setting;
    struct work *work = calloc(1, sizeof *work);
    *self = NULL;
    if (work == NULL)
        return status_fail(STATUS_NO_MEMORY, "speak: no memory");
    const enum status outcome = prepare(work);
    if (outcome != STATUS_OK) {
        bench_speak_close(work);
        return outcome;
    }
    *gflop_per_item = 0.0;
    *self = work;
    return STATUS_OK;
}

enum status bench_speak_run(double *items, void *self)
{
    struct work *work = self;
    enum status outcome = STATUS_OK;
    speaker_begin_batch(work->speaker);
    for (size_t c = 0; c < BATCH_CAPTIONS && outcome == STATUS_OK; c++) {
        const bool is_last = c + 1 == BATCH_CAPTIONS;
        const struct speaker_caption caption = caption_at(work, c),
                                     next = caption_at(work, is_last ? c : c + 1);
        struct speaker_choice choice;
        struct speech speech;
        uint8_t *flac = NULL;
        size_t flac_bytes = 0;
        outcome = speaker_speak(&speech, &choice, work->speaker, &caption, is_last ? NULL : &next);
        if (outcome == STATUS_OK)
            outcome = flac_encode(&flac, &flac_bytes, speech.samples, speech.sample_count,
                                  SPEAKER_RATE_HZ);
        free(flac);
    }
    *items = BATCH_CAPTIONS;
    return outcome;
}

enum status bench_speak_alone(double *items, void *self)
{
    struct work *work = self;
    enum status outcome = STATUS_OK;
    for (size_t c = 0; c < BATCH_CAPTIONS && outcome == STATUS_OK; c++) {
        const struct speaker_caption caption = caption_at(work, c);
        struct speaker_choice choice;
        struct speech speech = { .samples = work->samples,
                                 .samples_max = sizeof work->samples / sizeof work->samples[0],
                                 .phones = work->phones,
                                 .phones_max = ALONE_PHONES_MAX };
        outcome = speaker_choose(&choice, work->speaker, &caption);
        if (outcome == STATUS_OK)
            outcome = espeak_voice_speak(&speech, caption.text, choice.rate_wpm, choice.pitch);
    }
    *items = BATCH_CAPTIONS;
    return outcome;
}
