/* The JSON writer: order, escapes, numbers, and that a failure is told once and then forgotten. */
#include "storage/json.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Formats what is in the writer and compares. */
static void check_text(struct json_writer *writer, const char *expected)
{
    char *text = NULL;
    check_status(json_writer_format(&text, writer), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL(text);
    if (text != NULL && strcmp(text, expected) != 0)
        fprintf(stderr, "got %s, expected %s\n", text, expected);
    CU_ASSERT(text != NULL && strcmp(text, expected) == 0);
    free(text);
}

static void keys_keep_their_order_on_one_line(void)
{
    struct json_writer *writer = json_writer_create();
    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "zebra", "stripes");
    json_writer_switch(writer, "alive", true);
    json_writer_open_array(writer, "legs");
    json_writer_integer(writer, NULL, 4);
    json_writer_open_object(writer, NULL);
    json_writer_close(writer);
    json_writer_close(writer);
    json_writer_integer(writer, "age", -3);
    json_writer_close(writer);
    check_text(writer, "{\"zebra\":\"stripes\",\"alive\":true,\"legs\":[4,{}],\"age\":-3}");
    json_writer_destroy(writer);
}

static void numbers_are_short_and_exact_enough(void)
{
    struct json_writer *writer = json_writer_create();
    json_writer_open_array(writer, NULL);
    json_writer_number(writer, NULL, 0.1);
    json_writer_number(writer, NULL, 2.0 / 3.0);
    json_writer_number(writer, NULL, 3.0);
    json_writer_number(writer, NULL, -1.5e-9);
    json_writer_integer(writer, NULL, INT64_MAX);
    json_writer_integer(writer, NULL, INT64_MIN);
    json_writer_close(writer);
    check_text(writer, "[0.1,0.666666666666667,3.0,-1.5e-9,9223372036854775807,"
                       "-9223372036854775808]");
    json_writer_destroy(writer);
}

static void text_is_escaped_only_where_it_must_be(void)
{
    struct json_writer *writer = json_writer_create();
    json_writer_open_array(writer, NULL);
    json_writer_text(writer, NULL, "say \"hi\"\n\x01");
    json_writer_text(writer, NULL, "نجمة");
    json_writer_close(writer);
    check_text(writer, "[\"say \\\"hi\\\"\\n\\u0001\",\"نجمة\"]");
    json_writer_destroy(writer);
}

static void a_failure_names_the_key_and_the_writer_goes_on(void)
{
    struct json_writer *writer = json_writer_create();
    char *text = NULL;

    json_writer_open_object(writer, NULL);
    json_writer_number(writer, "loss", NAN);
    json_writer_text(writer, "caption", "cut \xC3");
    json_writer_open_array(writer, "more");
    json_writer_integer(writer, NULL, 1);
    json_writer_close(writer);
    json_writer_close(writer);
    check_status(json_writer_format(&text, writer), STATUS_INVALID, "\"loss\"");
    CU_ASSERT_PTR_NULL(text);

    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "caption", "cut \xC3");
    json_writer_close(writer);
    check_status(json_writer_format(&text, writer), STATUS_INVALID, "\"caption\"");

    json_writer_open_object(writer, NULL);
    json_writer_integer(writer, "whole", 1);
    json_writer_close(writer);
    check_text(writer, "{\"whole\":1}");
    json_writer_destroy(writer);
}

static void lines_go_to_a_file_until_it_is_full(void)
{
    struct json_writer *writer = json_writer_create();
    const char *path = check_scratch("lines.jsonl");
    FILE *file = fopen(path, "w+");
    for (int line = 0; line < 2; line++) {
        json_writer_open_array(writer, NULL);
        json_writer_integer(writer, NULL, line);
        json_writer_close(writer);
        check_status(json_writer_print(writer, file, path), STATUS_OK, NULL);
    }
    char lines[32] = "";
    rewind(file);
    CU_ASSERT_EQUAL(fread(lines, 1, sizeof lines - 1, file), 8);
    CU_ASSERT_STRING_EQUAL(lines, "[0]\n[1]\n");
    fclose(file);

    FILE *full = fopen("/dev/full", "w");
    setvbuf(full, NULL, _IONBF, 0);
    json_writer_open_array(writer, NULL);
    json_writer_close(writer);
    check_status(json_writer_print(writer, full, "full disk"), STATUS_IO, "full disk");
    fclose(full);
    json_writer_destroy(writer);
}

static void an_unfinished_value_is_discarded(void)
{
    struct json_writer *writer = json_writer_create();
    json_writer_open_object(writer, NULL);
    json_writer_open_array(writer, "unfinished");
    json_writer_destroy(writer);
    json_writer_destroy(NULL);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "keys keep their order on one line", keys_keep_their_order_on_one_line },
        { "numbers are short", numbers_are_short_and_exact_enough },
        { "text is escaped only where it must be", text_is_escaped_only_where_it_must_be },
        { "a failure names the key", a_failure_names_the_key_and_the_writer_goes_on },
        { "lines go to a file until it is full", lines_go_to_a_file_until_it_is_full },
        { "an unfinished value is discarded", an_unfinished_value_is_discarded },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "json", cases);
}
