/* What pack takes: bytes on disk against the raw data where nothing compresses but what always
 * does, and memory against the size of the store. */
#include "core/file.h"
#include "core/random.h"
#include "stages/audit/audit.h"
#include "stages/pack/pack.h"
#include "storage/hdf5_prepare.h"
#include "storage/shard_schemas.h"
#include "storage/store_batch.h"
#include "tests/stages/plain_run.h"
#include "tests/support/check.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Speech as HuBERT with 100 clusters makes it of a COCO caption: 4.4 seconds, about 115 units. */
enum {
    CLUSTERS = 100,
    CODES = 8192,
    GRID = 28,
    FRAMES = 219,
    SAMPLES = 70400,
    FEATURE_WIDTH = 256
};

static struct team team;

static struct shard *begin_shard(const char *stage, struct shard_range range, size_t codebook,
                                 const struct shard_column *columns, size_t column_count)
{
    struct shard *shard = NULL;
    const struct shard_identity identity = { stage,       range.number, range.first,
                                             range.count, codebook,     "size" };
    check_status(shard_create(&shard, &identity, columns, column_count), STATUS_OK, NULL);
    return shard;
}

static void publish(const struct run *run, struct shard *shard, const char *stage_folder,
                    size_t number)
{
    char path[PATH_BYTES], folder[PATH_BYTES];
    check_status(run_shard_path(path, run, stage_folder, number), STATUS_OK, NULL);
    path_folder(folder, path);
    check_status(folder_make(folder), STATUS_OK, NULL);
    check_status(shard_write(shard, path), STATUS_OK, NULL);
    shard_destroy(shard);
}

/* Units that nothing tells of; durations that mostly are 1 and 2. */
static void add_runs(struct shard *shard, struct random_stream *stream)
{
    uint32_t left = FRAMES;
    while (left > 0) {
        uint16_t duration = 1;
        const uint16_t unit = (uint16_t)random_below(stream, CLUSTERS);
        while (duration < 12 && random_below(stream, 100) < 48)
            duration++;
        if (duration > left)
            duration = (uint16_t)left;
        shard_add(shard, UNIT_UNITS, &unit, 1);
        shard_add(shard, UNIT_DURATIONS, &duration, 1);
        left -= duration;
    }
}

static void add_caption(struct shard *shard, const struct run *run, size_t caption)
{
    static uint16_t features[FRAMES * FEATURE_WIDTH];
    const uint32_t frames = FRAMES, samples = SAMPLES;
    struct random_stream stream = random_stream_numbered(1, caption, "size");
    add_runs(shard, &stream);
    shard_add(shard, UNIT_FRAME_COUNT, &frames, 1);
    shard_add(shard, UNIT_SAMPLE_COUNT, &samples, 1);
    shard_add_text(shard, UNIT_VOICE, caption % 2 == 0 ? "en-us" : "ar+f2");
    if (run->plan.speech_units.features) {
        for (size_t v = 0; v < FRAMES * FEATURE_WIDTH; v++)
            features[v] = (uint16_t)(v * 40503 % 65521 % 0x7C00);
        shard_add(shard, UNIT_FEATURES, features, FRAMES);
    }
    check_status(shard_keep(shard, caption, run->manifest.captions[caption].id), STATUS_OK, NULL);
}

static void write_captions(const struct run *run, size_t number)
{
    struct shard_column columns[UNIT_COLUMN_COUNT];
    const struct shard_range range = run_caption_range(run, number);
    memcpy(columns, unit_columns, sizeof columns);
    columns[UNIT_UNITS].bits = shard_id_bits(CLUSTERS);
    columns[UNIT_FEATURES].width = FEATURE_WIDTH;
    publish(run, begin_shard("speak", range, 0, speech_columns, SPEECH_COLUMN_COUNT), "speech",
            number);
    struct shard *units =
        begin_shard("speech-units", range, CLUSTERS, columns,
                    run->plan.speech_units.features ? UNIT_COLUMN_COUNT : UNIT_FEATURES);
    for (size_t c = range.first; c < range.first + range.count; c++)
        add_caption(units, run, c);
    publish(run, units, "units", number);
}

static void write_pictures(const struct run *run, size_t number)
{
    struct shard_column columns[IMAGE_COLUMN_COUNT];
    const struct shard_range range = run_image_range(run, number);
    const uint16_t grid = GRID;
    memcpy(columns, image_columns, sizeof columns);
    columns[IMAGE_UNITS].width = (size_t)GRID * GRID;
    columns[IMAGE_UNITS].bits = shard_id_bits(CODES);
    struct shard *shard = begin_shard("image-units", range, CODES, columns, IMAGE_COLUMN_COUNT);
    for (size_t p = range.first; p < range.first + range.count; p++) {
        struct random_stream stream = random_stream_numbered(2, p, "size");
        uint16_t tokens[GRID * GRID];
        const uint32_t width = 320 + random_below(&stream, 320);
        const uint32_t height = 320 + random_below(&stream, 320);
        const uint64_t source_bytes = 20000 + random_below(&stream, 200000);
        for (size_t t = 0; t < GRID * GRID; t++)
            tokens[t] = (uint16_t)random_below(&stream, CODES);
        shard_add(shard, IMAGE_UNITS, tokens, 1);
        shard_add(shard, IMAGE_WIDTH, &width, 1);
        shard_add(shard, IMAGE_HEIGHT, &height, 1);
        shard_add(shard, IMAGE_SOURCE_BYTES, &source_bytes, 1);
        shard_add(shard, IMAGE_GRID_ROWS, &grid, 1);
        shard_add(shard, IMAGE_GRID_COLUMNS, &grid, 1);
        check_status(shard_keep(shard, p, run->manifest.images[p].id), STATUS_OK, NULL);
    }
    publish(run, shard, "images", number);
}

/* No two pictures are the same. */
static void write_digests(const struct run *run, size_t number)
{
    const struct shard_range range = run_image_range(run, number);
    struct shard *shard =
        begin_shard("picture-digests", range, 0, picture_columns, PICTURE_COLUMN_COUNT);
    for (size_t p = range.first; p < range.first + range.count; p++) {
        const uint64_t source_bytes = 20000 + p;
        char digest[DIGEST_TEXT_BYTES];
        digest_of(digest, &p, sizeof p);
        shard_add_text(shard, PICTURE_DIGEST, digest);
        shard_add(shard, PICTURE_SOURCE_BYTES, &source_bytes, 1);
        check_status(shard_keep(shard, p, run->manifest.images[p].id), STATUS_OK, NULL);
    }
    publish(run, shard, "pictures", number);
}

/* Makes and packs a run of `pictures` pictures, two captions each, in check_scratch(name). */
static void pack(const char *name, size_t pictures, bool has_features)
{
    struct run run;
    const struct option_texts sets = { .items = { "shard_captions=100", "shard_images=100",
                                                  has_features ? "speech_units.features=true"
                                                               : "speech_units.features=false" },
                                       .count = 3 };
    char folder[PATH_BYTES];
    snprintf(folder, sizeof folder, "%s", check_scratch(name));
    const char *plan_path = plain_run_make(folder, &team, pictures);
    check_status(run_open(&run, &team, plan_path, &sets), STATUS_OK, NULL);
    for (size_t s = 0; s < run_caption_shard_count(&run); s++)
        write_captions(&run, s);
    for (size_t s = 0; s < run_image_shard_count(&run); s++)
        write_digests(&run, s);
    for (size_t s = 0; s < run_image_shard_count(&run); s++)
        write_pictures(&run, s);
    check_status(pack_run(&run), STATUS_OK, NULL);
    run_close(&run);
}

static json_t *audit(const char *path)
{
    const struct audit_options options = { .format = AUDIT_JSON };
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    check_status(audit_write(stream, path, &options), STATUS_OK, NULL);
    fclose(stream);
    json_t *report = json_loads(text, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL(report);
    free(text);
    return report;
}

static double figure(const json_t *report, const char *section, const char *row,
                     const char *quantity)
{
    const json_t *value =
        json_object_get(json_object_get(json_object_get(report, section), row), quantity);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* The promises of docs/STORAGE.md, overhead included. Ids here are as even as random numbers: real
 * ones can only be smaller. */
static void sides_stay_below_their_shares(void)
{
    pack("plain", 1000, false);
    json_t *report = audit(check_scratch("plain/run/store.h5"));
    CU_ASSERT_EQUAL(figure(report, "counts", "speech", "records"), 2000);
    CU_ASSERT(figure(report, "speech", "side_with_overhead", "share_of_raw_percent") < 0.2);
    CU_ASSERT(figure(report, "pictures", "side_with_overhead", "share_of_raw_percent") < 0.87);
    CU_ASSERT(figure(report, "projection", "coco", "speech_share_of_raw_percent") < 0.2);
    CU_ASSERT(figure(report, "projection", "coco", "picture_share_of_raw_percent") < 0.87);
    CU_ASSERT(figure(report, "speech", "units_stored", "above_nominal_percent") < 1.5);
    CU_ASSERT(figure(report, "pictures", "units_stored", "above_nominal_percent") < 0.5);
    CU_ASSERT(figure(report, "speech", "durations_stored", "above_nominal_percent") < 0);
    json_decref(report);
}

static double peak_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

/* Features make stores large: 112 MB, then four times that. A block is 64 MiB. */
static void memory_does_not_grow_with_the_store(void)
{
    pack("small", 500, true);
    const double after_small = peak_mib();
    pack("large", 2000, true);
    const double after_large = peak_mib();
    CU_ASSERT(file_bytes(check_scratch("large/run/store.h5")) >
              3 * file_bytes(check_scratch("small/run/store.h5")));
    CU_ASSERT(after_large < after_small + 24);
    if (after_large >= after_small + 24)
        fprintf(stderr, "peak memory: %.0f MiB, then %.0f MiB\n", after_small, after_large);
}

static void reading_it_does_not_either(void)
{
    enum { BATCH = 32, CACHE_BYTES = 8 << 20 };
    struct store_batch_reader *reader = NULL;
    const struct store_batch_options options = {
        STORE_BATCH_SPEECH | STORE_BATCH_PICTURES | STORE_BATCH_FEATURES, CACHE_BYTES, 64 << 20
    };
    struct random_stream stream = random_stream_numbered(3, 3, "size");
    const double before = peak_mib();
    check_status(store_batch_open(&reader, check_scratch("large/run/store.h5"), &options),
                 STATUS_OK, NULL);
    for (size_t b = 0; b < 100 && reader != NULL; b++) {
        uint64_t records[BATCH];
        struct store_batch batch;
        for (size_t r = 0; r < BATCH; r++)
            records[r] = random_below(&stream, 4000);
        check_status(store_batch_read(&batch, reader, records, BATCH), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(batch.feature_offsets[BATCH], BATCH * FRAMES);
        CU_ASSERT(store_batch_memory_bytes(reader) < (CACHE_BYTES + (16u << 20)));
    }
    store_batch_close(reader);
    CU_ASSERT(peak_mib() < before + 40);
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
}

static void end(void)
{
    team_end(&team);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "sides stay below their shares", sides_stay_below_their_shares },
        { "memory does not grow with the store", memory_does_not_grow_with_the_store },
        { "reading it does not either", reading_it_does_not_either },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    hdf5_prepare();
    return check_suite(argc, argv, "pack size", cases);
}
