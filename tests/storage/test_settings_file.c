/* Settings files: JSON is flattened and rebuilt, and what is not a bounded JSON object is told. */
#include "storage/settings_file.h"
#include "tests/support/check.h"

#include "core/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status read_text(struct settings **out, const char *text)
{
    return settings_file_read_bytes(out, (const uint8_t *)text, strlen(text), "made");
}

static void nested_values_get_dotted_keys(void)
{
    struct settings *settings = NULL;
    check_status(read_text(&settings, "{\"conv_dim\": [512, 256], \"encoder\": {\"dim\": 64, "
                                      "\"pre\": {\"norm\": true}}, \"eps\": 1e-05, \"none\": null, "
                                      "\"empty\": [], \"act\": \"gelu\"}"),
                 STATUS_OK, NULL);
    CU_ASSERT_EQUAL(settings_number(settings, "conv_dim.0", 0), 512.0);
    CU_ASSERT_EQUAL(settings_number(settings, "conv_dim.1", 0), 256.0);
    CU_ASSERT_EQUAL(settings_number(settings, "encoder.dim", 0), 64.0);
    CU_ASSERT_EQUAL(settings_number(settings, "eps", 0), 1e-5);
    CU_ASSERT_TRUE(settings_switch(settings, "encoder.pre.norm", false));
    CU_ASSERT_STRING_EQUAL(settings_text(settings, "act", ""), "gelu");
    CU_ASSERT_FALSE(settings_has(settings, "none"));
    CU_ASSERT_EQUAL(settings_count(settings), 6);
    settings_destroy(settings);
}

static void what_is_written_comes_back_and_looks_like_json(void)
{
    struct settings *settings = settings_create("made");
    settings_put_text(settings, "model_type", "hubert \"x\"");
    settings_put_number(settings, "conv_dim.0", 512);
    settings_put_number(settings, "conv_dim.1", 256);
    settings_put_number(settings, "encoder.eps", 1e-5);
    settings_put_switch(settings, "encoder.bias", false);
    settings_put_number(settings, "sparse.0", 1);
    settings_put_number(settings, "sparse.2", -3);

    const char *path = check_scratch("config.json");
    check_status(settings_file_write(path, settings), STATUS_OK, NULL);
    uint8_t *text = NULL;
    size_t byte_count = 0;
    check_status(file_read(&text, &byte_count, path, 4096), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL((char *)text, "{\n  \"model_type\": \"hubert \\\"x\\\"\",\n"
                                         "  \"conv_dim\": [\n    512,\n    256\n  ],\n"
                                         "  \"encoder\": {\n    \"eps\": 1e-5,\n"
                                         "    \"bias\": false\n  },\n"
                                         "  \"sparse\": {\n    \"0\": 1,\n    \"2\": -3\n  }\n}\n");
    free(text);

    struct settings *again = NULL;
    check_status(settings_file_beside(&again, check_scratch("w.safetensors"), NULL), STATUS_OK,
                 NULL);
    CU_ASSERT_EQUAL(settings_count(again), settings_count(settings));
    CU_ASSERT_EQUAL(settings_number(again, "encoder.eps", 0), 1e-5);
    CU_ASSERT_EQUAL(settings_number(again, "conv_dim.1", 0), 256.0);
    settings_destroy(again);
    settings_destroy(settings);
}

static void what_json_cannot_say_is_not_written(void)
{
    const char *path = check_scratch("bad/config.json");
    struct settings *settings = settings_create("made");
    settings_put_number(settings, "a", 1);
    settings_put_number(settings, "a.b", 1);
    check_status(settings_file_write(path, settings), STATUS_INVALID, "a.b");
    settings_destroy(settings);

    settings = settings_create("made");
    settings_put_number(settings, "a.b", 1);
    settings_put_number(settings, "a", 1);
    check_status(settings_file_write(path, settings), STATUS_INVALID, "setting a ");
    settings_destroy(settings);

    settings = settings_create("made");
    settings_put_number(settings, "nan", NAN);
    check_status(settings_file_write(path, settings), STATUS_INVALID, "nan");
    settings_destroy(settings);

    settings = settings_create("made");
    settings_put_text(settings, "text", "\xff");
    check_status(settings_file_write(path, settings), STATUS_INVALID, "text");
    settings_destroy(settings);
}

static void bad_text_is_told(void)
{
    const char *bad[] = { "",
                          "[]",
                          "3",
                          "{\"a\":1,\"a\":2}",
                          "{\"a\":}",
                          "{} {}",
                          "{\"a\":\"\xff\"}",
                          "{\"a\": 1e999}" };
    struct settings *settings = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_status(read_text(&settings, bad[i]), STATUS_CORRUPT, "made");
        CU_ASSERT_PTR_NULL(settings);
    }
}

static void depth_number_and_length_are_bounded(void)
{
    struct settings *settings = NULL;
    char *text = calloc(1, 100000);
    strcpy(text, "{\"a\":");
    memset(text + 5, '[', 40000);
    check_status(read_text(&settings, text), STATUS_CORRUPT, "nested deeper");

    strcpy(text, "{\"a\":[0");
    for (int i = 0; i < 20000; i++)
        memcpy(text + 7 + 2 * i, ",0", 3);
    strcat(text, "]}");
    check_status(read_text(&settings, text), STATUS_CORRUPT, "more than 10000 values");

    memset(text, 0, 100000);
    strcpy(text, "{\"");
    memset(text + 2, 'k', 5000);
    strcat(text, "\":1}");
    check_status(read_text(&settings, text), STATUS_CORRUPT, "too long");
    free(text);
}

static void a_given_config_wins_and_none_is_fine(void)
{
    struct settings *settings = NULL;
    check_status(settings_file_beside(&settings, "/proc/none/w.pt", NULL), STATUS_OK, NULL);
    CU_ASSERT_PTR_NULL(settings);
    check_status(settings_file_beside(&settings, "w.pt", check_scratch("absent.json")),
                 STATUS_NOT_FOUND, "absent.json");
    CU_ASSERT_PTR_NULL(settings);
}

static void the_public_config_of_a_net_is_read(void)
{
    char path[PATH_BYTES];
    struct settings *settings = NULL;
    check_status(path_join(path, check_golden_folder(), "hubert-tiny/hf_config.json"), STATUS_OK,
                 NULL);
    check_status(settings_file_read(&settings, path), STATUS_OK, NULL);
    CU_ASSERT(settings_number(settings, "conv_dim.0", 0) > 0);
    CU_ASSERT(settings_number(settings, "num_hidden_layers", 0) > 0);
    settings_destroy(settings);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "nested values get dotted keys", nested_values_get_dotted_keys },
        { "what is written comes back", what_is_written_comes_back_and_looks_like_json },
        { "what JSON cannot say", what_json_cannot_say_is_not_written },
        { "bad text", bad_text_is_told },
        { "depth, number and length", depth_number_and_length_are_bounded },
        { "a given config wins", a_given_config_wins_and_none_is_fine },
        { "the public config of a net", the_public_config_of_a_net_is_read },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "settings_file", cases);
}
