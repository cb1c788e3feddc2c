/* PyTorch files: every recorded one gives the recorded tensors, and bad ones are told by name. */
#include "storage/safetensors.h"
#include "storage/torch_file.h"
#include "tests/support/check.h"

#include "core/file.h"
#include "storage/weights_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct content {
    struct tensor_table table;
    struct settings *settings;
};

static void read_golden(struct content *content, const char *name)
{
    char path[PATH_BYTES];
    *content = (struct content){ 0 };
    check_status(path_join(path, check_golden_folder(), name), STATUS_OK, NULL);
    check_status(torch_file_read(&content->table, &content->settings, path), STATUS_OK, NULL);
}

static void read_expected(struct tensor_table *table, const char *name)
{
    char path[PATH_BYTES];
    check_status(path_join(path, check_golden_folder(), name), STATUS_OK, NULL);
    check_status(safetensors_read(table, path), STATUS_OK, NULL);
}

static void end(struct content *content)
{
    tensor_table_end(&content->table);
    settings_destroy(content->settings);
}

static const char *data_path(const char *name)
{
    static char path[PATH_BYTES];
    const char *source = getenv("UNITMILL_SOURCE");
    snprintf(path, sizeof path, "%s/tests/data/weights/%s", source == NULL ? "." : source, name);
    return path;
}

/* Element `i` of a tensor of any type. */
static double element(const struct tensor *tensor, size_t i)
{
    const uint8_t *at = (const uint8_t *)tensor->data + i * tensor_type_bytes(tensor->type);
    int64_t wide = 0;
    float value = NAN;
    switch (tensor->type) {
    case TENSOR_I64:
        memcpy(&wide, at, sizeof wide);
        return (double)wide;
    case TENSOR_U8:
    case TENSOR_BOOL:
        return *at;
    default: {
        struct tensor one = { .name = "one", .type = tensor->type, .count = 1, .data = at };
        char source[] = "test";
        const struct tensor_table table = { .tensors = &one, .count = 1, .source = source };
        check_status(tensor_table_read(&value, &table, "one", 0, one.shape), STATUS_OK, NULL);
        return value;
    }
    }
}

static void check_equal(const struct tensor *actual, const struct tensor *expected)
{
    size_t different = 0;
    CU_ASSERT_PTR_NOT_NULL(actual);
    if (actual == NULL) {
        fprintf(stderr, "tensor %s is missing\n", expected->name);
        return;
    }
    CU_ASSERT_EQUAL(actual->dimension_count, expected->dimension_count);
    CU_ASSERT_EQUAL(memcmp(actual->shape, expected->shape, sizeof actual->shape), 0);
    for (size_t i = 0; i < expected->count && actual->count == expected->count; i++)
        different += (float)element(actual, i) != (float)element(expected, i);
    CU_ASSERT_EQUAL(different, 0);
    if (different > 0)
        fprintf(stderr, "tensor %s differs in %zu elements\n", expected->name, different);
}

static void odd_tensors_are_read(const char *name)
{
    struct content odd;
    struct tensor_table expected;
    read_golden(&odd, name);
    read_expected(&expected, "hubert-tiny/odd_expected.safetensors");
    check_status(weights_file_narrow(&odd.table, "model."), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(odd.table.count, expected.count);
    for (size_t t = 0; t < expected.count; t++)
        check_equal(tensor_table_find(&odd.table, expected.tensors[t].name), &expected.tensors[t]);

    const struct tensor *half = tensor_table_find(&odd.table, "c.half");
    CU_ASSERT(half != NULL && half->type == TENSOR_F16);
    const struct tensor *truths = tensor_table_find(&odd.table, "d.bool");
    CU_ASSERT(truths != NULL && truths->type == TENSOR_BOOL);
    CU_ASSERT_STRING_EQUAL(settings_text(odd.settings, "args.arch", ""), "hubert");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(settings_text(odd.settings, "refused.0", ""), "fairseq.data.dictionary.Dictionary"));
    CU_ASSERT(isnan(settings_number(odd.settings, "extra_state.floats.2", 0.0)));
    CU_ASSERT_STRING_EQUAL(settings_text(odd.settings, "extra_state.dtype", ""), "torch.float16");
    end(&odd);
    tensor_table_end(&expected);
}

static void odd_tensors_of_a_zip_archive_are_read(void)
{
    odd_tensors_are_read("hubert-tiny/odd.pt");
}

static void odd_tensors_of_the_older_form_are_read(void)
{
    odd_tensors_are_read("hubert-tiny/odd_legacy.pt");
}

static void both_forms_hold_the_same(void)
{
    struct content zip, legacy;
    read_golden(&zip, "hubert-tiny/torchaudio.pt");
    read_golden(&legacy, "hubert-tiny/torchaudio_legacy.pt");
    CU_ASSERT(zip.table.count > 0);
    CU_ASSERT_EQUAL(zip.table.count, legacy.table.count);
    for (size_t t = 0; t < zip.table.count; t++)
        check_equal(tensor_table_find(&legacy.table, zip.table.tensors[t].name),
                    &zip.table.tensors[t]);
    end(&zip);
    end(&legacy);
}

static void a_fairseq_file_has_tensors_and_hyper_parameters(void)
{
    struct content fairseq;
    struct tensor_table hf;
    read_golden(&fairseq, "hubert-tiny/fairseq.pt");
    read_expected(&hf, "hubert-tiny/hf_weight_g.safetensors");
    const char *pairs[][2] = {
        { "model.post_extract_proj.weight", "feature_projection.projection.weight" },
        { "model.encoder.pos_conv.0.weight_v", "encoder.pos_conv_embed.conv.weight_v" },
        { "model.layer_norm.bias", "feature_projection.layer_norm.bias" },
    };
    for (size_t p = 0; p < sizeof pairs / sizeof pairs[0]; p++) {
        const struct tensor *expected = tensor_table_find(&hf, pairs[p][1]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(expected);
        check_equal(tensor_table_find(&fairseq.table, pairs[p][0]), expected);
    }
    CU_ASSERT_STRING_EQUAL(settings_text(fairseq.settings, "cfg.model._name", ""), "hubert");
    CU_ASSERT(settings_number(fairseq.settings, "cfg.model.encoder_layers", 0) > 0);
    CU_ASSERT_FALSE(settings_switch(fairseq.settings, "cfg.task.normalize", true));
    end(&fairseq);
    tensor_table_end(&hf);
}

static void a_lightning_file_and_a_bare_tensor_are_read(void)
{
    struct content model, codebook;
    struct tensor_table expected;
    read_golden(&model, "vit-vqgan-tiny/model.ckpt");
    read_golden(&codebook, "vit-vqgan-tiny/codebook.ckpt");
    read_expected(&expected, "vit-vqgan-tiny/model.safetensors");
    check_status(weights_file_narrow(&model.table, "state_dict."), STATUS_OK, NULL);
    for (size_t t = 0; t < expected.count; t++)
        check_equal(tensor_table_find(&model.table, expected.tensors[t].name),
                    &expected.tensors[t]);
    const struct tensor *table = tensor_table_find(&expected, "quantizer.embedding.weight");
    CU_ASSERT_PTR_NOT_NULL_FATAL(table);
    check_equal(tensor_table_find(&codebook.table, "tensor"), table);
    end(&model);
    end(&codebook);
    tensor_table_end(&expected);
}

static void check_plain(const struct tensor_table *table, enum tensor_type type)
{
    const struct tensor *weight = tensor_table_find(table, "fc.weight");
    const struct tensor *bias = tensor_table_find(table, "fc.bias");
    CU_ASSERT_PTR_NOT_NULL_FATAL(weight);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bias);
    CU_ASSERT_EQUAL(weight->type, type);
    for (size_t i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(element(weight, i), (double)i);
    CU_ASSERT_EQUAL(element(bias, 0), -1.0);
}

static void script_and_deflated_archives_are_read(void)
{
    struct content content;
    check_status(torch_file_read(&content.table, &content.settings, data_path("script.pt")),
                 STATUS_OK, NULL);
    check_plain(&content.table, TENSOR_F16);
    CU_ASSERT_EQUAL(settings_number(content.settings, "n", 0), 5.0);
    end(&content);
    check_status(torch_file_read(&content.table, &content.settings, data_path("deflated.pt")),
                 STATUS_OK, NULL);
    check_plain(&content.table, TENSOR_F32);
    end(&content);
    check_status(torch_file_read(&content.table, &content.settings, data_path("parameter.pt")),
                 STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(content.table.tensors[0].name, "tensor");
    end(&content);
}

static void what_is_stored_plainly_is_not_copied(void)
{
    const char *names[] = { "plain.pt", "shared.pt" };
    for (size_t n = 0; n < 2; n++) {
        struct content content;
        uint8_t *bytes = NULL;
        size_t byte_count = 0;
        check_status(file_read(&bytes, &byte_count, data_path(names[n]), 1 << 20), STATUS_OK, NULL);
        check_status(
            torch_file_read_bytes(&content.table, &content.settings, bytes, byte_count, names[n]),
            STATUS_OK, NULL);
        for (size_t t = 0; t < content.table.count; t++) {
            const struct tensor *tensor = &content.table.tensors[t];
            const uintptr_t at = (uintptr_t)tensor->data, begin = (uintptr_t)bytes;
            const bool is_inside = at >= begin && at < begin + byte_count;
            CU_ASSERT_EQUAL(is_inside, strcmp(tensor->name, "z") != 0);
        }
        end(&content);
        free(bytes);
    }
}

static void nothing_is_called_and_what_was_left_out_is_told(void)
{
    struct content content;
    check_status(torch_file_read(&content.table, &content.settings, data_path("evil_beside.pt")),
                 STATUS_OK, NULL);
    CU_ASSERT_EQUAL(content.table.count, 1);
    CU_ASSERT_STRING_EQUAL(settings_text(content.settings, "refused.0", ""), "evil: posix.system");
    end(&content);
}

static void bad_files_are_told_by_name(void)
{
    static const struct {
        const char *name;
        enum status expected;
        const char *told;
    } bad[] = {
        { "module.pt", STATUS_INVALID, "holds no tensor; refused __main__.Net" },
        { "sparse.pt", STATUS_INVALID, "tensor sparse is made by torch._utils._rebuild_sparse" },
        { "complex.pt", STATUS_INVALID, "torch.ComplexFloatStorage" },
        { "climbs.pt", STATUS_CORRUPT, "../" },
        { "two_folders.pt", STATUS_CORRUPT, "other/data/0: not in the folder" },
        { "no_storage.pt", STATUS_CORRUPT, "tensor fc.weight has a storage that is not" },
        { "no_program.pt", STATUS_CORRUPT, "without data.pkl" },
        { "short_storage.pt", STATUS_CORRUPT, "tensor fc.weight reaches beyond" },
        { "big_endian.pt", STATUS_INVALID, "little-endian" },
        { "twice.pt", STATUS_CORRUPT, "data/0: is there twice" },
        { "bomb.pt", STATUS_CORRUPT, "eight times" },
        { "absent.pt", STATUS_NOT_FOUND, "absent.pt" },
        { "km_plain_p4.pkl", STATUS_INVALID, "not a PyTorch file" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct content content;
        check_status(torch_file_read(&content.table, &content.settings, data_path(bad[i].name)),
                     bad[i].expected, bad[i].told);
        CU_ASSERT_PTR_NULL(content.settings);
        CU_ASSERT_EQUAL(content.table.count, 0);
        end(&content);
    }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "odd tensors, zip archive", odd_tensors_of_a_zip_archive_are_read },
        { "odd tensors, older form", odd_tensors_of_the_older_form_are_read },
        { "both forms hold the same", both_forms_hold_the_same },
        { "a fairseq file", a_fairseq_file_has_tensors_and_hyper_parameters },
        { "a Lightning file and a bare tensor", a_lightning_file_and_a_bare_tensor_are_read },
        { "script and deflated archives", script_and_deflated_archives_are_read },
        { "what is stored plainly is not copied", what_is_stored_plainly_is_not_copied },
        { "nothing is called", nothing_is_called_and_what_was_left_out_is_told },
        { "bad files", bad_files_are_told_by_name },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "torch_file", cases);
}
