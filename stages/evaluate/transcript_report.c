#include "stages/evaluate/transcript_report.h"

#include "storage/metrics_file.h"

const char *const transcript_splits[TRANSCRIPT_SPLIT_COUNT] = { "train", "val", "test" };

static const char *const kind_names[TRANSCRIPT_KIND_COUNT] = {
    [TRANSCRIPT_GENERATED] = "generated",
    [TRANSCRIPT_SPEECH] = "speech",
    [TRANSCRIPT_RESYNTHESISED] = "resynthesised",
};

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0.0;
}

static enum status append(const char *path, const char *split, const char *kind,
                          const struct transcript_tally *tally)
{
    char event[64];
    const struct caption_tally *words = &tally->words;
    const struct fact_tally *facts = &tally->facts;
    const struct metrics_value values[] = {
        { "captions", (double)words->captions },
        { "word_error_rate", caption_tally_error_rate(words) },
        { "bleu_4", caption_tally_bleu(words) },
        { "rouge_l", caption_tally_rouge(words) },
        { "words", (double)words->units },
        { "reference_words", (double)words->reference_units },
        { "captions_with_facts", (double)facts->captions },
        { "objects_right", share(facts->kinds_right, facts->captions) },
        { "colours_right", share(facts->colours_right, facts->captions) },
        { "places_right", share(facts->places_right, facts->places_named) },
        { "captions_naming_places", (double)facts->places_named },
        { "all_right", share(facts->all_right, facts->captions) },
        { "objects_named", share(facts->kinds_named, facts->kinds) },
    };
    const size_t count = sizeof values / sizeof values[0];
    snprintf(event, sizeof event, "transcribed %s %s", split, kind);
    return metrics_append(path, event, 0, values, facts->captions > 0 ? count : 6);
}

static void write_words(FILE *stream, const char *split, const char *kind,
                        const struct caption_tally *words)
{
    fprintf(stream, "%-8s %-14s %10lld %16.4f %10.4f %10.4f %16.1f %20.1f\n", split, kind,
            (long long)words->captions, caption_tally_error_rate(words), caption_tally_bleu(words),
            caption_tally_rouge(words), share(words->units, words->captions),
            share(words->reference_units, words->captions));
}

static void write_facts(FILE *stream, const char *split, const char *kind,
                        const struct fact_tally *facts)
{
    fprintf(stream, "%-8s %-14s %10lld %14.4f %14.4f %14.4f %10.4f %18.4f\n", split, kind,
            (long long)facts->captions, share(facts->kinds_right, facts->captions),
            share(facts->colours_right, facts->captions),
            share(facts->places_right, facts->places_named),
            share(facts->all_right, facts->captions), share(facts->kinds_named, facts->kinds));
}

/* A table of lines, of words or of facts; the latter only where there are some. */
static void write_table(FILE *stream, const struct transcript_tallies *tallies, bool of_facts)
{
    bool is_begun = false;
    for (size_t s = 0; s < TRANSCRIPT_SPLIT_COUNT; s++)
        for (size_t k = 0; k < TRANSCRIPT_KIND_COUNT; k++) {
            const struct transcript_tally *tally = &tallies->of[s][k];
            if ((of_facts ? tally->facts.captions : tally->words.captions) == 0)
                continue;
            if (!is_begun && of_facts)
                fprintf(stream, "\n%-8s %-14s %10s %14s %14s %14s %10s %18s\n", "split", "speech",
                        "captions", "objects right", "colours right", "places right", "all right",
                        "objects mentioned");
            else if (!is_begun)
                fprintf(stream, "\n%-8s %-14s %10s %16s %10s %10s %16s %20s\n", "split", "speech",
                        "captions", "word error rate", "BLEU-4", "ROUGE-L", "words a caption",
                        "of the nearest one");
            is_begun = true;
            if (of_facts)
                write_facts(stream, transcript_splits[s], kind_names[k], &tally->facts);
            else
                write_words(stream, transcript_splits[s], kind_names[k], &tally->words);
        }
}

enum status transcript_report_write(FILE *stream, const char *metrics_path,
                                    const struct transcript_tallies *tallies)
{
    enum status outcome = STATUS_OK;
    write_table(stream, tallies, false);
    write_table(stream, tallies, true);
    for (size_t s = 0; s < TRANSCRIPT_SPLIT_COUNT; s++)
        for (size_t k = 0; k < TRANSCRIPT_KIND_COUNT && outcome == STATUS_OK; k++)
            if (tallies->of[s][k].words.captions > 0)
                outcome =
                    append(metrics_path, transcript_splits[s], kind_names[k], &tallies->of[s][k]);
    if (outcome == STATUS_OK && (fflush(stream) != 0 || ferror(stream)))
        return status_fail(STATUS_IO, "standard output: cannot write the evaluation");
    return outcome;
}
