/* unitmill: captions and pictures into discrete units, at cluster scale. This file is the table of
 * commands; each command is a file or folder beside it. */
#include "cluster/launch.h"
#include "cluster/stop.h"
#include "core/log.h"
#include "nn/matmul.h"
#include "stages/audit/audit.h"
#include "stages/bench_command.h"
#include "stages/command_line.h"
#include "stages/convert_weights/convert_weights.h"
#include "stages/decode_image/decode_image.h"
#include "stages/describe/describe.h"
#include "stages/encode/encode.h"
#include "stages/evaluate/evaluate.h"
#include "stages/export/export.h"
#include "stages/inspect/inspect.h"
#include "stages/make_weights/make_weights.h"
#include "stages/manifest/manifest_command.h"
#include "stages/page/page.h"
#include "stages/run_command.h"
#include "stages/scenes/scenes_command.h"
#include "stages/status/status.h"
#include "stages/submit/submit.h"
#include "stages/verify/verify.h"
#include "stages/vocode/vocode.h"

#include <stdio.h>
#include <string.h>

#define STAGE(name, summary)                                                                       \
    {                                                                                              \
        name, "PLAN", summary, NULL, 1, 1, true, true, stage_command                               \
    }

static const struct command commands[] = {
    { "scenes", "OUT", "draws a captioned picture data set", NULL, 1, 1, false, false,
      scenes_command },
    { "manifest", "FORMAT INPUT...", "imports captions from a public format", manifest_command_help,
      2, 100000, false, false, manifest_command },
    { "run", "PLAN", "runs every stage in order, doing only what is missing", NULL, 1, 1, true,
      true, run_command },
    STAGE("speak", "speaks the captions with espeak-ng"),
    STAGE("fit-units", "fits speech units: k-means over HuBERT features of a sample"),
    STAGE("speech-units", "turns speech into units with durations"),
    STAGE("image-units", "turns pictures into ViT-VQGAN units"),
    STAGE("embed-images", "turns pictures into CLIP embeddings, where the plan names a CLIP"),
    STAGE("pack", "gathers all shards into one compressed store"),
    STAGE("pretrain", "trains a model on the store, where the plan asks for steps"),
    STAGE("generate", "says captions of the pictures, where the plan names a model"),
    { "evaluate", "PLAN", "how good units, a trained model and generated captions are", NULL, 1, 1,
      true, true, evaluate_command },
    { "submit", "PLAN", "the run as a chain of Slurm jobs", submit_command_help, 1, 1, false, true,
      submit_command },
    { "status", "RUN", "a line a stage: done, rejected, bytes", NULL, 1, 1, false, false,
      status_command },
    { "audit", "PATH", "storage footprint of a run or a store", NULL, 1, 1, false, false,
      audit_command },
    { "verify", "PATH", "checks every checksum, offset and reference of a run or a store", NULL, 1,
      1, true, false, verify_command },
    { "export", "STORE", "one record as WAV, picture, text and units; or a contact sheet", NULL, 1,
      1, false, false, export_command },
    { "page", "PLAN", "a run as a web page to look at and listen to", NULL, 1, 1, false, true,
      page_command },
    { "inspect", "WEIGHTS", "names, shapes and types of a weights file, and what it is", NULL, 1, 1,
      false, false, inspect_command },
    { "make-weights", "OUT", "small weights to try things with: designed or random", NULL, 1, 1,
      false, false, make_weights_command },
    { "convert-weights", "WEIGHTS", "weights as a small file for inference, in half precision",
      NULL, 1, 1, false, false, convert_weights_command },
    { "encode-speech", "AUDIO...", "HuBERT features, and units, of audio files", NULL, 1, 100000,
      false, false, encode_speech_command },
    { "encode-image", "PICTURE...", "ViT-VQGAN units, or CLIP embeddings, of picture files", NULL,
      1, 100000, false, false, encode_image_command },
    { "decode-image", "IN.h5", "pictures of the units in a store or a file of encode-image", NULL,
      1, 1, false, false, decode_image_command },
    { "vocode", "", "speech units to sound, by a unit vocoder", NULL, 0, 0, false, false,
      vocode_command },
    { "describe", "PICTURE...", "spoken captions of picture files", NULL, 1, 100000, false, false,
      describe_command },
    { "bench", "NAME", "throughput, and the share of this machine's matrix-product peak",
      bench_command_help, 1, 1, true, false, bench_command },
};

#undef STAGE

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void write_overview(FILE *stream)
{
    fprintf(stream, "usage: unitmill COMMAND ...\n\n");
    for (size_t c = 0; c < COMMAND_COUNT; c++)
        fprintf(stream, "  %-15s %-16s %s\n", commands[c].name, commands[c].operands,
                commands[c].summary);
    fprintf(stream, "\nunitmill COMMAND --help says more. Version " UNITMILL_VERSION "\n");
}

static const struct command *find_command(const char *name)
{
    for (size_t c = 0; c < COMMAND_COUNT; c++)
        if (strcmp(commands[c].name, name) == 0)
            return &commands[c];
    return NULL;
}

int main(int argc, char **argv)
{
    const char *kernels = matmul_core_advice();
    if (kernels != NULL)
        launch_again("OPENBLAS_CORETYPE", kernels, argv);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "--version") == 0)) {
        write_overview(stdout);
        return 0;
    }
    const struct command *command = argc >= 2 ? find_command(argv[1]) : NULL;
    if (command == NULL) {
        if (argc >= 2)
            fprintf(stderr, "unitmill: %s: no such command\n\n", argv[1]);
        write_overview(stderr);
        return 2;
    }

    struct command_line line = { .command = command };
    const enum status outcome = command->run(&line, argc - 1, argv + 1);
    if (outcome != STATUS_OK) {
        line.exit_code = outcome == STATUS_STOPPED && stop_is_for_a_turn() ? EXIT_TURN : 1;
        if (line.team.rank == 0)
            log_failure(status_text());
    }
    command_end(&line);
    return line.exit_code;
}
