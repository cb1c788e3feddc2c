/* Imports of what is not of the format: one line that names file and place, no manifest, nothing
 * left behind, and an older manifest stays as it was. */
#include "core/file.h"
#include "storage/import/import.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bad {
    const char *format, *text;
    const char *fragments[2]; /* of the message */
};

static const struct bad bads[] = {
    { "karpathy", "{\"images\": [{\"filename\": \"a.jpg\", ", { "input: byte ", "EOF" } },
    { "karpathy", "{\"images\": [{\"filename\": \"a\xff.jpg\"}]}", { "input: byte 2", "UTF8" } },
    { "karpathy", "{\"images\": {}}", { "input: ", "\"images\" is not a list" } },
    { "karpathy", "{\"images\": 7}", { "input: ", "\"images\" is not a list" } },
    { "karpathy", "{\"dataset\": \"coco\"}", { "input: ", "no list \"images\"" } },
    { "karpathy", "[1]", { "input: ", "not an object" } },
    { "karpathy", "", { "input", "" } },
    { "karpathy", "{\"images\": [7]}", { "input: images[0]: ", "not an object" } },
    { "karpathy", "{\"images\": [], \"images\": []}", { "input: ", "twice" } },
    { "karpathy",
      "{\"images\": [{\"split\": \"train\", \"sentences\": []}]}",
      { "input: images[0]: ", "\"filename\" is missing" } },
    { "karpathy",
      "{\"images\": [{\"filename\": \"a.jpg\", \"split\": 3, \"sentences\": []}]}",
      { "input: images[0]: ", "\"split\" is not a text" } },
    { "karpathy",
      "{\"images\": [{\"filename\": \"a.jpg\", \"split\": \"s\", \"sentences\": 1}]}",
      { "input: images[0]: ", "\"sentences\" is not a list" } },
    { "karpathy",
      "{\"images\": [{\"filename\": \"a.jpg\", \"split\": \"s\", \"sentences\": [{\"raw\": 1}]}]}",
      { "input: images[0].sentences[0]: ", "\"raw\" is not a text" } },
    { "karpathy",
      "{\"images\": [{\"filename\": \"a\\u0000b\", \"split\": \"s\", \"sentences\": []}]}",
      { "input: images[0]: ", "zero character" } },
    { "coco", "{\"images\": []}", { "input: ", "no list \"annotations\"" } },
    { "coco",
      "{\"images\": [{\"file_name\": \"a\"}], \"annotations\": []}",
      { "input: images[0]: ", "\"id\" is missing" } },
    { "coco",
      "{\"images\": [], \"annotations\": [{\"image_id\": 1}]}",
      { "input: annotations[0]: ", "\"caption\" is missing" } },
    { "coco",
      "{\"images\": [], \"annotations\": [{\"image_id\": [], \"caption\": \"x\"}]}",
      { "input: annotations[0]: ", "\"image_id\"" } },
    { "spokencoco",
      "{\"data\": [{\"image\": \"a.jpg\", \"captions\": [{\"text\": \"x\"}]}]}",
      { "input: data[0].captions[0]: ", "\"wav\" is missing" } },
    { "places",
      "{\"data\": [{\"wav\": \"a.wav\"}]}",
      { "input: data[0]: ", "\"image\" is missing" } },
    { "places",
      "{\"data\": [{\"wav\": \"a.wav\", \"image\": \"a.jpg\"}], \"image_base_path\": \"/\\u0007\"}",
      { "cannot stand in a manifest", "" } },
    { "fairseq", "/\xff\na.wav\t100\n", { "cannot stand in a manifest", "" } },
    { "flickr8k", "a.jpg#0\tx\na.jpg x\n", { "input:2: ", "not NAME#K" } },
    { "flickr8k", "a.jpg#x\ty\n", { "input:1: ", "not NAME#K" } },
    { "flickr8k", "image,caption\na.jpg,x\na.jpg\n", { "input:3: ", "not NAME,CAPTION" } },
    { "csv", "image,text\na.jpg,\"x\n", { "input:2: ", "not closed" } },
    { "csv", "image,text\na.jpg,\"x\"y\n", { "input:2: ", "behind a closing quote" } },
    { "csv", "image,text\n\"a\nb\",x\na.jpg\n", { "input:4: ", "1 fields, the first row has 2" } },
    { "csv", "picture,text\na.jpg,x\n", { "input:1: ", "no column of pictures" } },
    { "csv", "image,words\na.jpg,x\n", { "input:1: ", "no column of texts" } },
    { "csv", "", { "input: ", "empty" } },
    { "csv", "image,text\n", { "input: ", "no captions" } },
    { "csv", "image,text\na.jpg,\n", { "input: nothing can be imported", "text is empty" } },
    { "tsv", "image\ttext\na.jpg\tx\ty\n", { "input:2: ", "3 fields" } },
    { "jsonl", "{\"image\": \"a\", \"text\": \"b\"}\n{\"image\"\n", { "input:2: ", "JSON" } },
    { "jsonl", "7\n", { "input:1: ", "" } },
    { "jsonl", "[]\n", { "input:1: ", "not an object" } },
    { "jsonl", "{\"image\": \"a\", \"text\": [\"b\", 1]}\n", { "input:1: ", "no text" } },
    { "jsonl", "{\"image\": 1, \"text\": \"b\"}\n", { "input:1: ", "\"image\" is not a text" } },
    { "fairseq", "a.wav\t100\n", { "input:1: ", "not the folder" } },
    { "fairseq", "/data\na.wav\n", { "input:2: ", "not PATH" } },
    { "fairseq", "/data\na.wav\tx\n", { "input:2: ", "not PATH" } },
    { "webdataset", "no archive of any kind, but long enough to be looked at", { "input", "" } },
};

static void write_input(const char *text)
{
    FILE *file = fopen(check_scratch("input"), "wb");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        CU_FAIL("cannot write the input");
}

static struct import_options options_of(const char *const *input, const char *format)
{
    return (struct import_options){
        .inputs = input,
        .input_count = 1,
        .out = check_scratch("out.jsonl"),
        .language = "en",
        .memory_bytes = 1 << 20,
        .extract = strcmp(format, "webdataset") == 0 ? check_scratch("extracted") : NULL,
    };
}

static void malformed_input_is_told_with_file_and_place(void)
{
    struct import_summary summary;
    for (size_t b = 0; b < sizeof bads / sizeof bads[0]; b++) {
        const char *input = check_scratch("input");
        const struct import_options options = options_of(&input, bads[b].format);
        write_input(bads[b].text);
        const enum status outcome = import_run(&summary, bads[b].format, &options);
        check_status(outcome, STATUS_INVALID, bads[b].fragments[0]);
        check_status(outcome, STATUS_INVALID, bads[b].fragments[1]);
        CU_ASSERT_PTR_NULL(strchr(status_text(), '\n'));
        CU_ASSERT_FALSE(file_exists(check_scratch("out.jsonl")));
        CU_ASSERT_FALSE(file_exists(check_scratch("out.jsonl.partial")));
    }
}

static void an_older_manifest_outlives_a_failure(void)
{
    struct import_summary summary;
    const char *input = check_scratch("input");
    const struct import_options options = options_of(&input, "csv");
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    check_status(file_write(options.out, "older", 5), STATUS_OK, NULL);
    write_input("image,text\na.jpg,one\nb.jpg\n");
    check_status(import_run(&summary, "csv", &options), STATUS_INVALID, "input:3");
    check_status(file_read(&bytes, &byte_count, options.out, 100), STATUS_OK, NULL);
    CU_ASSERT(byte_count == 5 && memcmp(bytes, "older", 5) == 0);
    free(bytes);
    remove(options.out);
}

static void missing_inputs_and_outputs_are_told(void)
{
    struct import_summary summary;
    const char *input = check_scratch("nothing here");
    struct import_options options = options_of(&input, "csv");
    check_status(import_run(&summary, "csv", &options), STATUS_NOT_FOUND, "nothing here");
    check_status(import_run(&summary, "cub", &options), STATUS_NOT_FOUND, "nothing here");
    write_input("image,text\na.jpg,one\n");
    input = check_scratch("input");
    options.out = check_scratch("no such folder/out.jsonl");
    check_status(import_run(&summary, "csv", &options), STATUS_NOT_FOUND, "no such folder");
    options.out = check_scratch("out.jsonl");
    options.images = "no such folder of pictures";
    check_status(import_run(&summary, "csv", &options), STATUS_NOT_FOUND, "of pictures");
}

static void options_that_do_not_suit_the_format_are_refused(void)
{
    const char *input = check_scratch("input");
    struct import_options options = options_of(&input, "csv");
    check_status(import_check("xml", &options), STATUS_INVALID, "xml: no such format");
    check_status(import_check("webdataset", &options), STATUS_INVALID, "needs --extract");
    options.restval = IMPORT_RESTVAL_SKIP;
    check_status(import_check("csv", &options), STATUS_INVALID, "--restval");
    check_status(import_check("karpathy", &options), STATUS_OK, NULL);
    options = options_of(&input, "csv");
    options.columns = (struct option_texts){ { "picture=x" }, 1 };
    check_status(import_check("csv", &options), STATUS_INVALID, "--map picture=x");
    options.columns = (struct option_texts){ { "image=" }, 1 };
    check_status(import_check("csv", &options), STATUS_INVALID, "KEY=COLUMN");
    options.columns = (struct option_texts){ { "image=x" }, 1 };
    check_status(import_check("karpathy", &options), STATUS_INVALID, "--map");
    options = options_of(&input, "csv");
    options.split_lists = (struct option_texts){ { "train" }, 1 };
    check_status(import_check("flickr8k", &options), STATUS_INVALID, "SPLIT=FILE");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "malformed input is told with file and place",
          malformed_input_is_told_with_file_and_place },
        { "an older manifest outlives a failure", an_older_manifest_outlives_a_failure },
        { "missing inputs and outputs are told", missing_inputs_and_outputs_are_told },
        { "options that do not suit the format are refused",
          options_that_do_not_suit_the_format_are_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "imports of bad input", cases);
}
