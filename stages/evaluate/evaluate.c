#include "stages/evaluate/evaluate.h"

#include "cluster/launch.h"
#include "stages/evaluate/evaluate_captions.h"
#include "stages/evaluate/evaluate_model.h"
#include "stages/evaluate/evaluate_transcripts.h"
#include "stages/evaluate/evaluation_report.h"
#include "stages/evaluate/frame_count.h"
#include "storage/shard.h"

/* Units in the codebook, as the first shard of units says; 0 in a run without captions. */
static enum status read_clusters(size_t *clusters, const struct run *run)
{
    char path[PATH_BYTES];
    struct shard_summary summary = { 0 };
    enum status outcome = STATUS_OK;
    *clusters = 0;
    if (run_caption_shard_count(run) == 0)
        return STATUS_OK;
    outcome = run_shard_path(path, run, "units", 0);
    if (outcome == STATUS_OK)
        outcome = shard_read_summary(&summary, path);
    if (outcome == STATUS_NOT_FOUND)
        return status_fail(outcome, "%s; unitmill speech-units makes it", status_text());
    if (outcome == STATUS_OK && (summary.codebook < 1 || summary.codebook > UINT16_MAX))
        return status_fail(STATUS_CORRUPT, "%s: a codebook of %zu", path, summary.codebook);
    *clusters = summary.codebook;
    return outcome;
}

static enum status report(FILE *stream, const struct evaluation *evaluation)
{
    char path[PATH_BYTES];
    enum status outcome = run_path(path, evaluation->run, "metrics.jsonl");
    if (outcome == STATUS_OK)
        outcome = evaluation_append(path, evaluation);
    return outcome == STATUS_OK ? evaluation_write_table(stream, evaluation) : outcome;
}

/* Counts what `mine` is to hold, brings it together and reports it. */
static enum status count_and_report(FILE *stream, struct phone_tally *mine,
                                    struct baseline *baseline, const struct run *run)
{
    struct phone_tally whole = { 0 };
    struct evaluation evaluation = { .tally = &whole, .baseline = baseline, .run = run };
    enum status outcome = frame_count_run(mine, &evaluation.captions, baseline, run);
    if (outcome == STATUS_OK)
        outcome = phone_tally_unite(&whole, mine, run->team);
    if (outcome == STATUS_OK) {
        team_sum(run->team, &evaluation.captions, 1);
        if (run->team->rank == 0)
            outcome = report(stream, &evaluation);
        outcome = team_agree(run->team, "report evaluation", outcome);
    }
    phone_tally_end(&whole);
    return outcome;
}

enum status evaluate_run(FILE *stream, const struct run *run)
{
    struct phone_tally mine = { 0 };
    struct baseline baseline = { 0 };
    size_t clusters = 0;
    enum status outcome = read_clusters(&clusters, run);
    if (outcome == STATUS_OK)
        outcome = phone_tally_begin(&mine, clusters);
    outcome = team_agree(run->team, "prepare evaluation", outcome);
    if (outcome == STATUS_OK && clusters > 0)
        outcome = baseline_fit(&baseline, run, clusters);
    if (outcome == STATUS_OK)
        outcome = count_and_report(stream, &mine, &baseline, run);
    phone_tally_end(&mine);
    baseline_end(&baseline);
    return outcome;
}

/* All that takes no recogniser. */
static enum status evaluate_all(FILE *stream, const struct run *run)
{
    bool is_model_all = false;
    enum status outcome = evaluate_model_is_all(&is_model_all, run);
    if (outcome == STATUS_OK && !is_model_all)
        outcome = evaluate_run(stream, run);
    if (outcome == STATUS_OK)
        outcome = evaluate_model(stream, run);
    if (outcome == STATUS_OK && !is_model_all)
        outcome = evaluate_captions(stream, run);
    return outcome;
}

enum status evaluate_command(struct command_line *line, int argc, char **argv)
{
    struct run run;
    struct transcript_options transcripts = { .split = NULL };
    const struct option table[] = {
        { "transcribe", OPTION_TEXT, &transcripts.split, "SPLIT",
          "instead: what a recogniser understands of the speech of train, val, test or all" },
        { "pictures", OPTION_COUNT, &transcripts.pictures_max, "N",
          "with --transcribe: the first N pictures of a split (default: all)" },
    };
    if (!command_begin(line, table, sizeof table / sizeof table[0], argc, argv))
        return STATUS_OK;
    if (transcripts.split != NULL && transcript_options_check(&transcripts) != STATUS_OK)
        return command_usage(line, status_text());
    if (transcripts.split == NULL && transcripts.pictures_max > 0)
        return command_usage(line, "--pictures is of --transcribe");
    enum status outcome = run_open(&run, &line->team, line->operands[0], &line->sets);
    run.is_quiet = line->is_quiet;
    run.terminal_columns = launch_terminal_columns();
    if (outcome == STATUS_OK)
        outcome = transcripts.split != NULL ? evaluate_transcripts(stdout, &run, &transcripts)
                                            : evaluate_all(stdout, &run);
    run_close(&run);
    return outcome;
}
