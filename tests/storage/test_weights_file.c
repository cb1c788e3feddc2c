/* Weights files of every form by one call, with the configuration found inside or beside. */
#include "storage/weights_file.h"
#include "tests/support/check.h"

#include "core/file.h"
#include "storage/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *golden_path(const char *name)
{
    static char path[PATH_BYTES];
    check_status(path_join(path, check_golden_folder(), name), STATUS_OK, NULL);
    return path;
}

/* A copy of a golden file where no config.json stands beside it. */
static const char *copy_alone(const char *name, const char *copy)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    const char *path = check_scratch(copy);
    check_status(file_read(&bytes, &byte_count, golden_path(name), 1 << 28), STATUS_OK, NULL);
    check_status(file_write(path, bytes, byte_count), STATUS_OK, NULL);
    free(bytes);
    return path;
}

static void each_form_is_told_by_its_bytes(void)
{
    const struct {
        const char *name;
        enum weights_format format;
    } cases[] = {
        { "hubert-tiny/hf_weight_g.safetensors", WEIGHTS_SAFETENSORS },
        { "hubert-tiny/fairseq.pt", WEIGHTS_TORCH_ZIP },
        { "hubert-tiny/torchaudio_legacy.pt", WEIGHTS_TORCH_LEGACY },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weights_file file;
        check_status(weights_file_read(&file, copy_alone(cases[i].name, "unnamed"), NULL),
                     STATUS_OK, NULL);
        CU_ASSERT_EQUAL(file.format, cases[i].format);
        CU_ASSERT(strlen(weights_format_name(file.format)) > 0);
        CU_ASSERT(file.table.count > 0);
        CU_ASSERT_PTR_NULL(file.beside);
        CU_ASSERT_PTR_EQUAL(file.settings, file.inside);
        weights_file_end(&file);
    }
}

static void the_configuration_is_given_beside_or_inside(void)
{
    struct weights_file file;
    const char *alone = copy_alone("hubert-tiny/fairseq.pt", "fairseq.pt");
    check_status(weights_file_read(&file, alone, NULL), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(settings_text(file.settings, "cfg.model._name", ""), "hubert");
    weights_file_end(&file);

    check_status(weights_file_read(&file, alone, golden_path("hubert-tiny/hf_config.json")),
                 STATUS_OK, NULL);
    CU_ASSERT_TRUE(settings_has(file.settings, "num_hidden_layers"));
    CU_ASSERT_TRUE(settings_has(file.inside, "cfg.model._name"));
    weights_file_end(&file);

    check_status(weights_file_read(&file, golden_path("hubert-tiny/fairseq.pt"), NULL), STATUS_OK,
                 NULL);
    CU_ASSERT_PTR_EQUAL(file.settings, file.beside);
    CU_ASSERT_TRUE(settings_has(file.settings, "conv_layers.0.0"));
    weights_file_end(&file);

    check_status(weights_file_read(&file, alone, "absent.json"), STATUS_NOT_FOUND, "absent.json");
    CU_ASSERT_EQUAL(file.table.count, 0);
}

static void a_prefix_is_taken_off(void)
{
    struct tensor_table table = { 0 };
    float *values = NULL;
    const char *names[] = { "b.x", "a.y.z", "a.x", "ab" };
    for (size_t i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(tensor_table_add(&values, &table, names[i], 0, NULL), STATUS_OK);
        *values = (float)i;
    }
    table.source = strdup("made");
    check_status(weights_file_narrow(&table, "c."), STATUS_CORRUPT, "made: no tensor called c.");
    CU_ASSERT_EQUAL(table.count, 4);
    check_status(weights_file_narrow(&table, "a."), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(table.count, 2);
    CU_ASSERT_STRING_EQUAL(table.tensors[0].name, "x");
    CU_ASSERT_STRING_EQUAL(table.tensors[1].name, "y.z");
    CU_ASSERT_EQUAL(*(const float *)tensor_table_find(&table, "x")->data, 2.0f);
    tensor_table_end(&table);
}

static void other_files_are_told(void)
{
    const struct {
        const char *bytes;
        size_t byte_count;
        enum status expected;
        const char *told;
    } cases[] = {
        { "", 0, STATUS_INVALID, "neither safetensors nor" },
        { "GGUF\3\0\0\0\0\0\0\0", 12, STATUS_INVALID, "neither safetensors nor" },
        { "\x89HDF\r\n\x1a\n....", 12, STATUS_INVALID, "neither safetensors nor" },
        { "PK\3\4 no archive", 15, STATUS_CORRUPT, "other" },
        { "\x80\2N.", 4, STATUS_INVALID, "not a PyTorch file" },
        { "\2\0\0\0\0\0\0\0{]", 10, STATUS_CORRUPT, "JSON" },
    };
    const char *path = check_scratch("other");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weights_file file;
        check_status(file_write(path, cases[i].bytes, cases[i].byte_count), STATUS_OK, NULL);
        check_status(weights_file_read(&file, path, NULL), cases[i].expected, cases[i].told);
        CU_ASSERT_PTR_NULL(file.settings);
    }
    char tar[512] = { 0 };
    struct weights_file file;
    memcpy(tar + 257, "ustar", 5);
    check_status(file_write(path, tar, sizeof tar), STATUS_OK, NULL);
    check_status(weights_file_read(&file, path, NULL), STATUS_INVALID, "tar archive");
    check_status(weights_file_read(&file, "/tmp", NULL), STATUS_INVALID, "/tmp");
    check_status(weights_file_read(&file, check_scratch("absent"), NULL), STATUS_NOT_FOUND,
                 "absent");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "each form is told by its bytes", each_form_is_told_by_its_bytes },
        { "the configuration", the_configuration_is_given_beside_or_inside },
        { "a prefix is taken off", a_prefix_is_taken_off },
        { "other files", other_files_are_told },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "weights_file", cases);
}
