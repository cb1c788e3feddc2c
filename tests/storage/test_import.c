/* Imports: each public format gives exactly the manifest that was written down for it, in the order
 * of the input, and tells what it skipped. Manifests are read back as a run reads them. */
#include "core/file.h"
#include "storage/import/import.h"
#include "storage/manifest.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUTS_MAX = 2, SKIPS_BYTES = 1024 };

struct sample {
    const char *format, *inputs[INPUTS_MAX], *expected;
    const char *skipped; /* "reason 2; reason 1", in order */
    struct import_options options;
};

static const struct sample samples[] = {
    { "karpathy",
      { "dataset_coco.json" },
      "karpathy.jsonl",
      "text is empty 1; picture without captions 1",
      { 0 } },
    { "karpathy",
      { "dataset_coco.json", "dataset_flickr8k.json" },
      "karpathy_two.jsonl",
      "restval picture, as --restval skip asks 1; text is empty 1; picture without captions 1",
      { .restval = IMPORT_RESTVAL_SKIP } },
    { "coco",
      { "captions_train2017.json", "captions_val2014.json" },
      "coco.jsonl",
      "picture without captions 1; caption of a picture that is not listed 1",
      { 0 } },
    { "spokencoco",
      { "SpokenCOCO_val.json" },
      "spokencoco.jsonl",
      "path is empty or leaves its folder 1",
      { 0 } },
    { "places", { "places_train.json" }, "places.jsonl", "", { 0 } },
    { "flickr8k", { "captions.txt" }, "captions_txt.jsonl", "", { .split = "other" } },
    { "cub",
      { "cub" },
      "cub.jsonl",
      "text is not UTF-8 1; file that is no .txt 1; file that is in no class's folder 1",
      { 0 } },
    { "csv",
      { "table.csv" },
      "csv.jsonl",
      "path is empty or leaves its folder 1; text is empty 1; "
      "caption of a picture that was skipped 1",
      { .language = "ar",
        .columns = { { "image=file", "text=sentence", "speaker=who", "language=lang",
                       "split=part" },
                     5 } } },
    { "tsv", { "table.tsv" }, "tsv.jsonl", "", { 0 } },
    { "jsonl", { "lines.jsonl" }, "jsonl.jsonl", "object without a picture 1", { 0 } },
    { "fairseq", { "train.tsv" }, "fairseq.jsonl", "audio without samples 1", { 0 } },
};

static const char *data(const char *name)
{
    static char paths[8][PATH_BYTES];
    static size_t next;
    char *path = paths[next++ % 8];
    const char *source = getenv("UNITMILL_SOURCE");
    snprintf(path, PATH_BYTES, "%.2000s/tests/data/import/%.200s", source == NULL ? "." : source,
             name);
    return path;
}

static void check_same_file(const char *path, const char *expected)
{
    uint8_t *left = NULL, *right = NULL;
    size_t left_bytes = 0, right_bytes = 0;
    check_status(file_read(&left, &left_bytes, path, 1 << 20), STATUS_OK, NULL);
    check_status(file_read(&right, &right_bytes, expected, 1 << 20), STATUS_OK, NULL);
    const bool is_same = left != NULL && right != NULL && left_bytes == right_bytes &&
                         memcmp(left, right, left_bytes) == 0;
    CU_ASSERT(is_same);
    if (!is_same)
        fprintf(stderr, "not %s but\n%s", expected, left == NULL ? "" : (char *)left);
    free(left);
    free(right);
}

static void check_skipped(const struct skip_tally *tally, const char *expected)
{
    char text[SKIPS_BYTES] = "";
    for (size_t r = 0; r < tally->count; r++) {
        const size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s %zu", r == 0 ? "" : "; ",
                 tally->reasons[r].reason, (size_t)tally->reasons[r].count);
        CU_ASSERT(tally->reasons[r].examples[0][0] != '\0');
    }
    CU_ASSERT_STRING_EQUAL(text, expected);
    if (strcmp(text, expected) != 0)
        fprintf(stderr, "skipped \"%s\", expected \"%s\"\n", text, expected);
}

static enum status import(struct import_summary *summary, const char *format,
                          const struct import_options *given, const char *const *inputs,
                          size_t input_count)
{
    struct import_options options = *given;
    options.inputs = inputs;
    options.input_count = input_count;
    options.out = check_scratch("out.jsonl");
    if (options.language == NULL)
        options.language = "en";
    if (options.memory_bytes == 0)
        options.memory_bytes = 1 << 20;
    return import_run(summary, format, &options);
}

static void import_sample(const struct sample *sample)
{
    const char *inputs[INPUTS_MAX];
    struct import_summary summary;
    struct manifest manifest = { 0 };
    char expected[PATH_BYTES];
    size_t count = 0, rejects = 0;
    for (; count < INPUTS_MAX && sample->inputs[count] != NULL; count++)
        inputs[count] = data(sample->inputs[count]);
    check_status(import(&summary, sample->format, &sample->options, inputs, count), STATUS_OK,
                 NULL);
    snprintf(expected, sizeof expected, "expected/%s", sample->expected);
    check_same_file(check_scratch("out.jsonl"), data(expected));
    check_skipped(&summary.skipped, sample->skipped);

    check_status(manifest_read(&manifest, check_scratch("out.jsonl")), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(manifest.image_count, summary.pictures);
    CU_ASSERT_EQUAL(manifest.caption_count, summary.captions);
    for (size_t c = 0; c < manifest.caption_count; c++)
        rejects += manifest.captions[c].reject != NULL;
    CU_ASSERT_EQUAL(rejects, 0);
    manifest_end(&manifest);
}

static void every_format_gives_its_manifest(void)
{
    for (size_t s = 0; s < sizeof samples / sizeof samples[0]; s++)
        import_sample(&samples[s]);
}

static void split_lists_decide_where_there_are_some(void)
{
    char lists[3][PATH_BYTES + 8];
    snprintf(lists[0], sizeof lists[0], "train=%s", data("Flickr_8k.trainImages.txt"));
    snprintf(lists[1], sizeof lists[1], "val=%s", data("Flickr_8k.devImages.txt"));
    snprintf(lists[2], sizeof lists[2], "test=%s", data("Flickr_8k.testImages.txt"));
    const struct import_options options = {
        .audio = "/audio", .split_lists = { { lists[0], lists[1], lists[2] }, 3 }
    };
    const char *input = data("Flickr8k.token.txt");
    struct import_summary summary;
    check_status(import(&summary, "flickr8k", &options, &input, 1), STATUS_OK, NULL);
    check_same_file(check_scratch("out.jsonl"), data("expected/flickr8k.jsonl"));
    check_skipped(&summary.skipped, "picture is in none of the split lists 1; "
                                    "picture of a split list that has no captions 1");
    CU_ASSERT_EQUAL(summary.recorded, 4);
}

static const char *write_input(const char *text)
{
    const char *path = check_scratch("input.csv");
    FILE *file = fopen(path, "wb");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        CU_FAIL("cannot write the input");
    return path;
}

static void equal_ids_are_told_apart_in_the_order_of_the_input(void)
{
    const char *input = write_input("id,image,text\nx,z.jpg,one\nx,a.jpg,two\n"
                                    "x~2,b.jpg,three\nx,c.jpg,four\n");
    const struct import_options options = { 0 };
    struct import_summary summary;
    struct manifest manifest = { 0 };
    check_status(import(&summary, "csv", &options, &input, 1), STATUS_OK, NULL);
    check_status(manifest_read(&manifest, check_scratch("out.jsonl")), STATUS_OK, NULL);
    static const char *const expected[] = { "x", "x~2", "x_2", "x~3" };
    CU_ASSERT_EQUAL(manifest.image_count, 4);
    for (size_t i = 0; i < 4 && i < manifest.image_count; i++) {
        CU_ASSERT_STRING_EQUAL(manifest.images[i].id, expected[i]);
        CU_ASSERT_PTR_NULL(manifest.images[i].reject);
    }
    manifest_end(&manifest);
}

static void files_that_are_not_there_are_skipped_on_request(void)
{
    char root[PATH_BYTES];
    const char *input = write_input("image,text,audio\nthere.jpg,one,\nmissing.jpg,two,\n"
                                    "there.jpg,three,missing.wav\nthere.jpg,four,there.jpg\n");
    snprintf(root, sizeof root, "%s", check_scratch("files"));
    check_status(folder_make(root), STATUS_OK, NULL);
    check_status(file_write(check_scratch("files/there.jpg"), "x", 1), STATUS_OK, NULL);
    const struct import_options options = { .images = root, .audio = root, .checks_files = true };
    struct import_summary summary;
    struct manifest manifest = { 0 };
    check_status(import(&summary, "csv", &options, &input, 1), STATUS_OK, NULL);
    check_skipped(&summary.skipped, "picture file is not there 1; audio file is not there 1");
    CU_ASSERT(summary.pictures == 1 && summary.captions == 2 && summary.recorded == 1);
    check_status(manifest_read(&manifest, check_scratch("out.jsonl")), STATUS_OK, NULL);
    CU_ASSERT(manifest.image_root != NULL && strstr(manifest.image_root, "/files") != NULL);
    CU_ASSERT(manifest.audio_root != NULL && strstr(manifest.audio_root, "/files") != NULL);
    manifest_end(&manifest);
}

static void absolute_paths_below_the_folder_become_relative(void)
{
    char root[PATH_BYTES], text[3 * PATH_BYTES];
    snprintf(root, sizeof root, "%s", check_scratch("."));
    snprintf(text, sizeof text, "image,text\n%s/a.jpg,one\n/elsewhere/b.jpg,two\n", root);
    const char *input = write_input(text);
    const struct import_options options = { .images = root };
    struct import_summary summary;
    struct manifest manifest = { 0 };
    check_status(import(&summary, "csv", &options, &input, 1), STATUS_OK, NULL);
    check_status(manifest_read(&manifest, check_scratch("out.jsonl")), STATUS_OK, NULL);
    CU_ASSERT(manifest.image_count == 1 && strcmp(manifest.images[0].path, "a.jpg") == 0);
    manifest_end(&manifest);
}

static void columns_without_names_have_numbers(void)
{
    const char *input = write_input("a.jpg,x,Text\nb.jpg,y,More\n");
    const struct import_options options = { .has_no_header = true,
                                            .columns = { { "image=1", "text=3" }, 2 } };
    struct import_summary summary;
    check_status(import(&summary, "csv", &options, &input, 1), STATUS_OK, NULL);
    CU_ASSERT(summary.pictures == 2 && summary.captions == 2);
}

/* One picture with more captions than a line of the manifest holds. */
static void a_record_stays_below_the_limits_of_a_manifest(void)
{
    FILE *file = fopen(check_scratch("input.csv"), "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs("image,text\n", file);
    for (size_t c = 0; c < 10050; c++)
        fprintf(file, "a.jpg,caption %zu\n", c);
    fclose(file);
    const char *input = check_scratch("input.csv");
    const struct import_options options = { 0 };
    struct import_summary summary;
    check_status(import(&summary, "csv", &options, &input, 1), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(summary.captions, 10000);
    check_skipped(&summary.skipped, "more captions of one picture than fit into a record 50");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "every format gives its manifest", every_format_gives_its_manifest },
        { "split lists decide where there are some", split_lists_decide_where_there_are_some },
        { "equal ids are told apart in the order of the input",
          equal_ids_are_told_apart_in_the_order_of_the_input },
        { "files that are not there are skipped on request",
          files_that_are_not_there_are_skipped_on_request },
        { "absolute paths below the folder become relative",
          absolute_paths_below_the_folder_become_relative },
        { "columns without names have numbers", columns_without_names_have_numbers },
        { "a record stays below the limits of a manifest",
          a_record_stays_below_the_limits_of_a_manifest },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "imports", cases);
}
