#include "tests/stages/sample_run.h"

#include "core/file.h"
#include "stages/pack/pack.h"
#include "storage/flac_encoder.h"
#include "storage/jpeg_image.h"
#include "storage/png_image.h"
#include "storage/shard_schemas.h"
#include "tests/support/check.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

enum { REJECTED_CAPTION = 1, REJECTED_PICTURE = 2, FAINT_WIDTH = 40, FAINT_HEIGHT = 24 };

static const char manifest_text[] =
    "{\"id\": \"a/../b\", \"image\": \"pictures/a.jpg\", \"split\": \"train\", \"captions\": ["
    "{\"id\": \"a/../b:0\", \"text\": \"a red star\", \"language\": \"en\"}, "
    "{\"id\": \"a/../b:1\", \"text\": \"a star\", \"language\": \"en\"}]}\n"
    "{\"id\": \"second\", \"image\": \"pictures/second.png\", \"split\": \"test\", \"captions\": ["
    "{\"id\": \"second:0\", \"text\": \"a blue box\", \"language\": \"en\"}, "
    "{\"id\": \"second:1\", \"text\": \"\xd8\xb5\xd9\x86\xd8\xaf\xd9\x88\xd9\x82\", "
    "\"language\": \"ar\"}]}\n"
    "{\"id\": \"gone\", \"image\": \"pictures/gone.jpg\", \"split\": \"train\", \"captions\": ["
    "{\"id\": \"gone:0\", \"text\": \"nothing\", \"language\": \"en\"}, "
    "{\"id\": \"gone:1\", \"text\": \"nothing at all\", \"language\": \"en\"}]}\n";

static const char plan_text[] = "manifest: manifest.jsonl\n"
                                "run: run\n"
                                "shard_captions: 2\n"
                                "shard_images: 2\n"
                                "speech_units:\n"
                                "  hubert: weights/hubert\n"
                                "image_units:\n"
                                "  vit_vqgan: weights/vit\n";

int16_t sample_run_sample(size_t caption, size_t index)
{
    return (int16_t)((index * (caption + 3) * 37) % 4001 - 2000);
}

uint16_t sample_run_unit(size_t caption, size_t index)
{
    return (uint16_t)((index * 7 + caption) % SAMPLE_CLUSTERS);
}

uint16_t sample_run_duration(size_t index)
{
    return index < SAMPLE_FRAMES - 2 * SAMPLE_RUNS ? 3 : 2;
}

uint16_t sample_run_token(size_t picture, size_t index)
{
    return (uint16_t)((index * 977 + picture * 31) % SAMPLE_CODES);
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t byte_count)
{
    char path[PATH_BYTES], inside[PATH_BYTES];
    check_status(path_join(path, folder, name), STATUS_OK, NULL);
    path_folder(inside, path);
    check_status(folder_make(inside), STATUS_OK, NULL);
    check_status(file_write(path, bytes, byte_count), STATUS_OK, NULL);
}

static void write_pictures(const char *folder)
{
    const struct jpeg_image_options jpeg = { .quality = 90, .subsampling = JPEG_420 };
    struct rgb_image image;
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    check_status(rgb_image_begin(&image, FAINT_WIDTH, FAINT_HEIGHT, 0, "sample"), STATUS_OK, NULL);
    for (size_t p = 0; p < (size_t)3 * FAINT_WIDTH * FAINT_HEIGHT; p++)
        image.pixels[p] = (uint8_t)(p * 5);
    check_status(jpeg_image_encode(&bytes, &byte_count, &image, &jpeg), STATUS_OK, NULL);
    write_file(folder, "pictures/a.jpg", bytes, byte_count);
    free(bytes);
    check_status(png_image_encode(&bytes, &byte_count, &image), STATUS_OK, NULL);
    write_file(folder, "pictures/second.png", bytes, byte_count);
    free(bytes);
    rgb_image_end(&image);
}

static void write_shard(struct shard *shard, const struct run *run, const char *stage_folder,
                        size_t number)
{
    char path[PATH_BYTES], folder[PATH_BYTES];
    check_status(run_shard_path(path, run, stage_folder, number), STATUS_OK, NULL);
    path_folder(folder, path);
    check_status(folder_make(folder), STATUS_OK, NULL);
    check_status(shard_write(shard, path), STATUS_OK, NULL);
    shard_destroy(shard);
}

static struct shard *begin_shard(const char *stage, struct shard_range range, size_t codebook,
                                 const struct shard_column *columns, size_t column_count)
{
    struct shard *shard = NULL;
    const struct shard_identity identity = { .stage = stage,
                                             .number = range.number,
                                             .first_record = range.first,
                                             .record_count = range.count,
                                             .codebook = codebook,
                                             .recipe = "sample" };
    check_status(shard_create(&shard, &identity, columns, column_count), STATUS_OK, NULL);
    return shard;
}

static void add_speech(struct shard *shard, const struct manifest_caption *caption, size_t record)
{
    int16_t samples[SAMPLE_SAMPLES];
    const uint32_t sample_count = SAMPLE_SAMPLES, starts[] = { 0, 8000, 20000 };
    const uint16_t rate_wpm = 150, pitch = 50;
    uint8_t *flac = NULL;
    size_t flac_bytes = 0;
    for (size_t s = 0; s < SAMPLE_SAMPLES; s++)
        samples[s] = sample_run_sample(record, s);
    check_status(flac_encode(&flac, &flac_bytes, samples, SAMPLE_SAMPLES, 16000), STATUS_OK, NULL);
    shard_add(shard, SPEECH_FLAC, flac, flac_bytes);
    shard_add(shard, SPEECH_SAMPLE_COUNT, &sample_count, 1);
    shard_add_text(shard, SPEECH_TEXT, caption->text);
    shard_add_text(shard, SPEECH_LANGUAGE, caption->language);
    shard_add_text(shard, SPEECH_VOICE, "en-us");
    shard_add(shard, SPEECH_RATE_WPM, &rate_wpm, 1);
    shard_add(shard, SPEECH_PITCH, &pitch, 1);
    shard_add_text(shard, SPEECH_PHONES, "s t A:");
    shard_add(shard, SPEECH_PHONE_STARTS, starts, 3);
    shard_keep(shard, record, caption->id);
    free(flac);
}

static void add_units(struct shard *shard, const struct manifest_caption *caption, size_t record)
{
    const uint32_t frame_count = SAMPLE_FRAMES, sample_count = SAMPLE_SAMPLES;
    for (size_t r = 0; r < SAMPLE_RUNS; r++) {
        const uint16_t unit = sample_run_unit(record, r), duration = sample_run_duration(r);
        shard_add(shard, UNIT_UNITS, &unit, 1);
        shard_add(shard, UNIT_DURATIONS, &duration, 1);
    }
    shard_add(shard, UNIT_FRAME_COUNT, &frame_count, 1);
    shard_add(shard, UNIT_SAMPLE_COUNT, &sample_count, 1);
    shard_add_text(shard, UNIT_VOICE, "en-us");
    shard_keep(shard, record, caption->id);
}

static void write_caption_shards(const struct run *run, size_t number)
{
    struct shard_column columns[UNIT_FEATURES];
    memcpy(columns, unit_columns, sizeof columns);
    columns[UNIT_UNITS].bits = shard_id_bits(SAMPLE_CLUSTERS);
    const struct shard_range range = run_caption_range(run, number);
    struct shard *speech = begin_shard("speak", range, 0, speech_columns, SPEECH_COLUMN_COUNT);
    struct shard *units =
        begin_shard("speech-units", range, SAMPLE_CLUSTERS, columns, UNIT_FEATURES);
    for (size_t r = range.first; r < range.first + range.count; r++) {
        const struct manifest_caption *caption = &run->manifest.captions[r];
        if (r == REJECTED_CAPTION) {
            shard_reject(speech, r, caption->id, "cannot be spoken");
            continue;
        }
        add_speech(speech, caption, r);
        add_units(units, caption, r);
    }
    write_shard(speech, run, "speech", number);
    write_shard(units, run, "units", number);
}

static void add_picture(struct shard *shard, const struct run *run, size_t record)
{
    char path[PATH_BYTES];
    uint16_t tokens[SAMPLE_GRID * SAMPLE_GRID];
    const struct manifest_image *image = &run->manifest.images[record];
    const uint32_t width = FAINT_WIDTH, height = FAINT_HEIGHT;
    const uint16_t grid = SAMPLE_GRID;
    check_status(path_join(path, run->manifest.image_root, image->path), STATUS_OK, NULL);
    const uint64_t source_bytes = file_bytes(path);
    for (size_t t = 0; t < SAMPLE_GRID * SAMPLE_GRID; t++)
        tokens[t] = sample_run_token(record, t);
    shard_add(shard, IMAGE_UNITS, tokens, 1);
    shard_add(shard, IMAGE_WIDTH, &width, 1);
    shard_add(shard, IMAGE_HEIGHT, &height, 1);
    shard_add(shard, IMAGE_SOURCE_BYTES, &source_bytes, 1);
    shard_add(shard, IMAGE_GRID_ROWS, &grid, 1);
    shard_add(shard, IMAGE_GRID_COLUMNS, &grid, 1);
    shard_keep(shard, record, image->id);
}

static void write_image_shard(const struct run *run, size_t number)
{
    struct shard_column columns[IMAGE_COLUMN_COUNT];
    memcpy(columns, image_columns, sizeof columns);
    columns[IMAGE_UNITS].width = (size_t)SAMPLE_GRID * SAMPLE_GRID;
    columns[IMAGE_UNITS].bits = shard_id_bits(SAMPLE_CODES);
    const struct shard_range range = run_image_range(run, number);
    struct shard *shard =
        begin_shard("image-units", range, SAMPLE_CODES, columns, IMAGE_COLUMN_COUNT);
    for (size_t r = range.first; r < range.first + range.count; r++) {
        if (r == REJECTED_PICTURE)
            shard_reject(shard, r, run->manifest.images[r].id, "no such file");
        else
            add_picture(shard, run, r);
    }
    write_shard(shard, run, "images", number);
}

/* No two of them have the same bytes; the rejected one has no file. */
static void write_digest_shard(const struct run *run, size_t number)
{
    const struct shard_range range = run_image_range(run, number);
    struct shard *shard =
        begin_shard("picture-digests", range, 0, picture_columns, PICTURE_COLUMN_COUNT);
    for (size_t r = range.first; r < range.first + range.count; r++) {
        char digest[DIGEST_TEXT_BYTES];
        const uint64_t source_bytes = 1000;
        digest_of(digest, &r, sizeof r);
        if (r == REJECTED_PICTURE)
            continue;
        shard_add_text(shard, PICTURE_DIGEST, digest);
        shard_add(shard, PICTURE_SOURCE_BYTES, &source_bytes, 1);
        shard_keep(shard, r, run->manifest.images[r].id);
    }
    write_shard(shard, run, "pictures", number);
}

static void write_centroids(const struct run *run)
{
    char path[PATH_BYTES];
    const hsize_t dims[2] = { SAMPLE_CLUSTERS, 3 };
    check_status(run_path(path, run, "kmeans.h5"), STATUS_OK, NULL);
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(2, dims, NULL);
    H5Dclose(H5Dcreate2(file, "centroids", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT,
                        H5P_DEFAULT));
    H5Sclose(space);
    CU_ASSERT(H5Fclose(file) >= 0);
}

void sample_run_make(const char *folder, const struct team *team)
{
    struct run run;
    char plan_path[PATH_BYTES];
    write_file(folder, "manifest.jsonl", manifest_text, sizeof manifest_text - 1);
    write_file(folder, "plan.yaml", plan_text, sizeof plan_text - 1);
    write_file(folder, "weights/hubert", "h", 1);
    write_file(folder, "weights/vit", "v", 1);
    write_pictures(folder);
    check_status(path_join(plan_path, folder, "plan.yaml"), STATUS_OK, NULL);
    const enum status opened = run_open(&run, team, plan_path, NULL);
    check_status(opened, STATUS_OK, NULL);
    if (opened != STATUS_OK)
        return;
    for (size_t s = 0; s < run_caption_shard_count(&run); s++)
        write_caption_shards(&run, s);
    for (size_t s = 0; s < run_image_shard_count(&run); s++) {
        write_digest_shard(&run, s);
        write_image_shard(&run, s);
    }
    write_centroids(&run);
    check_status(pack_run(&run), STATUS_OK, NULL);
    run_close(&run);
}
