#include "stages/bench_command.h"

#include "bench/bench.h"
#include "storage/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char bench_command_help[] =
    "hubert     captions: HuBERT base to layer 6, random weights, 3.5 s each, batches of 1,600 "
    "frames\n"
    "vit-vqgan  pictures: ViT-VQGAN base encoder, random weights, 256 x 256 pixels; beside it\n"
    "           decoding and resizing of 640 x 480 JPEGs, as a share of the net's time\n"
    "clip       pictures: CLIP ViT-L/14, random weights, 224 x 224 pixels; beside it likewise\n"
    "kmeans     frames: Lloyd iterations over 500,000 frames of 768 values, 200 clusters\n"
    "speak      captions: spoken, resampled, as FLAC; beside it espeak-ng alone (core for core "
    "only\n"
    "           with one rank a core: else the voice's process has a core of its own)\n"
    "pack       bytes: rows into a store; beside it the same rows through H5Dwrite alone\n"
    "read       records: batches of 256 out of a store at random; beside it H5Dread a record\n"
    "im2sp      captions: GIT-large's decoder behind SeiT's image-unit encoder, random weights, "
    "64\n"
    "           pictures at a time, 150 units each\n"
    "vocoder    seconds of audio: unit vocoder of the public size, random weights\n"
    "pretrain   captions: contrastive training over random features of HuBERT base\n"
    "One JSON object on a line of standard output. Speeds are the best of all rounds, sums over "
    "the\n"
    "ranks; the peak is that of large matrix products, taken in turns with the work.\n";

static void write_result(struct json_writer *writer, const struct bench *bench,
                         const struct bench_result *result, int ranks)
{
    const char *kernels = getenv("OPENBLAS_CORETYPE");
    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "name", bench->name);
    json_writer_number(writer, "items_per_second", result->items_per_second);
    json_writer_text(writer, "item", bench->item);
    json_writer_number(writer, "gflop_per_item", result->gflop_per_item);
    json_writer_number(writer, "sgemm_peak_gflops", result->sgemm_peak_gflops);
    json_writer_number(writer, "fraction_of_peak", result->fraction_of_peak);
    json_writer_number(writer, "peak_rss_mib", result->peak_rss_mib);
    json_writer_integer(writer, "ranks", ranks);
    json_writer_number(writer, "seconds", result->seconds);
    json_writer_integer(writer, "rounds", (int64_t)result->rounds);
    json_writer_text(writer, "kernels", kernels == NULL ? "OpenBLAS's choice" : kernels);
    json_writer_number(writer, "items_per_processor_second", result->items_per_processor_second);
    if (result->gflop_per_item > 0.0) {
        json_writer_number(writer, "median_fraction_of_peak", result->median_fraction_of_peak);
        json_writer_number(writer, "processor_fraction_of_peak",
                           result->processor_fraction_of_peak);
    }
    for (size_t r = 0; r < BENCH_RIVALS_MAX; r++)
        if (bench->rivals[r].key != NULL)
            json_writer_number(writer, bench->rivals[r].key, result->fraction_of_rival[r]);
    json_writer_close(writer);
}

static enum status print_result(const struct bench *bench, const struct bench_result *result,
                                int ranks)
{
    struct json_writer *writer = json_writer_create();
    if (writer == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", bench->name);
    write_result(writer, bench, result, ranks);
    const enum status outcome = json_writer_print(writer, stdout, "standard output");
    json_writer_destroy(writer);
    return outcome;
}

static enum status refuse(struct command_line *line, const char *name)
{
    char names[256] = "";
    for (size_t b = 0; b < bench_count; b++) {
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", b == 0 ? "" : ", ",
                 bench_table[b].name);
    }
    char text[512];
    snprintf(text, sizeof text, "%s: no such bench; there are %s", name, names);
    return command_usage(line, text);
}

enum status bench_command(struct command_line *line, int argc, char **argv)
{
    const char *temporary = getenv("TMPDIR");
    double seconds = 10.0;
    struct bench_setting setting = { .team = &line->team,
                                     .folder = temporary == NULL ? "/tmp" : temporary };
    const struct option options[] = {
        { "seconds", OPTION_NUMBER, &seconds, "S", "how long to measure (default 10)" },
        { "folder", OPTION_TEXT, &setting.folder, "DIR",
          "where pack and read write, seen by all ranks (default $TMPDIR or /tmp)" },
    };
    if (!command_begin(line, options, sizeof options / sizeof options[0], argc, argv))
        return STATUS_OK;
    if (seconds <= 0.0)
        return command_usage(line, "--seconds must be positive");
    const struct bench *bench = bench_find(line->operands[0]);
    if (bench == NULL)
        return refuse(line, line->operands[0]);
    struct bench_result result;
    const enum status outcome = bench_run(&result, bench, &setting, seconds);
    return outcome == STATUS_OK && line->team.rank == 0
               ? print_result(bench, &result, line->team.size)
               : outcome;
}
