#include "core/log.h"
#include "storage/metrics_file.h"
#include "training/trainer_inside.h"
#include "training/training_plot.h"

#include <math.h>
#include <time.h>

/* Updates between two lines of metrics. */
enum { REPORT_STEPS = 10 };

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

enum status trainer_report(struct trainer *trainer, double loss, double norm, double rate,
                           bool is_last)
{
    const struct trainer_options *options = trainer->options;
    trainer->result.loss = loss;
    trainer->loss_sum += loss;
    if (trainer->step_of_report == 0 || trainer->seconds_of_report == 0.0) {
        trainer->seconds_of_report = now_seconds();
        trainer->step_of_report = trainer->step;
        trainer->loss_sum = 0.0;
    } else if (trainer->step % REPORT_STEPS != 0 && !is_last)
        return STATUS_OK;
    const double seconds = now_seconds() - trainer->seconds_of_report;
    const size_t steps = trainer->step - trainer->step_of_report;
    const struct metrics_value values[] = {
        { "loss", loss },
        { "mean_loss", steps > 0 ? trainer->loss_sum / (double)steps : loss },
        { "gradient_norm", norm },
        { "learning_rate", rate },
        { "samples_per_second", (double)(steps * options->batch_records * options->accumulate) /
                                    (seconds > 0.0 ? seconds : NAN) },
    };
    trainer->seconds_of_report = now_seconds();
    trainer->step_of_report = trainer->step;
    trainer->loss_sum = 0.0;
    if (trainer->team->rank != 0)
        return STATUS_OK;
    return metrics_append(options->metrics, "train", trainer->step, values,
                          sizeof values / sizeof values[0]);
}

static enum status keep_figures(struct trainer *trainer, const struct objective_metrics *metrics)
{
    struct metrics_value values[OBJECTIVE_METRICS_MAX];
    for (size_t m = 0; m < metrics->count; m++)
        values[m] = (struct metrics_value){ metrics->metrics[m].name, metrics->metrics[m].value };
    log_event("validation", "step=%zu loss=%.4f %s=%.4f", trainer->step, trainer->result.loss,
              metrics->metrics[0].name, metrics->metrics[0].value);
    return metrics_append(trainer->options->metrics, "validation", trainer->step, values,
                          metrics->count);
}

/* Shares are drawn; ranks and counts are of another scale. */
static enum status draw_plot(const struct trainer *trainer, const struct objective_metrics *metrics)
{
    const char *names[TRAINING_PLOT_FIGURES_MAX];
    size_t count = 0;
    for (size_t m = 0; m < metrics->count && count < TRAINING_PLOT_FIGURES_MAX; m++)
        if (metrics->metrics[m].is_share)
            names[count++] = metrics->metrics[m].name;
    return training_plot_write(trainer->options->plot, trainer->options->metrics, names, count);
}

enum status trainer_validate(struct trainer *trainer)
{
    const struct objective_validation validation = { .store = trainer->options->store,
                                                     .records = trainer->validation.records,
                                                     .count = trainer->validation.count,
                                                     .tape = trainer->tape };
    struct objective_metrics metrics = { .count = 0 };
    if (validation.count == 0)
        return STATUS_OK;
    enum status outcome = trainer->objective->validate(&metrics, trainer->objective->self,
                                                       trainer->team, &validation);
    if (outcome != STATUS_OK)
        return outcome;
    if (trainer->result.best_step == 0 || metrics.metrics[0].value >= trainer->result.best_value) {
        trainer->result.best_step = trainer->step;
        trainer->result.best_value = metrics.metrics[0].value;
    }
    if (trainer->team->rank == 0) {
        outcome = keep_figures(trainer, &metrics);
        if (outcome == STATUS_OK)
            outcome = draw_plot(trainer, &metrics);
    }
    return team_agree(trainer->team, "keep figures", outcome);
}
