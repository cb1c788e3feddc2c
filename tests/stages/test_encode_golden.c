/* encode-speech and encode-image as commands, from files to an HDF5 file, against the recorded
 * results of the reference implementations: within the tolerances of the goldens' READMEs, ids
 * exactly. */
#include "storage/hdf5_prepare.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "tests/support/check.h"

#include <hdf5.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_BYTES = 4096, NAME_BYTES = 256 };

static const double feature_limit = 5e-5, latent_limit = 4e-6;

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
    char command[COMMAND_BYTES];
    const char *binary = getenv("UNITMILL_BINARY");
    va_list arguments;
    const int used = snprintf(command, sizeof command, "%s ", binary == NULL ? "" : binary);
    va_start(arguments, format);
    vsnprintf(command + used, sizeof command - (size_t)used, format, arguments);
    va_end(arguments);
    const int code = system(command);
    CU_ASSERT_EQUAL(code, 0);
    if (code != 0)
        fprintf(stderr, "%s: ended with %d\n", command, code);
}

/* A dataset as doubles, flat. NULL where it is not there. The caller frees it. */
static double *read_array(size_t *count, hid_t file, const char *name)
{
    *count = 0;
    const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    CU_ASSERT(dataset >= 0);
    if (dataset < 0)
        return NULL;
    const hid_t space = H5Dget_space(dataset);
    *count = (size_t)H5Sget_simple_extent_npoints(space);
    double *values = malloc((*count + 1) * sizeof *values);
    CU_ASSERT(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Sclose(space);
    H5Dclose(dataset);
    return values;
}

static double expected_at(const struct tensor *tensor, size_t index)
{
    if (tensor->type == TENSOR_I32) {
        int32_t number;
        memcpy(&number, (const char *)tensor->data + index * sizeof number, sizeof number);
        return number;
    }
    float value;
    memcpy(&value, (const char *)tensor->data + index * sizeof value, sizeof value);
    return (double)value;
}

/* Is group/name of `file` the tensor `expected`, all of it, within `limit`? */
static void check_array(hid_t file, const char *group, const char *name,
                        const struct tensor_table *table, const char *expected, double limit)
{
    char full[NAME_BYTES], key[NAME_BYTES];
    snprintf(full, sizeof full, "%s/%s", group, name);
    snprintf(key, sizeof key, "%s.%s", group, expected);
    const struct tensor *tensor = tensor_table_find(table, key);
    size_t count = 0;
    double *values = read_array(&count, file, full), worst = 0.0;
    CU_ASSERT_PTR_NOT_NULL(tensor);
    if (tensor != NULL && values != NULL) {
        CU_ASSERT_EQUAL(count, tensor->count);
        for (size_t i = 0; i < count && i < tensor->count; i++)
            worst = fmax(worst, fabs(values[i] - expected_at(tensor, i)));
        CU_ASSERT(worst <= limit);
        if (worst > limit)
            fprintf(stderr, "%s: %g away from %s\n", full, worst, key);
    }
    free(values);
}

static void check_sum(hid_t file, const char *group, const char *name, double expected)
{
    char full[NAME_BYTES];
    size_t count = 0;
    double sum = 0.0;
    snprintf(full, sizeof full, "%s/%s", group, name);
    double *values = read_array(&count, file, full);
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    CU_ASSERT_EQUAL(sum, expected);
    free(values);
}

/* The golden of that name, with its configuration. */
struct golden {
    char folder[1024];
    struct tensor_table expected;
    struct settings *config;
};

static void open_golden(struct golden *golden, const char *name)
{
    char path[1100];
    snprintf(golden->folder, sizeof golden->folder, "%s/%s", check_golden_folder(), name);
    snprintf(path, sizeof path, "%s/expected.safetensors", golden->folder);
    check_status(safetensors_read(&golden->expected, path), STATUS_OK, NULL);
    snprintf(path, sizeof path, "%s/config.json", golden->folder);
    check_status(settings_file_read(&golden->config, path), STATUS_OK, NULL);
}

static void close_golden(struct golden *golden)
{
    tensor_table_end(&golden->expected);
    settings_destroy(golden->config);
}

/* Calls `check` for each group of the file. */
static void check_groups(const struct golden *golden, const char *path,
                         void (*check)(const struct golden *golden, hid_t file, const char *group))
{
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    H5G_info_t info = { 0 };
    CU_ASSERT(file >= 0 && H5Gget_info(file, &info) >= 0);
    CU_ASSERT(info.nlinks > 0);
    for (hsize_t g = 0; g < info.nlinks; g++) {
        char group[NAME_BYTES] = "";
        H5Lget_name_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, g, group, sizeof group,
                           H5P_DEFAULT);
        check(golden, file, group);
    }
    H5Fclose(file);
}

static void check_recording(const struct golden *golden, hid_t file, const char *group)
{
    char layer[32], key[NAME_BYTES];
    const int unit_layer = (int)settings_number(golden->config, "unit_layer", 0);
    snprintf(layer, sizeof layer, "layer%d", unit_layer);
    check_array(file, group, "features", &golden->expected, layer, feature_limit);
    check_array(file, group, "units", &golden->expected, "units", 0.0);
    check_array(file, group, "dedup_units", &golden->expected, "units_dedup", 0.0);
    for (int l = 0; l <= unit_layer; l++) {
        snprintf(layer, sizeof layer, "layer%d", l);
        check_array(file, group, layer, &golden->expected, layer, feature_limit);
    }
    snprintf(key, sizeof key, "%s.units", group);
    const struct tensor *units = tensor_table_find(&golden->expected, key);
    if (units != NULL)
        check_sum(file, group, "durations", (double)units->count);
}

static void check_last_layer(const struct golden *golden, hid_t file, const char *group)
{
    char last[32];
    const int layers = (int)settings_number(golden->config, "layers", 0);
    snprintf(last, sizeof last, "layer%d", layers);
    check_array(file, group, "features", &golden->expected, last, feature_limit);
}

static void speech_in_every_naming_gives_the_features_and_units(void)
{
    static const char *const files[][2] = {
        { "hf_weight_g.safetensors", "hf_config.json" },
        { "hf_parametrizations.safetensors", "hf_config.json" },
        { "fairseq.pt", "config.json" },
        { "torchaudio.pt", "config.json" },
        { "torchaudio_legacy.pt", "config.json" },
    };
    struct golden golden = { 0 };
    open_golden(&golden, "hubert-tiny");
    const char *folder = golden.folder, *out = check_scratch("speech.h5");
    const int layer = (int)settings_number(golden.config, "unit_layer", 0);
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        run("encode-speech --quiet --hubert '%s/%s' --config '%s/%s' --layer %d --kmeans "
            "'%s/km_centers.npy' --trace --out '%s' '%s'/*.wav",
            folder, files[f][0], folder, files[f][1], layer, folder, out, folder);
        check_groups(&golden, out, check_recording);
        run("encode-speech --quiet --hubert '%s/%s' --config '%s/%s' --layer all --out '%s' "
            "'%s'/*.wav",
            folder, files[f][0], folder, files[f][1], out, folder);
        check_groups(&golden, out, check_last_layer);
    }
    close_golden(&golden);
}

static void check_picture(const struct golden *golden, hid_t file, const char *group)
{
    check_array(file, group, "units", &golden->expected, "tokens", 0.0);
    check_array(file, group, "latents", &golden->expected, "z", latent_limit);
}

static void pictures_give_the_units_and_latents(void)
{
    static const char *const files[] = { "model.safetensors", "model.ckpt" };
    struct golden golden = { 0 };
    open_golden(&golden, "vit-vqgan-tiny");
    const char *folder = golden.folder, *out = check_scratch("pictures.h5");
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        /* The JPEG files are called NAME.jpg where the expected arrays are NAME.*. */
        run("encode-image --quiet --vit-vqgan '%s/%s' --config '%s/config.json' --out '%s' "
            "'%s'/*.jpg",
            folder, files[f], folder, out, folder);
        check_groups(&golden, out, check_picture);
    }
    close_golden(&golden);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "speech in every naming", speech_in_every_naming_gives_the_features_and_units },
        { "pictures", pictures_give_the_units_and_latents },
        CU_TEST_INFO_NULL,
    };
    hdf5_prepare();
    return check_suite(argc, argv, "encode commands", cases);
}
