#include "stages/manifest/manifest_command.h"

#include "storage/import/import.h"

#include <inttypes.h>
#include <string.h>

enum { MEMORY_MIB_MIN = 1, MEMORY_MIB_MAX = 1 << 20, SPLIT_BYTES_MAX = 32 };

const char manifest_command_help[] =
    "FORMAT is one of\n"
    "  karpathy    dataset_coco.json, dataset_flickr8k.json\n"
    "  coco        captions_train2014.json and such; pictures lie in train2014/ below --images\n"
    "  spokencoco  SpokenCOCO_train.json, with recorded audio\n"
    "  places      Places audio captions, with recorded audio\n"
    "  flickr8k    Flickr8k.token.txt or captions.txt; with --audio, recorded audio NAME_K.wav\n"
    "  cub         a folder of CLASS/NAME.txt, a caption a line\n"
    "  csv, tsv    tables; columns are found by name (image, text, ...) or told by --map\n"
    "  jsonl       an object a line, likewise\n"
    "  fairseq     audio lists (train.tsv): recorded audio without pictures\n"
    "  webdataset  tar of KEY.jpg, KEY.txt or KEY.json, KEY.wav; needs --extract\n"
    "\n"
    "What cannot be used is skipped, and counted by reason. See docs/IMPORT.md.\n";

static bool parse_restval(enum import_restval *restval, const char *text)
{
    static const char *const names[] = { [IMPORT_RESTVAL_KEEP] = "keep",
                                         [IMPORT_RESTVAL_TRAIN] = "train",
                                         [IMPORT_RESTVAL_SKIP] = "skip" };
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
        if (strcmp(names[n], text) == 0) {
            *restval = (enum import_restval)n;
            return true;
        }
    return false;
}

static bool is_name(const char *text)
{
    return text == NULL || (text[0] != '\0' && strlen(text) <= SPLIT_BYTES_MAX);
}

static void report(const struct import_summary *summary, const char *out)
{
    printf("%s: %" PRIu64 " pictures, %" PRIu64 " captions, %" PRIu64 " of them recorded\n", out,
           summary->pictures, summary->captions, summary->recorded);
    const uint64_t skipped = skip_tally_total(&summary->skipped);
    if (skipped == 0) {
        printf("nothing was skipped\n");
        return;
    }
    printf("%" PRIu64 " skipped\n", skipped);
    for (size_t r = 0; r < summary->skipped.count; r++) {
        const struct skip_reason *reason = &summary->skipped.reasons[r];
        printf("  %10" PRIu64 "  %s\n", reason->count, reason->reason);
        for (size_t e = 0; e < SKIP_EXAMPLES && reason->examples[e][0] != '\0'; e++)
            printf("              %s\n", reason->examples[e]);
    }
}

static enum status import(struct command_line *line, struct import_options *options)
{
    struct import_summary summary;
    options->inputs = line->operands + 1;
    options->input_count = line->operand_count - 1;
    if (import_check(line->operands[0], options) != STATUS_OK)
        return command_usage(line, status_text());
    const enum status outcome = import_run(&summary, line->operands[0], options);
    if (outcome == STATUS_OK)
        report(&summary, options->out);
    return outcome;
}

enum status manifest_command(struct command_line *line, int argc, char **argv)
{
    const char *restval = "keep";
    size_t memory_mib = IMPORT_MEMORY_MIB;
    struct import_options options = { .language = "en" };
    const struct option table[] = {
        { "out", OPTION_TEXT, &options.out, "M.jsonl", "the manifest to write" },
        { "images", OPTION_TEXT, &options.images, "DIR", "folder that picture paths start from" },
        { "audio", OPTION_TEXT, &options.audio, "DIR", "folder that audio paths start from" },
        { "language", OPTION_TEXT, &options.language, "TAG", "where none is told (default en)" },
        { "split", OPTION_TEXT, &options.split, "NAME",
          "where none is told (default: by the input's name, else train)" },
        { "restval", OPTION_TEXT, &restval, "WHAT",
          "karpathy: keep restval, call it train, or skip (default keep)" },
        { "split-list", OPTION_TEXTS, &options.split_lists, "SPLIT=FILE",
          "pictures of a split, a name a line; repeatable" },
        { "map", OPTION_TEXTS, &options.columns, "KEY=COLUMN",
          "image, text, id, split, language, speaker or audio is that column; repeatable" },
        { "no-header", OPTION_SWITCH, &options.has_no_header, NULL,
          "columns have no names: --map takes their numbers, from 1" },
        { "check-files", OPTION_SWITCH, &options.checks_files, NULL,
          "skip pictures and audio that are not on disk" },
        { "extract", OPTION_TEXT, &options.extract, "DIR",
          "webdataset: where pictures and audio are put" },
        { "memory", OPTION_COUNT, &memory_mib, "MIB", "memory for sorting (default 64)" },
    };
    if (!command_begin(line, table, sizeof table / sizeof table[0], argc, argv))
        return STATUS_OK;
    if (options.out == NULL)
        return command_usage(line, "--out is missing");
    if (!parse_restval(&options.restval, restval))
        return command_usage(line, "--restval is keep, train or skip");
    if (!is_name(options.language) || !is_name(options.split))
        return command_usage(line, "--language and --split take a name of 1 to 32 bytes");
    if (memory_mib < MEMORY_MIB_MIN || memory_mib > MEMORY_MIB_MAX)
        return command_usage(line, "--memory is 1 to 1048576 MiB");
    options.memory_bytes = memory_mib << 20;
    return import(line, &options);
}
