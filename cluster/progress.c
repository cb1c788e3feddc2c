#include "cluster/progress.h"

#include "cluster/shared_counters.h"
#include "core/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { COUNTER_DONE, COUNTER_REJECTED, COUNTER_COUNT };

static const double line_period_seconds = 30.0;
static const double bar_period_seconds = 0.2;
static const double report_period_seconds = 0.1;

struct progress {
    const struct team *team; /* borrowed */
    struct progress_options options;
    struct shared_counters *counters;
    double begin_seconds, shown_seconds, reported_seconds;
    uint64_t own_done, own_rejected; /* of this rank, not yet in the counters */
    uint64_t done, rejected;         /* as last read on rank 0 */
};

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

enum status progress_create(struct progress **out, const struct team *team,
                            const struct progress_options *options)
{
    struct progress *progress = calloc(1, sizeof *progress);
    enum status outcome = STATUS_OK;
    *out = NULL;
    if (progress == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "progress");
    outcome = team_agree(team, "allocate progress", outcome);
    if (outcome == STATUS_OK)
        outcome = shared_counters_create(&progress->counters, team, COUNTER_COUNT, "progress");
    if (outcome != STATUS_OK) {
        free(progress);
        return outcome;
    }
    progress->team = team;
    progress->options = *options;
    progress->begin_seconds = now_seconds();
    progress->shown_seconds = progress->reported_seconds = progress->begin_seconds;
    *out = progress;
    return STATUS_OK;
}

static void format_duration(char text[24], double seconds)
{
    const unsigned long whole = seconds < 359999.0 ? (unsigned long)seconds : 359999ul;
    if (whole >= 3600)
        snprintf(text, 24, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(text, 24, "%lu:%02lu", whole / 60, whole % 60);
}

static void draw_bar(const struct progress *progress, uint64_t done, double rate,
                     const char *time_left)
{
    enum { BAR_COLUMNS_MAX = 30 };
    char numbers[192], bar[BAR_COLUMNS_MAX + 1];
    const struct progress_options *options = &progress->options;
    const double share = options->total > 0 ? (double)done / (double)options->total : 1.0;
    const int used = snprintf(numbers, sizeof numbers, "%3.0f %% %llu/%llu %s, %.1f/s, %s left",
                              100.0 * share, (unsigned long long)done,
                              (unsigned long long)options->total, options->item, rate, time_left);
    if (progress->rejected > 0)
        snprintf(numbers + used, sizeof numbers - (size_t)used, ", %llu rejected",
                 (unsigned long long)progress->rejected);
    size_t columns = BAR_COLUMNS_MAX;
    if (options->terminal_columns < 60 + BAR_COLUMNS_MAX)
        columns = 10;
    for (size_t c = 0; c < columns; c++)
        bar[c] = (double)c < share * (double)columns ? '#' : '.';
    bar[columns] = '\0';
    char line[320];
    snprintf(line, sizeof line, "%-12s [%s] %s", options->stage, bar, numbers);
    fprintf(stderr, "\r%.*s\033[K", (int)options->terminal_columns - 1, line);
    fflush(stderr);
}

static void show(struct progress *progress, bool is_last)
{
    const struct progress_options *options = &progress->options;
    const bool is_terminal = options->terminal_columns > 0;
    const double now = now_seconds();
    const double period = is_terminal ? bar_period_seconds : line_period_seconds;
    if (options->is_quiet || (!is_last && now - progress->shown_seconds < period))
        return;
    progress->shown_seconds = now;

    const double elapsed = now - progress->begin_seconds;
    const double rate = elapsed > 0.0 ? (double)progress->done / elapsed : 0.0;
    const uint64_t done = progress->done + options->already_done;
    const uint64_t left = options->total > done ? options->total - done : 0;
    char time_left[24] = "?";
    if (rate > 0.0 || left == 0)
        format_duration(time_left, left == 0 ? 0.0 : (double)left / rate);

    if (is_terminal)
        draw_bar(progress, done, rate, time_left);
    else
        log_event("progress", "done=%llu total=%llu rejected=%llu rate=%.1f/s left=%s",
                  (unsigned long long)done, (unsigned long long)options->total,
                  (unsigned long long)progress->rejected, rate, time_left);
    if (is_terminal && is_last)
        fputc('\n', stderr);
}

static void read_and_show(struct progress *progress, bool is_last)
{
    if (progress->team->rank != 0)
        return;
    progress->done = (uint64_t)shared_counters_add(progress->counters, COUNTER_DONE, 0);
    progress->rejected = (uint64_t)shared_counters_add(progress->counters, COUNTER_REJECTED, 0);
    show(progress, is_last);
}

static void report(struct progress *progress)
{
    shared_counters_add(progress->counters, COUNTER_DONE, (int64_t)progress->own_done);
    if (progress->own_rejected > 0)
        shared_counters_add(progress->counters, COUNTER_REJECTED, (int64_t)progress->own_rejected);
    progress->own_done = progress->own_rejected = 0;
    progress->reported_seconds = now_seconds();
}

void progress_add(struct progress *progress, uint64_t done, uint64_t rejected)
{
    progress->own_done += done;
    progress->own_rejected += rejected;
    /* Between hosts a report may wait until rank 0 is inside MPI: not one for each record. */
    if (now_seconds() - progress->reported_seconds < report_period_seconds)
        return;
    report(progress);
    read_and_show(progress, false);
}

void progress_wait(struct progress *progress)
{
    MPI_Request barrier;
    report(progress);
    MPI_Ibarrier(progress->team->comm, &barrier);
    const struct timespec pause = { .tv_nsec = 2000000 };
    for (int is_over = 0; !is_over;) {
        MPI_Test(&barrier, &is_over, MPI_STATUS_IGNORE);
        if (!is_over) {
            read_and_show(progress, false);
            nanosleep(&pause, NULL);
        }
    }
    read_and_show(progress, true);
    team_broadcast(progress->team, &progress->done, sizeof progress->done, 0);
}

uint64_t progress_done(const struct progress *progress)
{
    return progress->done;
}

void progress_destroy(struct progress *progress)
{
    if (progress == NULL)
        return;
    shared_counters_destroy(progress->counters);
    free(progress);
}
