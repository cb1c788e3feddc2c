#include "training/training_plot.h"

#include "core/file.h"
#include "storage/metrics_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Of the picture, in pixels: one panel for the loss above one for the figures. */
enum { WIDTH = 800, PANEL_HEIGHT = 240, LEFT = 64, RIGHT = 200, TOP = 36, GAP = 56 };

static const char *const colours[] = { "#1b6ca8", "#c8553d", "#2e8b57",
                                       "#8e44ad", "#b8860b", "#555555" };

/* What a panel shows: steps from 0 on, values from low to high. */
struct panel {
    FILE *stream;
    double top, last_step, low, high;
};

static double x_of(const struct panel *panel, double step)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * (panel->last_step > 0.0 ? step / panel->last_step : 0.0);
}

static double y_of(const struct panel *panel, double value)
{
    const double range = panel->high - panel->low;
    return panel->top + PANEL_HEIGHT * (1.0 - (range > 0.0 ? (value - panel->low) / range : 0.5));
}

static void draw_frame(const struct panel *panel, const char *title)
{
    fprintf(panel->stream,
            "<text x=\"%d\" y=\"%.0f\" font-weight=\"bold\">%s</text>\n"
            "<rect x=\"%d\" y=\"%.0f\" width=\"%d\" height=\"%d\" fill=\"none\" "
            "stroke=\"#999\"/>\n",
            LEFT, panel->top - 10.0, title, LEFT, panel->top, WIDTH - LEFT - RIGHT, PANEL_HEIGHT);
    for (int tick = 0; tick <= 4; tick++) {
        const double value = panel->low + (panel->high - panel->low) * tick / 4.0;
        const double step = panel->last_step * tick / 4.0, y = y_of(panel, value);
        fprintf(panel->stream,
                "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3g</text>\n"
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.0f</text>\n",
                LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4.0, value, x_of(panel, step),
                panel->top + PANEL_HEIGHT + 16.0, step);
    }
}

static void draw_series(const struct panel *panel, const struct metrics_series *series,
                        const char *name, size_t number)
{
    const char *colour = colours[number % (sizeof colours / sizeof colours[0])];
    fprintf(panel->stream, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\" points=\"",
            colour);
    for (size_t i = 0; i < series->count; i++)
        fprintf(panel->stream, "%.1f,%.1f ", x_of(panel, (double)series->steps[i]),
                y_of(panel, series->values[i]));
    fprintf(panel->stream, "\"/>\n");
    for (size_t i = 0; i < series->count && series->count <= 60; i++)
        fprintf(panel->stream, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2\" fill=\"%s\"/>\n",
                x_of(panel, (double)series->steps[i]), y_of(panel, series->values[i]), colour);
    fprintf(panel->stream, "<text x=\"%d\" y=\"%.0f\" fill=\"%s\">%s", WIDTH - RIGHT + 8,
            panel->top + 14.0 + 30.0 * (double)number, colour, name);
    if (series->count > 0)
        fprintf(panel->stream, "<tspan x=\"%d\" dy=\"13\">%.4g</tspan>", WIDTH - RIGHT + 8,
                series->values[series->count - 1]);
    fprintf(panel->stream, "</text>\n");
}

static void include(struct panel *panel, const struct metrics_series *series)
{
    for (size_t i = 0; i < series->count; i++) {
        panel->low = fmin(panel->low, series->values[i]);
        panel->high = fmax(panel->high, series->values[i]);
        panel->last_step = fmax(panel->last_step, (double)series->steps[i]);
    }
}

static void draw_figures(FILE *stream, const struct metrics_series *loss,
                         const struct metrics_series *figures, const char *const *names,
                         size_t count)
{
    struct panel upper = { .stream = stream, .top = TOP, .low = INFINITY, .high = -INFINITY };
    struct panel lower = { .stream = stream, .top = TOP + PANEL_HEIGHT + GAP, .high = 1.0 };
    include(&upper, loss);
    for (size_t f = 0; f < count; f++)
        include(&lower, &figures[f]);
    lower.last_step = upper.last_step;
    fprintf(stream,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "font-family=\"sans-serif\" font-size=\"11\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WIDTH, TOP + 2 * PANEL_HEIGHT + GAP + 30);
    draw_frame(&upper, "training loss over updates");
    draw_series(&upper, loss, "mean loss", 0);
    draw_frame(&lower, "validation over updates");
    for (size_t f = 0; f < count; f++)
        if (figures[f].count > 0)
            draw_series(&lower, &figures[f], names[f], f);
    fprintf(stream, "</svg>\n");
}

static enum status write_picture(const char *path, const struct metrics_series *loss,
                                 const struct metrics_series *figures, const char *const *names,
                                 size_t count)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    if (stream == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    draw_figures(stream, loss, figures, names, count);
    const bool is_whole = fclose(stream) == 0;
    const enum status outcome = is_whole ? file_write(path, text, bytes)
                                         : status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    free(text);
    return outcome;
}

enum status training_plot_write(const char *path, const char *metrics, const char *const *figures,
                                size_t count)
{
    struct metrics_series loss, read[TRAINING_PLOT_FIGURES_MAX] = { { 0 } };
    if (count > TRAINING_PLOT_FIGURES_MAX)
        count = TRAINING_PLOT_FIGURES_MAX;
    enum status outcome = metrics_read(&loss, metrics, "train", "mean_loss");
    for (size_t f = 0; f < count && outcome == STATUS_OK; f++)
        outcome = metrics_read(&read[f], metrics, "validation", figures[f]);
    if (outcome == STATUS_OK && loss.count > 0)
        outcome = write_picture(path, &loss, read, figures, count);
    metrics_series_end(&loss);
    for (size_t f = 0; f < count; f++)
        metrics_series_end(&read[f]);
    return outcome;
}
