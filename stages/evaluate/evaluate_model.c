#include "stages/evaluate/evaluate_model.h"

#include "stages/training_objective.h"
#include "storage/metrics_file.h"
#include "storage/weights_file.h"
#include "training/split_records.h"

#include <string.h>

/* Where the figures go, and what measures them. */
struct model_evaluation {
    FILE *stream;
    const struct run *run;
    struct training_objective trained;
    struct tape *tape;
    char model[PATH_BYTES]; /* what the run trained; "" where pretrain.init is measured */
    char metrics[PATH_BYTES];
};

static enum status read_model(struct model_evaluation *evaluation)
{
    struct weights_file weights;
    if (evaluation->model[0] == '\0') /* the objective was opened as that */
        return STATUS_OK;
    enum status outcome = weights_file_read(&weights, evaluation->model, NULL);
    if (outcome == STATUS_OK)
        outcome = parameter_set_read(evaluation->trained.set, &weights.table, "");
    if (outcome == STATUS_CORRUPT)
        outcome = status_fail(STATUS_INVALID, "%s; was it trained with other pretrain settings?",
                              status_text());
    weights_file_end(&weights);
    return outcome;
}

/* Opens the objective on every rank and makes it ready. */
static enum status open_objective(struct model_evaluation *evaluation)
{
    const struct run *run = evaluation->run;
    enum status outcome = training_objective_open(&evaluation->trained, run);
    outcome = team_agree(run->team, "open objective", outcome);
    return outcome == STATUS_OK ? training_objective_prepare(&evaluation->trained, run) : outcome;
}

static enum status begin(struct model_evaluation *evaluation)
{
    const struct run *run = evaluation->run;
    enum status outcome = open_objective(evaluation);
    if (outcome == STATUS_OK)
        outcome = read_model(evaluation);
    if (outcome == STATUS_OK)
        outcome = run_path(evaluation->metrics, run, "metrics.jsonl");
    if (outcome == STATUS_OK)
        outcome = tape_create(&evaluation->tape, run->plan.pretrain.memory_mib << 20);
    return team_agree(run->team, "open model", outcome);
}

/* Bounds and chance are of retrieval. */
static bool is_retrieval(const struct model_evaluation *evaluation)
{
    return strcmp(evaluation->trained.objective.name, "contrastive") == 0;
}

static void write_rows(FILE *stream, const char *language, const struct objective_metrics *metrics)
{
    fprintf(stream, "\ntest split, language %s\n", language);
    for (size_t m = 0; m < metrics->count; m++)
        fprintf(stream, "  %-34s %10.4g\n", metrics->metrics[m].name, metrics->metrics[m].value);
}

static void write_bounds(FILE *stream, const double *bounds)
{
    for (size_t k = 0; k < 3; k++)
        fprintf(stream, "  %s%-13d %10.4g\n", "at best, recall at   ", k == 0 ? 1 : 5 * (int)k,
                bounds[k]);
}

/* Chance: K of all pictures. */
static void write_chance(FILE *stream, double pictures)
{
    static const double chances[] = { 1.0, 5.0, 10.0 };
    for (size_t k = 0; k < 3 && pictures > 0.0; k++)
        fprintf(stream, "  %s%-13.0f %10.4g\n", "by chance, recall at ", chances[k],
                chances[k] < pictures ? chances[k] / pictures : 1.0);
}

static enum status keep(const struct model_evaluation *evaluation, const char *language,
                        const struct objective_metrics *metrics, const double *bounds)
{
    struct metrics_value values[OBJECTIVE_METRICS_MAX + 3];
    char event[64];
    size_t count = 0;
    for (; count < metrics->count; count++)
        values[count] =
            (struct metrics_value){ metrics->metrics[count].name, metrics->metrics[count].value };
    static const char *const names[] = { "bound_recall_at_1", "bound_recall_at_5",
                                         "bound_recall_at_10" };
    for (size_t k = 0; k < 3 && is_retrieval(evaluation); k++)
        values[count++] = (struct metrics_value){ names[k], bounds[k] };
    snprintf(event, sizeof event, "test %s", language);
    return metrics_append(evaluation->metrics, event, 0, values, count);
}

static enum status read_split(struct split_records *out, const struct model_evaluation *evaluation,
                              const char *language)
{
    const struct record_source *source = evaluation->trained.objective.source;
    const struct split_choice choice = { "test", language, evaluation->trained.by_features };
    return source != NULL ? source->list(out, source->self, choice.split)
                          : split_records_read(out, evaluation->trained.store, &choice);
}

static enum status measure(struct model_evaluation *evaluation, const char *language)
{
    const struct run *run = evaluation->run;
    const struct objective *objective = &evaluation->trained.objective;
    struct split_records records;
    struct objective_metrics metrics = { .count = 0 };
    double bounds[3] = { 0.0, 0.0, 0.0 };
    enum status outcome = read_split(&records, evaluation, language);
    if (outcome == STATUS_OK && is_retrieval(evaluation))
        outcome = split_recall_bounds(bounds, evaluation->trained.store, &records);
    outcome = team_agree(run->team, "read test split", outcome);
    const struct objective_validation validation = { .store = evaluation->trained.store,
                                                     .records = records.records,
                                                     .count = records.count,
                                                     .tape = evaluation->tape };
    if (outcome == STATUS_OK && records.count > 0)
        outcome = objective->validate(&metrics, objective->self, run->team, &validation);
    if (outcome == STATUS_OK && run->team->rank == 0 && records.count > 0) {
        const char *name = language != NULL ? language : "all";
        write_rows(evaluation->stream, name, &metrics);
        if (is_retrieval(evaluation)) {
            write_bounds(evaluation->stream, bounds);
            write_chance(evaluation->stream, metrics.metrics[metrics.count - 1].value);
        }
        outcome = keep(evaluation, name, &metrics, bounds);
    }
    split_records_end(&records);
    return team_agree(run->team, "report model", outcome);
}

static enum status measure_all(struct model_evaluation *evaluation)
{
    char languages[SPLIT_LANGUAGES_MAX][SPLIT_LANGUAGE_BYTES];
    size_t count = 0;
    if (evaluation->trained.objective.source != NULL) /* it knows no languages */
        return measure(evaluation, NULL);
    enum status outcome = split_languages(languages, &count, evaluation->trained.store, "test");
    outcome = team_agree(evaluation->run->team, "read languages", outcome);
    if (outcome == STATUS_OK)
        outcome = measure(evaluation, NULL);
    for (size_t l = 0; l < count && count > 1 && outcome == STATUS_OK; l++)
        outcome = measure(evaluation, languages[l]);
    return outcome;
}

/* What a path of the run is, as rank 0 sees it. */
static enum status find(bool *is_there, const struct run *run, const char *name)
{
    char path[PATH_BYTES];
    int64_t found = 0;
    enum status outcome = run_path(path, run, name);
    if (outcome == STATUS_OK && run->team->rank == 0)
        found = file_exists(path);
    outcome = team_agree(run->team, "find model", outcome);
    team_broadcast(run->team, &found, sizeof found, 0);
    *is_there = found != 0;
    return outcome;
}

static const char model_name[] = "checkpoints/model.safetensors";

enum status evaluate_model_is_all(bool *is_all, const struct run *run)
{
    bool has_model = false, has_units = true;
    enum status outcome = find(&has_model, run, model_name);
    if (outcome == STATUS_OK)
        outcome = find(&has_units, run, "units");
    has_model = has_model || run->plan.pretrain.init != NULL;
    *is_all = has_model && !has_units;
    return outcome;
}

/* Figures of values that were drawn would say nothing. */
static void tell_part(const struct model_evaluation *evaluation)
{
    if (evaluation->run->team->rank == 0)
        fprintf(evaluation->stream,
                "\n%s is not measured: nothing is trained yet, and pretrain.init is only a part of "
                "it\n",
                evaluation->trained.objective.name);
}

enum status evaluate_model(FILE *stream, const struct run *run)
{
    struct model_evaluation evaluation = { .stream = stream, .run = run };
    bool has_model = false;
    enum status outcome = find(&has_model, run, model_name);
    if (outcome == STATUS_OK && has_model)
        outcome = run_path(evaluation.model, run, model_name);
    if (outcome != STATUS_OK || (!has_model && run->plan.pretrain.init == NULL))
        return outcome;
    outcome = begin(&evaluation);
    if (outcome == STATUS_OK && !has_model && evaluation.trained.begins_in_part)
        tell_part(&evaluation);
    else if (outcome == STATUS_OK)
        outcome = measure_all(&evaluation);
    tape_destroy(evaluation.tape);
    training_objective_close(&evaluation.trained);
    return outcome;
}
