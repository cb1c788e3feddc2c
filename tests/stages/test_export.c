/* Export: a caption to hear, a picture to see, and what is said where a part of it is not there. */
#include "stages/export/export.h"
#include "tests/stages/sample_run.h"
#include "tests/support/check.h"

#include "core/file.h"
#include "storage/audio_file.h"
#include "storage/hdf5_prepare.h"
#include "storage/png_image.h"

#include <hdf5.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct team team;
static struct export_report report;

static void begin(void)
{
    CU_ASSERT_EQUAL(team_begin(&team, MPI_COMM_WORLD), STATUS_OK);
    sample_run_make(check_scratch("sample"), &team);
}

static void end(void)
{
    team_end(&team);
}

/* As the command does it: the run is the folder of the store. */
static enum status export(const char *store, const char *caption, const char *image) {
    struct run run; char folder[PATH_BYTES], missing[STATUS_TEXT_BYTES] = "";
    const struct export_options options = { .store = store,
                                            .caption = caption,
                                            .image = image,
                                            .out = check_scratch("out/here") };
    path_folder(folder, store);
    const bool has_run = run_view(&run, &team, folder) == STATUS_OK;
    if (!has_run) strcpy(missing, status_text());
    const enum status outcome = export_record(&report, &options, has_run ? &run : NULL, missing);
    run_close(&run);
    return outcome;
}

/* The path of the file of that ending, which must be in the report and below the folder. */
static const char *file_ending(const char *ending)
{
    const char *folder = check_scratch("out/here/");
    for (size_t f = 0; f < report.file_count; f++) {
        const char *path = report.files[f];
        const size_t length = strlen(path), end_length = strlen(ending);
        if (length > end_length && strcmp(path + length - end_length, ending) == 0) {
            CU_ASSERT_EQUAL(strncmp(path, folder, strlen(folder)), 0);
            CU_ASSERT_PTR_NULL(strchr(path + strlen(folder), '/'));
            CU_ASSERT(file_exists(path));
            return path;
        }
    }
    return NULL;
}

static char *read_text(const char *ending)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    const char *path = file_ending(ending);
    CU_ASSERT_PTR_NOT_NULL(path);
    if (path != NULL)
        CU_ASSERT_EQUAL(file_read(&bytes, &byte_count, path, 1 << 24), STATUS_OK);
    return bytes == NULL ? strdup("") : (char *)bytes;
}

static json_t *read_json(void)
{
    char *text = read_text(".json");
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    CU_ASSERT_PTR_NOT_NULL(json);
    free(text);
    return json;
}

static void check_text(const json_t *json, const char *key, const char *expected)
{
    const char *text = json_string_value(json_object_get(json, key));
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, expected);
}

static void a_caption_has_all_its_fields_and_units(void)
{
    check_status(export(check_scratch("sample/run/store.h5"), "second:1", NULL), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(report.file_count, 4);
    CU_ASSERT_EQUAL(report.note_count, 0);
    json_t *json = read_json();
    check_text(json, "id", "second:1");
    check_text(json, "text", "\xd8\xb5\xd9\x86\xd8\xaf\xd9\x88\xd9\x82");
    check_text(json, "language", "ar");
    check_text(json, "voice", "en-us");
    check_text(json, "split", "test");
    check_text(json, "image", "second");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(json, "sample_count")), SAMPLE_SAMPLES);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(json, "codebook")), SAMPLE_CLUSTERS);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(json, "rate_wpm")), 150);
    const json_t *units = json_object_get(json, "units");
    const json_t *durations = json_object_get(json, "durations");
    const json_t *frames = json_object_get(json, "frame_units");
    CU_ASSERT_EQUAL(json_array_size(units), SAMPLE_RUNS);
    CU_ASSERT_EQUAL(json_array_size(durations), SAMPLE_RUNS);
    CU_ASSERT_EQUAL(json_array_size(frames), SAMPLE_FRAMES);
    size_t frame = 0;
    for (size_t r = 0; r < SAMPLE_RUNS; r++) {
        CU_ASSERT_EQUAL(json_integer_value(json_array_get(units, r)), sample_run_unit(3, r));
        CU_ASSERT_EQUAL(json_integer_value(json_array_get(durations, r)), sample_run_duration(r));
        for (size_t d = 0; d < sample_run_duration(r); d++)
            CU_ASSERT_EQUAL(json_integer_value(json_array_get(frames, frame++)),
                            sample_run_unit(3, r));
    }
    json_decref(json);
    char *text = read_text(".txt");
    CU_ASSERT_STRING_EQUAL(text, "\xd8\xb5\xd9\x86\xd8\xaf\xd9\x88\xd9\x82\n");
    free(text);
}

static void a_caption_can_be_heard_and_its_phones_seen(void)
{
    struct audio audio = { 0 };
    check_status(export(check_scratch("sample/run/store.h5"), "second:0", NULL), STATUS_OK, NULL);
    const char *path = file_ending(".wav");
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    check_status(audio_file_read(&audio, path, SAMPLE_SAMPLES), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(audio.rate_hz, 16000);
    CU_ASSERT_EQUAL(audio.sample_count, SAMPLE_SAMPLES);
    size_t wrong = 0;
    for (size_t s = 0; s < audio.sample_count; s++)
        wrong += lrintf(audio.samples[s] * 32768.0f) != sample_run_sample(2, s);
    CU_ASSERT_EQUAL(wrong, 0);
    audio_end(&audio);

    char *labels = read_text(".phones.txt");
    CU_ASSERT_STRING_EQUAL(labels, "0.000000\t0.500000\ts\n0.500000\t1.250000\tt\n"
                                   "1.250000\t2.000000\tA:\n");
    free(labels);
}

static void a_picture_has_its_grid_source_and_captions(void)
{
    check_status(export(check_scratch("sample/run/store.h5"), NULL, "second"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(report.note_count, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(report.notes[0], "no reconstruction")); /* no real weights */
    json_t *json = read_json();
    check_text(json, "id", "second");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(json, "width")), 40);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(json, "height")), 24);
    const json_t *rows = json_object_get(json, "units");
    CU_ASSERT_EQUAL(json_array_size(rows), SAMPLE_GRID);
    for (size_t t = 0; t < SAMPLE_GRID * SAMPLE_GRID; t++)
        CU_ASSERT_EQUAL(json_integer_value(
                            json_array_get(json_array_get(rows, t / SAMPLE_GRID), t % SAMPLE_GRID)),
                        sample_run_token(1, t));
    const json_t *captions = json_object_get(json, "captions");
    CU_ASSERT_EQUAL(json_array_size(captions), 2);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(captions, 1)), "second:1");
    json_decref(json);

    uint8_t *copy = NULL, *source = NULL;
    size_t copy_bytes = 0, source_bytes = 0;
    file_read(&copy, &copy_bytes, check_scratch("out/here/second.png"), 1 << 20);
    file_read(&source, &source_bytes, check_scratch("sample/pictures/second.png"), 1 << 20);
    CU_ASSERT(copy != NULL && copy_bytes == source_bytes && memcmp(copy, source, copy_bytes) == 0);
    free(copy);
    free(source);
}

/* The colour at the centre of the square of a token. */
static const uint8_t *square(const struct rgb_image *image, size_t token)
{
    const size_t side = image->width / SAMPLE_GRID;
    const size_t x = token % SAMPLE_GRID * side + side / 2,
                 y = token / SAMPLE_GRID * side + side / 2;
    return image->pixels + 3 * (y * image->width + x);
}

static void equal_units_are_squares_of_one_colour(void)
{
    struct rgb_image image = { 0 };
    uint8_t *bytes = NULL;
    size_t byte_count = 0, distinct = 0;
    check_status(export(check_scratch("sample/run/store.h5"), NULL, "a/../b"), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL(file_ending(".jpg"));
    const char *path = file_ending(".units.png");
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    file_read(&bytes, &byte_count, path, 1 << 24);
    check_status(png_image_decode(&image, bytes, byte_count, NULL, path), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(image.width, image.height);
    for (size_t a = 0; a < 100; a++)
        for (size_t b = a + 1; b < 100; b++) {
            const bool same_color = memcmp(square(&image, a), square(&image, b), 3) == 0;
            CU_ASSERT(same_color || sample_run_token(0, a) != sample_run_token(0, b));
            distinct += !same_color;
        }
    CU_ASSERT(distinct > 4900);
    rgb_image_end(&image);
    free(bytes);
}

static void ids_become_safe_names_that_stay_apart(void)
{
    char first[PATH_BYTES];
    check_status(export(check_scratch("sample/run/store.h5"), "a/../b:0", NULL), STATUS_OK, NULL);
    const char *path = file_ending(".txt");
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    CU_ASSERT_EQUAL(strncmp(path_name(path), "a_.._b_0-", 9), 0);
    strcpy(first, file_ending(".json"));
    check_status(export(check_scratch("sample/run/store.h5"), NULL, "a/../b"), STATUS_OK, NULL);
    CU_ASSERT_NOT_EQUAL(strcmp(first, file_ending(".json")), 0);
}

static void unknown_ids_are_named_and_a_way_out_is_told(void)
{
    const char *store = check_scratch("sample/run/store.h5");
    check_status(export(store, "third", NULL), STATUS_NOT_FOUND, "no caption third");
    check_status(export(store, "third", NULL), STATUS_NOT_FOUND, "h5dump -d /captions/id");
    check_status(export(store, NULL, "gone"), STATUS_NOT_FOUND, "no picture gone");
    check_status(export(store, "a/../b:1", NULL), STATUS_NOT_FOUND, "a/../b:1");
    CU_ASSERT_EQUAL(report.file_count, 0);
}

static void copy_file(const char *to, const char *from)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    CU_ASSERT_EQUAL(file_read(&bytes, &byte_count, from, 1 << 24), STATUS_OK);
    CU_ASSERT_EQUAL(file_write(to, bytes, byte_count), STATUS_OK);
    free(bytes);
}

static void a_lone_store_gives_what_it_has(void)
{
    const char *lone = check_scratch("lone.h5");
    copy_file(lone, check_scratch("sample/run/store.h5"));
    check_status(export(lone, "second:0", NULL), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(report.file_count, 2);
    CU_ASSERT_EQUAL(report.note_count, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(report.notes[0], "not a run directory"));
    json_t *json = read_json();
    CU_ASSERT_EQUAL(json_array_size(json_object_get(json, "notes")), 1);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(json, "units")), SAMPLE_RUNS);
    json_decref(json);
    check_status(export(lone, NULL, "second"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(report.file_count, 2);
    CU_ASSERT_EQUAL(report.note_count, 1);
}

static void damaged_speech_and_a_changed_picture_are_noted(void)
{
    const char *store = check_scratch("sample/run/store.h5");
    CU_ASSERT_EQUAL(truncate(check_scratch("sample/run/speech/00001.h5"), 3000), 0);
    check_status(export(store, "second:0", NULL), STATUS_OK, NULL);
    CU_ASSERT_PTR_NULL(file_ending(".wav"));
    CU_ASSERT_EQUAL(report.note_count, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(report.notes[0], "speech/00001.h5"));

    CU_ASSERT_EQUAL(file_write(check_scratch("sample/pictures/a.jpg"), "other", 5), STATUS_OK);
    check_status(export(store, NULL, "a/../b"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(report.note_count, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(report.notes[0], "has 5 bytes"));
    CU_ASSERT_EQUAL(unlink(check_scratch("sample/pictures/a.jpg")), 0);
    check_status(export(store, NULL, "a/../b"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(report.file_count, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(report.notes[0], "no source picture"));
}

/* Two texts a row where one is expected would overrun whoever reads rows. */
static void rows_of_another_width_are_refused(void)
{
    static const char *const datasets[] = { "/captions/id", "/captions/text", "/images/id" };
    for (size_t d = 0; d < sizeof datasets / sizeof datasets[0]; d++) {
        const char *path = check_scratch("wide.h5");
        const hsize_t dims[2] = { 3, 1000 };
        copy_file(path, check_scratch("sample/run/store.h5"));
        const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), type = H5Tcopy(H5T_C_S1);
        const hid_t space = H5Screate_simple(2, dims, NULL);
        H5Tset_size(type, 20);
        CU_ASSERT(H5Ldelete(file, datasets[d], H5P_DEFAULT) >= 0);
        H5Dclose(H5Dcreate2(file, datasets[d], type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        H5Sclose(space);
        H5Tclose(type);
        CU_ASSERT(H5Fclose(file) >= 0);
        check_status(export(path, "second:0", NULL), STATUS_CORRUPT, "1000 texts a row");
    }
}

static void bad_stores_are_refused(void)
{
    char cut[PATH_BYTES]; /* outlives the names that check_scratch hands out */
    strcpy(cut, check_scratch("cut.h5"));
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    check_status(export(check_scratch("absent.h5"), "second:0", NULL), STATUS_NOT_FOUND, "absent");
    file_read(&bytes, &byte_count, check_scratch("sample/run/store.h5"), 1 << 24);
    CU_ASSERT_EQUAL(file_write(cut, bytes, byte_count / 2), STATUS_OK);
    check_status(export(cut, "second:0", NULL), STATUS_CORRUPT, "cut.h5");

    /* Wherever a byte is flipped, an export ends with an outcome. */
    size_t refused = 0;
    for (size_t at = 0; at < byte_count; at += 1499) {
        bytes[at] ^= 0xff;
        CU_ASSERT_EQUAL(file_write(cut, bytes, byte_count), STATUS_OK);
        refused += export(cut, "second:0", NULL) != STATUS_OK;
        refused += export(cut, NULL, "second") != STATUS_OK;
        bytes[at] ^= 0xff;
    }
    CU_ASSERT(refused > 0);
    free(bytes);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "a caption has all its fields and units", a_caption_has_all_its_fields_and_units },
        { "a caption can be heard", a_caption_can_be_heard_and_its_phones_seen },
        { "a picture has its grid, source and captions",
          a_picture_has_its_grid_source_and_captions },
        { "equal units are squares of one colour", equal_units_are_squares_of_one_colour },
        { "ids become safe names", ids_become_safe_names_that_stay_apart },
        { "unknown ids are named", unknown_ids_are_named_and_a_way_out_is_told },
        { "a lone store gives what it has", a_lone_store_gives_what_it_has },
        { "damaged speech and a changed picture", damaged_speech_and_a_changed_picture_are_noted },
        { "rows of another width are refused", rows_of_another_width_are_refused },
        { "bad stores are refused", bad_stores_are_refused },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    hdf5_prepare();
    return check_suite(argc, argv, "export", cases);
}
