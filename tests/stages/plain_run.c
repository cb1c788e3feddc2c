#include "tests/stages/plain_run.h"

#include "core/file.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char plan_text[] = "manifest: manifest.jsonl\n"
                                "run: run\n"
                                "shard_captions: 7\n"
                                "shard_images: 6\n"
                                "speech_units: {hubert: weights/hubert}\n"
                                "image_units: {vit_vqgan: weights/vit}\n";

void plain_run_write(const char *folder, const char *name, const char *text)
{
    char path[PATH_BYTES], inside[PATH_BYTES];
    check_status(path_join(path, folder, name), STATUS_OK, NULL);
    path_folder(inside, path);
    check_status(folder_make(inside), STATUS_OK, NULL);
    check_status(file_write(path, text, strlen(text)), STATUS_OK, NULL);
}

static void write_manifest(const char *folder, size_t image_count)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    for (size_t i = 0; i < image_count; i++) {
        fprintf(stream, "{\"id\": \"p%zu\", \"image\": \"p%zu.jpg\", \"split\": \"%s\", ", i, i,
                i % 5 == 4 ? "test" : "train");
        fprintf(stream, "\"captions\": [{\"id\": \"p%zu-0\", \"text\": \"a star %zu\", ", i, i);
        fprintf(stream, "\"language\": \"en\"}, {\"id\": \"p%zu-1\", \"text\": ", i);
        fprintf(stream, "\"\xD9\x86\xD8\xAC\xD9\x85 %zu\", \"language\": \"ar\"}]}\n", i);
    }
    fclose(stream);
    plain_run_write(folder, "manifest.jsonl", text);
    free(text);
}

const char *plain_run_make(const char *folder, const struct team *team, size_t image_count)
{
    static char path[PATH_BYTES];
    if (team->rank == 0) {
        write_manifest(folder, image_count);
        plain_run_write(folder, "weights/hubert", "hubert");
        plain_run_write(folder, "weights/vit", "vit");
        plain_run_write(folder, "plan.yaml", plan_text);
    }
    team_wait(team);
    check_status(path_join(path, folder, "plan.yaml"), STATUS_OK, NULL);
    return path;
}

void plain_run_append(const char *folder, const struct team *team, const char *text)
{
    char path[PATH_BYTES];
    check_status(path_join(path, folder, "manifest.jsonl"), STATUS_OK, NULL);
    team_wait(team);
    FILE *file = team->rank == 0 ? fopen(path, "ae") : NULL;
    if (file != NULL) {
        fputs(text, file);
        fclose(file);
    }
    team_wait(team);
}
