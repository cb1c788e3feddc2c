/* What the page lets hear: captions, captions from units, generated captions. */
#include "cluster/stop.h"
#include "stages/page/page_gathering.h"
#include "stages/page/page_media.h"
#include "stages/run_sounds.h"
#include "stages/transcriber.h"

#include <stdio.h>
#include <stdlib.h>

/* What the sounds are made and heard with. */
struct listening {
    const struct page_gathering *gathering;
    struct run_sounds *sounds;
    struct transcriber *transcriber; /* NULL: none, or not yet */
    bool has_asked;                  /* for a transcriber */
};

/* `outcome` is that of making the sound, which is written and named. */
static enum status keep(char name[PAGE_FILE_BYTES], const struct listening *listening,
                        enum page_part part, const char *id, const char *ending,
                        const struct audio *audio, enum status outcome)
{
    char path[PATH_BYTES];
    if (outcome != STATUS_OK)
        return page_note_missing(listening->gathering, part, outcome);
    if (audio->sample_count == 0)
        return STATUS_OK;
    outcome = page_name_file(name, path, listening->gathering, id, ending);
    return outcome == STATUS_OK ? page_media_sound(path, audio) : outcome;
}

static enum status add_caption(struct page_entry *entry, struct listening *listening, size_t record)
{
    const char *id = listening->gathering->run->manifest.captions[record].id;
    struct audio audio;
    enum status outcome = run_sounds_speech(&audio, listening->sounds, record);
    outcome = keep(entry->speech, listening, PAGE_SPEECH, id, ".wav", &audio, outcome);
    audio_end(&audio);
    if (outcome != STATUS_OK)
        return outcome;
    if (run_sounds_has_vocoder(listening->sounds))
        outcome = run_sounds_units(&audio, listening->sounds, record);
    else {
        audio = (struct audio){ 0 };
        outcome = status_fail(STATUS_NOT_FOUND, "the plan names no generate.vocoder; "
                                                "--set generate.vocoder=W does");
    }
    outcome =
        keep(entry->resynthesis, listening, PAGE_RESYNTHESIS, id, ".units.wav", &audio, outcome);
    audio_end(&audio);
    return outcome;
}

static enum status transcribe(struct page_said *said, struct listening *listening,
                              const struct audio *audio)
{
    enum status outcome = STATUS_OK;
    if (!listening->has_asked)
        outcome = transcriber_open(&listening->transcriber, &listening->gathering->run->manifest);
    listening->has_asked = true;
    if (outcome == STATUS_OK && listening->transcriber != NULL)
        outcome = transcriber_hear(&said->heard, listening->transcriber, audio);
    return page_note_missing(listening->gathering, PAGE_HEARD, outcome);
}

/* Caption number `caption` of those that generate made of the picture. */
static enum status add_said(struct page_entry *entry, struct listening *listening, size_t picture,
                            size_t caption)
{
    struct page_said *said = &entry->said[caption];
    char ending[40] = ".generated.wav";
    struct audio audio;
    enum status outcome = run_sounds_generated(&audio, listening->sounds, picture, caption);
    if (entry->said_count > 1)
        snprintf(ending, sizeof ending, ".generated-%zu.wav", caption);
    if (outcome == STATUS_OK && audio.sample_count == 0 &&
        !run_sounds_has_vocoder(listening->sounds))
        outcome = status_fail(STATUS_NOT_FOUND, "they are units without sound; "
                                                "--set generate.vocoder=W gives them one");
    outcome = keep(said->file, listening, PAGE_GENERATED, entry->id, ending, &audio, outcome);
    if (outcome == STATUS_OK && audio.sample_count > 0)
        outcome = transcribe(said, listening, &audio);
    audio_end(&audio);
    return outcome;
}

static enum status add_generated(struct page_entry *entry, struct listening *listening,
                                 size_t picture)
{
    size_t count = 0;
    enum status outcome = run_sounds_generated_count(&count, listening->sounds, picture);
    if (outcome != STATUS_OK)
        return page_note_missing(listening->gathering, PAGE_GENERATED, outcome);
    entry->said = calloc(count + 1, sizeof *entry->said);
    if (entry->said == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu captions", count);
    entry->said_count = count;
    for (size_t c = 0; c < count && outcome == STATUS_OK; c++)
        outcome = add_said(entry, listening, picture, c);
    return outcome;
}

enum status page_add_sounds(const struct page_gathering *gathering)
{
    struct listening listening = { .gathering = gathering };
    struct page *page = gathering->page;
    enum status outcome = run_sounds_open(&listening.sounds, gathering->run);
    for (size_t e = 0; e < page->count && outcome == STATUS_OK; e++) {
        const struct page_subject *subject = &gathering->subjects[e];
        outcome = stop_check();
        if (outcome == STATUS_OK)
            outcome = add_caption(&page->entries[e], &listening, subject->caption);
        if (outcome == STATUS_OK)
            outcome = add_generated(&page->entries[e], &listening, subject->image);
    }
    transcriber_close(listening.transcriber);
    run_sounds_close(listening.sounds);
    return outcome;
}
