#include "stages/scenes/scenes_command.h"

#include "cluster/launch.h"
#include "cluster/progress.h"
#include "core/log.h"
#include "stages/scenes/scenes.h"

static void tick(void *progress, size_t done, size_t total)
{
    (void)done;
    (void)total;
    progress_add(progress, 1, 0);
}

enum status scenes_command(struct command_line *line, int argc, char **argv)
{
    size_t seed = 1;
    struct scenes_options options = { .count = 1000, .tick = tick };
    const struct option table[] = {
        { "count", OPTION_COUNT, &options.count, "N", "pictures (default 1000)" },
        { "seed", OPTION_COUNT, &seed, "S", "of every draw (default 1)" },
        { "split", OPTION_TEXT, &options.split, "SPLIT",
          "of the pictures those of train, val or test alone" },
        { "captions", OPTION_COUNT, &options.chosen.count, "N",
          "captions in each language (default: all five)" },
        { "language", OPTION_TEXT, &options.chosen.language, "L", "captions in en or ar alone" },
        { "form", OPTION_TEXT, &options.chosen.form, "F",
          "captions of list, sizes, relation, places or ground alone; or others, of things "
          "without their colours" },
        { "groups", OPTION_COUNT, &options.chosen.groups, "N",
          "groups of like things that a caption of places tells of (default: one or two)" },
        { "wording", OPTION_COUNT, &options.chosen.wording, "N",
          "the same way to say it always: of places 1 and 2 begin with the thing, 3 with the "
          "place" },
    };
    if (!command_begin(line, table, sizeof table / sizeof table[0], argc, argv))
        return STATUS_OK;
    options.out = line->operands[0];
    options.seed = seed;
    struct progress *progress = NULL;
    const struct progress_options shown = { .stage = "scenes",
                                            .item = "pictures",
                                            .total = options.count,
                                            .terminal_columns = launch_terminal_columns(),
                                            .is_quiet = line->is_quiet };
    enum status outcome = progress_create(&progress, &line->team, &shown);
    if (outcome != STATUS_OK)
        return outcome;
    options.payload = progress;
    outcome = scenes_make(&options);
    progress_wait(progress);
    progress_destroy(progress);
    if (outcome == STATUS_OK)
        log_say("%s: pictures 1 to %zu%s%s; manifest.jsonl names them", options.out, options.count,
                options.split != NULL ? ", of them those of " : "",
                options.split != NULL ? options.split : "");
    return outcome;
}
