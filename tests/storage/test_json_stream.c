/* A large JSON document item by item: what is handed out, what is passed over, and the limits. */
#include "storage/json_stream.h"
#include "tests/support/check.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    char text[512]; /* items as compact JSON, "index:item;" */
    size_t count;
    size_t fail_at; /* index at which the callback fails; SIZE_MAX for never */
};

static enum status see_item(void *payload, const json_t *item, size_t index)
{
    struct seen *seen = payload;
    char *text = json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY);
    const size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof seen->text - used, "%zu:%s;", index, text);
    free(text);
    seen->count++;
    return index == seen->fail_at ? status_fail(STATUS_INVALID, "enough") : STATUS_OK;
}

static enum status see_text(void *payload, const char *key, const char *text)
{
    struct seen *seen = payload;
    const size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof seen->text - used, "%s=%s;", key, text);
    return STATUS_OK;
}

static enum status read_file(struct seen *seen)
{
    const struct json_stream_list lists[] = { { "a", true, see_item }, { "b", false, see_item } };
    const struct json_stream_reader reader = { lists, 2, see_text, seen };
    return json_stream_read(check_scratch("input.json"), &reader);
}

static enum status read_text(struct seen *seen, const char *text)
{
    FILE *file = fopen(check_scratch("input.json"), "wb");
    *seen = (struct seen){ .fail_at = SIZE_MAX };
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        CU_FAIL("cannot write the input");
    return read_file(seen);
}

static void items_of_the_lists_are_handed_out(void)
{
    struct seen seen;
    check_status(read_text(&seen, " {\"x\": [[{\"a\": [9]}]], \"t\": \"text\", \"n\": -1.5e3,\n"
                                  "\"a\": [1, \"two\", null, true, [3, {\"k\": []}], {\"k\": {}}, "
                                  "2.5, 12345678901234567890],\n"
                                  "\"y\": {\"a\": [8], \"t\": \"no\"}, \"b\": []} "),
                 STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(seen.text,
                           "t=text;0:1;1:\"two\";2:null;3:true;4:[3,{\"k\":[]}];5:{\"k\":{}};"
                           "6:2.5;7:1.2345678901234567e19;");
}

static void a_failure_of_the_callback_ends_the_reading(void)
{
    struct seen seen;
    read_text(&seen, "{\"a\": [1, 2, 3]}");
    seen = (struct seen){ .fail_at = 1 };
    check_status(read_file(&seen), STATUS_INVALID, "enough");
    CU_ASSERT_EQUAL(seen.count, 2);
}

static void what_is_no_such_document_is_told(void)
{
    static const char *const bad[][2] = {
        { "", "input.json" },
        { "{\"a\": [1, 2", "EOF" },
        { "{\"a\": [1,, 2]}", "byte 10" },
        { "{\"a\": []} {", "trailing garbage" },
        { "{\"a\": [\"\xff\"]}", "UTF8" },
        { "{\"a\": [\"x\", \"\xC0\x80\"]}", "a[1]: a text that is not UTF-8" },
        { "{\"a\": 1}", "\"a\" is not a list" },
        { "{\"a\": \"x\"}", "\"a\" is not a list" },
        { "{\"a\": null}", "\"a\" is not a list" },
        { "{\"a\": {\"a\": []}}", "\"a\" is not a list" },
        { "{\"b\": []}", "no list \"a\"" },
        { "{\"a\": [], \"a\": []}", "twice" },
        { "[{\"a\": []}]", "not an object" },
        { "7", "no list \"a\"" },
    };
    for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
        struct seen seen;
        const enum status outcome = read_text(&seen, bad[b][0]);
        check_status(outcome, STATUS_INVALID, bad[b][1]);
        check_status(outcome, STATUS_INVALID, "input.json");
    }
    struct seen seen = { .fail_at = SIZE_MAX };
    remove(check_scratch("input.json"));
    check_status(read_file(&seen), STATUS_NOT_FOUND, "input.json");
}

/* `head`, `count` times `part`, `tail`. */
static enum status read_repeated(const char *head, const char *part, size_t count, const char *tail)
{
    struct seen seen = { .fail_at = SIZE_MAX };
    FILE *file = fopen(check_scratch("input.json"), "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(head, file);
    for (size_t c = 0; c < count; c++)
        fputs(part, file);
    fputs(tail, file);
    fclose(file);
    return read_file(&seen);
}

static void nesting_is_bounded_wherever_it_is(void)
{
    check_status(read_repeated("{\"a\": [", "[", 100000, ""), STATUS_INVALID, "deeper than 32");
    check_status(read_repeated("{\"x\": ", "{\"k\":", 100000, ""), STATUS_INVALID,
                 "deeper than 32");
    check_status(read_repeated("{\"a\": [", "[", 30, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"), STATUS_OK,
                 NULL);
}

static void an_item_is_bounded(void)
{
    char text[1004]; /* "xx...x", with a comma */
    memset(text, 'x', sizeof text);
    text[0] = text[1001] = '"';
    memcpy(text + 1002, ",", 2);
    check_status(read_repeated("{\"a\": [[", text, 20000, "1]]}"), STATUS_INVALID,
                 "a[0] takes more than");
    check_status(read_repeated("{\"a\": [\"", "sixteen letters ", 1 << 18, "\"]}"), STATUS_INVALID,
                 "more than 1048576 bytes");
    check_status(read_repeated("{\"x\": \"", "sixteen letters ", 1 << 18, "\", \"a\": []}"),
                 STATUS_INVALID, "more than 1048576 bytes");
    check_status(read_repeated("{\"a\": [\"", "sixteen letters ", 1 << 15, "\"]}"), STATUS_OK,
                 NULL);
    check_status(read_repeated("{\"a\": [", text, 20000, "1]}"), STATUS_OK, NULL);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "items of the lists are handed out", items_of_the_lists_are_handed_out },
        { "a failure of the callback ends the reading",
          a_failure_of_the_callback_ends_the_reading },
        { "what is no such document is told", what_is_no_such_document_is_told },
        { "nesting is bounded wherever it is", nesting_is_bounded_wherever_it_is },
        { "an item is bounded", an_item_is_bounded },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "JSON item by item", cases);
}
