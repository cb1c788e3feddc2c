/* The audit: figures that add up to the files, the paper's table, three writings of one report,
 * and paths that are no run and no store. */
#include "stages/audit/audit.h"
#include "tests/stages/sample_run.h"
#include "tests/support/check.h"

#include "core/file.h"
#include "storage/seal.h"
#include "storage/hdf5_prepare.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct team team;
static char run_folder[PATH_BYTES], store_path[PATH_BYTES];

static void begin(void)
{
    CU_ASSERT_EQUAL(team_begin(&team, MPI_COMM_WORLD), STATUS_OK);
    sample_run_make(check_scratch("sample"), &team);
    strcpy(run_folder, check_scratch("sample/run"));
    strcpy(store_path, check_scratch("sample/run/store.h5"));
}

static void end(void)
{
    team_end(&team);
}

/* The report as text; the caller frees it. */
static char *audit(const char *path, enum audit_format format)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    const struct audit_options options = { .format = format, .projected_captions = 1000000 };
    check_status(audit_write(stream, path, &options), STATUS_OK, NULL);
    fclose(stream);
    return text;
}

static json_t *audit_json(const char *path)
{
    char *text = audit(path, AUDIT_JSON);
    json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    CU_ASSERT_PTR_NOT_NULL(report);
    free(text);
    return report;
}

/* A figure of the report; not a number where it is absent. */
static double figure(const json_t *report, const char *section, const char *row,
                     const char *quantity)
{
    const json_t *value =
        json_object_get(json_object_get(json_object_get(report, section), row), quantity);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static uint64_t run_file_bytes(const char *name)
{
    char path[PATH_BYTES];
    CU_ASSERT_EQUAL(path_join(path, run_folder, name), STATUS_OK);
    CU_ASSERT(file_exists(path));
    return file_bytes(path);
}

static void check_row_adds_up(const json_t *report, const char *section, const char *row)
{
    const double sum = figure(report, section, row, "data_bytes") +
                       figure(report, section, row, "index_bytes") +
                       figure(report, section, row, "overhead_bytes");
    CU_ASSERT_EQUAL(sum, figure(report, section, row, "bytes"));
}

static void bytes_by_stage_are_those_of_the_files(void)
{
    json_t *report = audit_json(run_folder), *row;
    const char *key;
    const double speech =
        (double)(run_file_bytes("speech/00000.h5") + run_file_bytes("speech/00001.h5") +
                 run_file_bytes("speech/00002.h5"));
    const double images =
        (double)(run_file_bytes("images/00000.h5") + run_file_bytes("images/00001.h5"));
    CU_ASSERT_EQUAL(figure(report, "stages", "speech", "bytes"), speech);
    CU_ASSERT_EQUAL(figure(report, "stages", "speech", "files"), 3);
    CU_ASSERT_EQUAL(figure(report, "stages", "images", "bytes"), images);
    CU_ASSERT_EQUAL(figure(report, "stages", "kmeans.h5", "bytes"),
                    (double)run_file_bytes("kmeans.h5"));
    CU_ASSERT_EQUAL(figure(report, "stages", "store.h5", "bytes"),
                    (double)run_file_bytes("store.h5"));
    CU_ASSERT_EQUAL(figure(report, "stages", "total", "damaged_files"), 0);
    double sum = 0.0;
    json_object_foreach(json_object_get(report, "stages"), key, row)
    {
        check_row_adds_up(report, "stages", key);
        if (strcmp(key, "total") != 0)
            sum += figure(report, "stages", key, "bytes");
    }
    CU_ASSERT_EQUAL(sum, figure(report, "stages", "total", "bytes"));
    json_decref(report);
}

static void bytes_by_modality_are_the_store(void)
{
    static const char *const quantities[] = { "data_bytes", "checksum_bytes", "index_bytes",
                                              "overhead_bytes", "bytes" };
    json_t *report = audit_json(store_path), *row;
    const char *key;
    CU_ASSERT_PTR_NULL(json_object_get(report, "stages"));
    CU_ASSERT_EQUAL(figure(report, "modalities", "total", "bytes"), (double)file_bytes(store_path));
    for (size_t q = 0; q < sizeof quantities / sizeof quantities[0]; q++) {
        double sum = 0.0;
        json_object_foreach(json_object_get(report, "modalities"), key, row)
        {
            check_row_adds_up(report, "modalities", key);
            if (strcmp(key, "total") != 0)
                sum += figure(report, "modalities", key, quantities[q]);
        }
        CU_ASSERT_EQUAL(sum, figure(report, "modalities", "total", quantities[q]));
    }
    CU_ASSERT(figure(report, "modalities", "rejects", "data_bytes") > 0);
    CU_ASSERT(figure(report, "modalities", "provenance", "overhead_bytes") > 100);
    CU_ASSERT(figure(report, "modalities", "captions", "data_bytes") > 0);
    CU_ASSERT(isnan(figure(report, "modalities", "speech_features", "bytes")));
    json_decref(report);
}

static void the_papers_table_is_there(void)
{
    json_t *report = audit_json(run_folder);
    CU_ASSERT_EQUAL(figure(report, "table1", "picture_raw", "bits"), 1204224);
    CU_ASSERT_EQUAL(figure(report, "table1", "picture_units_paper", "bits"), 10192);
    CU_ASSERT_DOUBLE_EQUAL(figure(report, "table1", "picture_units_paper", "share_of_raw_percent"),
                           0.8464, 1e-4);
    CU_ASSERT_EQUAL(figure(report, "table1", "speech_raw", "bits"), 256000);
    CU_ASSERT_EQUAL(figure(report, "table1", "speech_mel", "bits"), 256000);
    CU_ASSERT_EQUAL(figure(report, "table1", "speech_units_paper", "bits"), 400);
    CU_ASSERT_DOUBLE_EQUAL(figure(report, "table1", "speech_units_paper", "share_of_raw_percent"),
                           0.15625, 1e-9);

    /* This store: 28 x 28 ids of 13 bits; 40 of 7 bits and durations of 2 bits in 2 seconds. */
    CU_ASSERT_EQUAL(figure(report, "table1", "picture_units", "bits"), 10192);
    CU_ASSERT_DOUBLE_EQUAL(figure(report, "table1", "speech_units", "bits"), 20 * 7, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(figure(report, "table1", "speech_frames", "bits"), 49.5 * 7, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(figure(report, "table1", "speech_units_durations", "bits"), 20 * (7 + 2),
                           1e-9);
    json_decref(report);
}

static void counts_and_comparisons_are_those_of_the_run(void)
{
    json_t *report = audit_json(run_folder);
    const double raw_audio = 3.0 * SAMPLE_SAMPLES * 2, runs = 3.0 * SAMPLE_RUNS;
    CU_ASSERT_EQUAL(figure(report, "counts", "speech", "records"), 3);
    CU_ASSERT_EQUAL(figure(report, "counts", "speech", "tokens"), runs);
    CU_ASSERT_EQUAL(figure(report, "counts", "speech", "seconds"), 3 * SAMPLE_SECONDS);
    CU_ASSERT_EQUAL(figure(report, "counts", "pictures", "records"), 2);
    CU_ASSERT_EQUAL(figure(report, "counts", "pictures", "id_bits"), 13);

    CU_ASSERT_EQUAL(figure(report, "speech", "raw_audio", "bytes"), raw_audio);
    CU_ASSERT_EQUAL(figure(report, "speech", "units_nominal", "bytes"), ceil(runs * 7 / 8));
    const double flac = figure(report, "speech", "flac", "bytes");
    CU_ASSERT(flac > 1000 && flac < figure(report, "stages", "speech", "data_bytes"));
    const double stored = figure(report, "speech", "units_stored", "bytes");
    CU_ASSERT_EQUAL(stored, figure(report, "modalities", "speech_units", "bytes"));
    CU_ASSERT_DOUBLE_EQUAL(figure(report, "speech", "units_stored", "above_nominal_percent"),
                           100.0 * (stored / (runs * 7 / 8) - 1.0), 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(figure(report, "speech", "units_stored", "bytes_per_record"), stored / 3,
                           1e-6);

    CU_ASSERT_EQUAL(figure(report, "pictures", "raw_224", "bytes"), 2 * 150528);
    CU_ASSERT_EQUAL(figure(report, "pictures", "raw_source", "bytes"), 2 * 40 * 24 * 3);
    CU_ASSERT_EQUAL(figure(report, "pictures", "source_files", "bytes"),
                    (double)(file_bytes(check_scratch("sample/pictures/a.jpg")) +
                             file_bytes(check_scratch("sample/pictures/second.png"))));
    CU_ASSERT_EQUAL(figure(report, "pictures", "units_nominal", "bytes"), 2 * 1274);
    CU_ASSERT_EQUAL(figure(report, "pictures", "side_stored", "bytes"),
                    figure(report, "modalities", "image_units", "bytes") +
                        figure(report, "modalities", "image_facts", "bytes"));
    json_decref(report);
}

static size_t count_figures(json_t *report)
{
    size_t count = 0;
    const char *section_key, *row_key, *key;
    json_t *section, *row, *value;
    json_object_foreach(report, section_key, section) json_object_foreach(section, row_key, row)
        json_object_foreach(row, key, value) count += json_is_number(value);
    return count;
}

static void csv_and_json_say_the_same(void)
{
    json_t *report = audit_json(run_folder);
    char *csv = audit(run_folder, AUDIT_CSV), *rest = NULL;
    const char *line = strtok_r(csv, "\n", &rest);
    size_t lines = 0;
    CU_ASSERT_STRING_EQUAL(line, "section,name,quantity,value,unit");
    while ((line = strtok_r(NULL, "\n", &rest)) != NULL) {
        char section[32], name[64], quantity[64], unit[32];
        double value = NAN;
        CU_ASSERT_EQUAL(
            sscanf(line, "%31[^,],%63[^,],%63[^,],%lf,%31s", section, name, quantity, &value, unit),
            5);
        const double expected = figure(report, section, name, quantity);
        CU_ASSERT(fabs(value - expected) <= 1e-12 * fabs(expected));
        lines++;
    }
    CU_ASSERT(lines > 100);
    CU_ASSERT_EQUAL(lines, count_figures(report));
    free(csv);
    json_decref(report);
}

static void the_table_fits_a_terminal(void)
{
    char *table = audit(run_folder, AUDIT_TABLE), *rest = NULL;
    CU_ASSERT_PTR_NOT_NULL(strstr(table, "28 x 28 x 13"));
    CU_ASSERT_PTR_NOT_NULL(strstr(table, "0.846"));
    CU_ASSERT_PTR_NOT_NULL(strstr(table, "1,204,224.0"));
    for (const char *line = strtok_r(table, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        CU_ASSERT(strlen(line) <= 100);
    free(table);
}

static void a_run_without_a_store_has_its_stages(void)
{
    const char *aside = check_scratch("aside.h5");
    CU_ASSERT_EQUAL(rename(store_path, aside), 0);
    json_t *report = audit_json(run_folder);
    CU_ASSERT(figure(report, "stages", "units", "bytes") > 0);
    CU_ASSERT(isnan(figure(report, "stages", "store.h5", "bytes")));
    CU_ASSERT_EQUAL(figure(report, "table1", "picture_units_paper", "bits"), 10192);
    CU_ASSERT(isnan(figure(report, "table1", "picture_units", "bits")));
    CU_ASSERT_PTR_NULL(json_object_get(report, "modalities"));
    json_decref(report);
    CU_ASSERT_EQUAL(rename(aside, store_path), 0);
}

static void a_damaged_shard_is_counted(void)
{
    const char *path = check_scratch("sample/run/units/00001.h5");
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    CU_ASSERT_EQUAL(file_read(&bytes, &byte_count, path, 1 << 24), STATUS_OK);
    CU_ASSERT_EQUAL(truncate(path, 1000), 0);
    json_t *report = audit_json(run_folder);
    CU_ASSERT_EQUAL(figure(report, "stages", "units", "damaged_files"), 1);
    CU_ASSERT_EQUAL(figure(report, "stages", "units", "files"), 3);
    check_row_adds_up(report, "stages", "units");
    CU_ASSERT(figure(report, "stages", "units", "overhead_bytes") >= 1000);
    json_decref(report);
    CU_ASSERT_EQUAL(file_write(path, bytes, byte_count), STATUS_OK);
    free(bytes);
}

static void check_refused(const char *path, enum status expected, const char *fragment)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    const struct audit_options options = { .format = AUDIT_TABLE };
    check_status(audit_write(stream, path, &options), expected, fragment);
    fclose(stream);
    CU_ASSERT_EQUAL(bytes, 0);
    free(text);
}

static void what_is_no_run_and_no_store_is_refused(void)
{
    const char *text = check_scratch("text.h5");
    char cut[PATH_BYTES];
    strcpy(cut, check_scratch("cut.h5"));
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    check_refused(check_scratch("nothing"), STATUS_NOT_FOUND, "no such run or store");
    check_refused(check_scratch("sample/pictures"), STATUS_INVALID, "neither a run directory");
    CU_ASSERT_EQUAL(file_write(text, "text\n", 5), STATUS_OK);
    check_refused(text, STATUS_CORRUPT, "text.h5");
    check_refused(check_scratch("sample/run/speech/00000.h5"), STATUS_CORRUPT,
                  "not a unitmill store");
    CU_ASSERT_EQUAL(file_read(&bytes, &byte_count, store_path, 1 << 24), STATUS_OK);
    for (size_t left = byte_count - SEAL_BYTES - 1; left > 0; left = left * 3 / 4) {
        CU_ASSERT_EQUAL(file_write(cut, bytes, left), STATUS_OK);
        check_refused(cut, STATUS_CORRUPT, "cut.h5");
    }
    free(bytes);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "bytes by stage are those of the files", bytes_by_stage_are_those_of_the_files },
        { "bytes by modality are the store", bytes_by_modality_are_the_store },
        { "the paper's table is there", the_papers_table_is_there },
        { "counts and comparisons", counts_and_comparisons_are_those_of_the_run },
        { "CSV and JSON say the same", csv_and_json_say_the_same },
        { "the table fits a terminal", the_table_fits_a_terminal },
        { "a run without a store has its stages", a_run_without_a_store_has_its_stages },
        { "a damaged shard is counted", a_damaged_shard_is_counted },
        { "what is no run and no store is refused", what_is_no_run_and_no_store_is_refused },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    hdf5_prepare();
    return check_suite(argc, argv, "audit", cases);
}
