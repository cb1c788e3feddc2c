#include "stages/decode_image/decode_image.h"

#include "cluster/stop.h"
#include "core/file.h"
#include "stages/record_name.h"
#include "stages/shipped_nets.h"
#include "stages/unit_source.h"
#include "storage/png_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
    const char *weights, *config, *out, *image;
};

static enum status write_png(const struct rgb_image *image, const char *folder, const char *id)
{
    char name[RECORD_NAME_BYTES + 8], path[PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    record_name(name, id);
    snprintf(name + strlen(name), 8, ".png");
    enum status outcome = path_join(path, folder, name);
    if (outcome == STATUS_OK)
        outcome = png_image_encode(&bytes, &byte_count, image);
    if (outcome == STATUS_OK)
        outcome = file_write(path, bytes, byte_count);
    if (outcome == STATUS_OK)
        printf("%s\n", path);
    free(bytes);
    return outcome;
}

static enum status decode_one(struct picture_decoder *decoder, struct unit_source *source,
                              uint64_t index, const char *folder)
{
    struct unit_grid grid;
    struct rgb_image image = { 0 };
    const char *id = NULL;
    enum status outcome = unit_source_id(&id, source, index);
    if (outcome == STATUS_OK)
        outcome = unit_source_read(&grid, source, index);
    if (outcome == STATUS_OK)
        outcome = picture_decoder_run(&image, decoder, &grid, id);
    if (outcome == STATUS_OK)
        outcome = write_png(&image, folder, id);
    rgb_image_end(&image);
    return outcome;
}

static enum status decode(const struct request *request, const char *path)
{
    struct unit_source *source = NULL;
    struct picture_decoder *decoder = NULL;
    uint64_t first = 0, end = 0;
    enum status outcome = unit_source_open(&source, path);
    if (outcome == STATUS_OK && request->image != NULL) {
        outcome = unit_source_find(&first, source, request->image);
        end = first + 1;
    } else if (outcome == STATUS_OK)
        end = unit_source_count(source);
    if (outcome == STATUS_OK)
        outcome = picture_decoder_create(&decoder, request->weights, request->config);
    if (outcome == STATUS_OK)
        outcome = folder_make(request->out);
    for (uint64_t index = first; index < end && outcome == STATUS_OK; index++) {
        outcome = decode_one(decoder, source, index, request->out);
        if (outcome == STATUS_OK && stop_requested())
            outcome = status_fail(STATUS_STOPPED, "stopped by a signal after %llu pictures",
                                  (unsigned long long)(index + 1 - first));
    }
    picture_decoder_destroy(decoder);
    unit_source_close(source);
    return outcome;
}

enum status decode_image_command(struct command_line *line, int argc, char **argv)
{
    struct request request = { 0 };
    char weights[PATH_BYTES];
    const struct option table[] = {
        { "vit-vqgan", OPTION_TEXT, &request.weights, "W",
          "ViT-VQGAN weights (default: those that ship with unitmill)" },
        { "config", OPTION_TEXT, &request.config, "FILE",
          "their configuration (default: config.json beside them)" },
        { "image", OPTION_TEXT, &request.image, "ID", "this picture alone (default: all)" },
        { "out", OPTION_TEXT, &request.out, "DIR", "folder for the PNG files" },
    };
    if (!command_begin(line, table, sizeof table / sizeof table[0], argc, argv))
        return STATUS_OK;
    if (request.out == NULL)
        return command_usage(line, "--out is needed");
    const enum status outcome = shipped_net_default(&request.weights, weights, "vit-vqgan");
    return outcome == STATUS_OK ? decode(&request, line->operands[0]) : outcome;
}
