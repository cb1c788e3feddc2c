/* Manifests: what a good one gives, what makes a record a reject, and what stops the reading, with
 * the number of the line. */
#include "storage/manifest.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *write_bytes(const char *bytes, size_t byte_count)
{
    const char *path = check_scratch("manifest.jsonl");
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, byte_count, file) != byte_count || fclose(file) != 0)
        CU_FAIL("cannot write the manifest");
    return path;
}

static const char *write_text(const char *text)
{
    return write_bytes(text, strlen(text));
}

/* Reads a manifest that is right. */
static void read_good(struct manifest *manifest, const char *text)
{
    check_status(manifest_read(manifest, write_text(text)), STATUS_OK, NULL);
}

/* A manifest that stops the reading at `line`. */
static void check_bad(const char *text, size_t line, const char *what)
{
    struct manifest manifest = { .image_count = 99 };
    char place[64];
    const enum status outcome = manifest_read(&manifest, write_text(text));
    snprintf(place, sizeof place, "manifest.jsonl:%zu: ", line);
    check_status(outcome, STATUS_INVALID, place);
    check_status(outcome, STATUS_INVALID, what);
    CU_ASSERT(manifest.image_count == 0 && manifest.images == NULL && manifest.memory == NULL);
}

#define CAPTION "{\"id\": \"c\", \"text\": \"a star\", \"language\": \"en\"}"
#define GOOD_LINE "{\"id\": \"7\", \"image\": \"7.jpg\", \"captions\": [" CAPTION "]}\n"

static void a_good_manifest_is_read_whole(void)
{
    struct manifest manifest;
    read_good(&manifest,
              "{\"unitmill_manifest\": 1, \"image_root\": \"pictures\"}\n"
              "{\"id\": \"1\", \"image\": \"a/1.jpg\", \"split\": \"val\", \"captions\": ["
              "{\"id\": \"1-0\", \"text\": \"a red star\", \"language\": \"en\", "
              "\"speaker\": \"s1\"}, "
              "{\"id\": \"1-1\", \"text\": \"\xD9\x86\xD8\xAC\xD9\x85\", "
              "\"language\": \"ar\"}]}\r\n"
              "\n  \t\n"
              "{\"captions\": [], \"image\": \"b.jpg\", \"id\": \"2\"}\n"
              "{\"id\": \"3\", \"image\": \"c.jpg\", \"captions\": [" CAPTION "]}");
    CU_ASSERT_EQUAL(manifest.image_count, 3);
    CU_ASSERT_EQUAL(manifest.caption_count, 3);
    const char *name = strrchr(manifest.image_root, '/');
    CU_ASSERT(name != NULL && strcmp(name, "/pictures") == 0);
    CU_ASSERT_STRING_EQUAL(manifest.images[0].id, "1");
    CU_ASSERT_STRING_EQUAL(manifest.images[0].path, "a/1.jpg");
    CU_ASSERT_STRING_EQUAL(manifest.images[0].split, "val");
    CU_ASSERT(manifest.images[0].first_caption == 0 && manifest.images[0].caption_count == 2);
    CU_ASSERT(manifest.images[1].first_caption == 2 && manifest.images[1].caption_count == 0);
    CU_ASSERT_STRING_EQUAL(manifest.images[1].split, "train");
    CU_ASSERT(manifest.images[2].first_caption == 2 && manifest.images[2].caption_count == 1);
    CU_ASSERT_STRING_EQUAL(manifest.captions[0].speaker, "s1");
    CU_ASSERT_PTR_NULL(manifest.captions[1].speaker);
    CU_ASSERT_STRING_EQUAL(manifest.captions[1].text, "\xD9\x86\xD8\xAC\xD9\x85");
    CU_ASSERT_STRING_EQUAL(manifest.captions[1].language, "ar");
    CU_ASSERT(manifest.captions[0].image == 0 && manifest.captions[2].image == 2);
    for (size_t c = 0; c < manifest.caption_count; c++)
        CU_ASSERT_PTR_NULL(manifest.captions[c].reject);
    manifest_end(&manifest);
}

static void without_a_header_the_root_is_the_manifests_folder(void)
{
    struct manifest manifest;
    char expected[600];
    read_good(&manifest, GOOD_LINE);
    snprintf(expected, sizeof expected, "%s", check_scratch("."));
    CU_ASSERT_STRING_EQUAL(manifest.image_root, expected);
    CU_ASSERT_STRING_EQUAL(manifest.images[0].split, "train");
    manifest_end(&manifest);
    read_good(&manifest, "{\"unitmill_manifest\": 1, \"image_root\": \"/data\"}\n" GOOD_LINE);
    CU_ASSERT_STRING_EQUAL(manifest.image_root, "/data");
    manifest_end(&manifest);
}

static void check_reject(const char *reject, const char *fragment)
{
    CU_ASSERT_PTR_NOT_NULL(reject);
    CU_ASSERT(reject != NULL && strstr(reject, fragment) != NULL);
}

static void a_picture_id_used_before_rejects_the_later_picture(void)
{
    struct manifest manifest;
    read_good(&manifest, "{\"id\": \"7\", \"image\": \"a\", \"captions\": []}\n"
                         "{\"id\": \"8\", \"image\": \"b\", \"captions\": []}\n"
                         "{\"id\": \"7\", \"image\": \"c\", \"captions\": []}\n");
    CU_ASSERT_EQUAL(manifest.image_count, 3);
    CU_ASSERT_PTR_NULL(manifest.images[0].reject);
    CU_ASSERT_PTR_NULL(manifest.images[1].reject);
    check_reject(manifest.images[2].reject, "line 3");
    check_reject(manifest.images[2].reject, "record 0");
    manifest_end(&manifest);
}

static void a_caption_id_used_before_rejects_the_later_caption(void)
{
    struct manifest manifest;
    read_good(&manifest,
              "{\"id\": \"1\", \"image\": \"a\", \"captions\": [" CAPTION ", " CAPTION "]}\n"
              "{\"id\": \"c\", \"image\": \"b\", \"captions\": [" CAPTION "]}\n");
    CU_ASSERT_PTR_NULL(manifest.captions[0].reject);
    check_reject(manifest.captions[1].reject, "line 1");
    check_reject(manifest.captions[2].reject, "line 2");
    CU_ASSERT_PTR_NULL(manifest.images[1].reject); /* a picture may be called like a caption */
    manifest_end(&manifest);
}

static void a_path_that_leaves_the_root_is_a_reject(void)
{
    static const char *const paths[] = { "/etc/passwd", "../a.jpg", "a/../../b.jpg", "." };
    for (size_t p = 0; p < sizeof paths / sizeof paths[0]; p++) {
        struct manifest manifest;
        char text[256];
        snprintf(text, sizeof text,
                 "{\"id\": \"1\", \"image\": \"%s\", \"captions\": [" CAPTION "]}\n", paths[p]);
        read_good(&manifest, text);
        check_reject(manifest.images[0].reject, "leaves the image root");
        CU_ASSERT_PTR_NULL(manifest.captions[0].reject);
        manifest_end(&manifest);
    }
}

static void text_that_is_not_utf8_rejects_its_caption_only(void)
{
    struct manifest manifest;
    read_good(
        &manifest,
        "{\"id\": \"1\", \"image\": \"a\", \"captions\": ["
        "{\"id\": \"a\", \"text\": \"good\", \"language\": \"en\"}, "
        "{\"id\": \"b\", \"text\": \"caf\xE9\", \"language\": \"en\"}, "
        "{\"id\": \"c\", \"text\": \"\xED\xA0\x80\", \"language\": \"en\"}, "
        "{\"id\": \"d\", \"text\": \"d\xC3\xA9j\xC3\xA0\", \"language\": \"en\"}]}\n" GOOD_LINE
        "{\"id\": \"9\", \"image\": \"b\", \"captions\": ["
        "{\"id\": \"e\", \"text\": \"kept \xEF\xBF\xBD\", \"language\": \"en\"}]}\n");
    CU_ASSERT_PTR_NULL(manifest.captions[0].reject);
    check_reject(manifest.captions[1].reject, "not UTF-8");
    check_reject(manifest.captions[2].reject, "not UTF-8");
    CU_ASSERT_PTR_NULL(manifest.captions[3].reject);
    CU_ASSERT_PTR_NULL(manifest.captions[5].reject); /* the mark itself, in a line without fault */
    CU_ASSERT_PTR_NULL(manifest.images[0].reject);
    manifest_end(&manifest);
}

static void a_zero_character_in_a_text_rejects_the_caption(void)
{
    struct manifest manifest;
    read_good(&manifest, "{\"id\": \"1\", \"image\": \"a\", \"captions\": ["
                         "{\"id\": \"a\", \"text\": \"go\\u0000od\", \"language\": \"en\"}, "
                         "{\"id\": \"b\", \"text\": \"\", \"language\": \"en\"}, "
                         "{\"id\": \"c\", \"text\": \"a\\nb\", \"language\": \"en\"}]}\n");
    check_reject(manifest.captions[0].reject, "zero character");
    CU_ASSERT_PTR_NULL(manifest.captions[1].reject); /* empty: speak says so */
    CU_ASSERT_STRING_EQUAL(manifest.captions[2].text, "a\nb");
    manifest_end(&manifest);
}

static void recorded_captions_name_their_audio(void)
{
    struct manifest manifest;
    read_good(
        &manifest,
        "{\"unitmill_manifest\": 1, \"audio_root\": \"wavs\"}\n"
        "{\"id\": \"1\", \"image\": \"a\", \"captions\": ["
        "{\"id\": \"a\", \"text\": \"\", \"language\": \"en\", \"audio\": \"x/1.wav\"}, "
        "{\"id\": \"b\", \"text\": \"b\", \"language\": \"en\", \"audio\": \"../1.wav\"}, " CAPTION
        "]}\n"
        "{\"id\": \"2\", \"captions\": ["
        "{\"id\": \"d\", \"text\": \"\", \"language\": \"en\", \"audio\": \"2.wav\"}]}\n");
    CU_ASSERT(strstr(manifest.audio_root, "/wavs") != NULL);
    CU_ASSERT_STRING_EQUAL(manifest.captions[0].audio, "x/1.wav");
    CU_ASSERT_PTR_NULL(manifest.captions[0].reject);
    check_reject(manifest.captions[1].reject, "leaves the audio root");
    CU_ASSERT_PTR_NULL(manifest.captions[2].audio);
    CU_ASSERT_STRING_EQUAL(manifest.images[1].path, "");
    check_reject(manifest.images[1].reject, "no picture");
    CU_ASSERT_PTR_NULL(manifest.captions[3].reject);
    manifest_end(&manifest);
    read_good(&manifest, GOOD_LINE);
    char expected[600];
    snprintf(expected, sizeof expected, "%s", check_scratch("."));
    CU_ASSERT_STRING_EQUAL(manifest.audio_root, expected);
    manifest_end(&manifest);
}

static void audio_that_is_no_name(void)
{
    check_bad("{\"id\": \"1\", \"image\": \"a\", \"captions\": [{\"id\": \"c\", \"text\": \"t\", "
              "\"language\": \"en\", \"audio\": 5}]}\n",
              1, "\"audio\" is not a text");
    check_bad("{\"id\": \"1\", \"image\": \"a\", \"captions\": [{\"id\": \"c\", \"text\": \"t\", "
              "\"language\": \"en\", \"audio\": \"\"}]}\n",
              1, "\"audio\" has 0 bytes");
    check_bad("{\"unitmill_manifest\": 1, \"audio_root\": 5}\n" GOOD_LINE, 1, "\"audio_root\"");
    check_bad(GOOD_LINE "{\"id\": \"1\", \"captions\": [" CAPTION "]}\n", 2,
              "\"image\" is missing"); /* a spoken caption needs a picture */
}

static void keys_that_are_missing_or_of_another_type(void)
{
    check_bad("{\"image\": \"a\", \"captions\": []}\n", 1, "\"id\" is missing");
    check_bad(GOOD_LINE "{\"id\": \"1\", \"captions\": []}\n", 2, "\"image\" is missing");
    check_bad(GOOD_LINE "\n{\"id\": \"1\", \"image\": \"a\"}\n", 3, "\"captions\"");
    check_bad("{\"id\": 1, \"image\": \"a\", \"captions\": []}\n", 1, "\"id\" is not a text");
    check_bad("{\"id\": null, \"image\": \"a\", \"captions\": []}\n", 1, "\"id\" is not a text");
    check_bad("{\"id\": \"1\", \"image\": [], \"captions\": []}\n", 1, "\"image\" is not a text");
    check_bad("{\"id\": \"1\", \"image\": \"a\", \"captions\": {}}\n", 1, "\"captions\"");
    check_bad("{\"id\": \"1\", \"image\": \"a\", \"captions\": [5]}\n", 1, "not an object");
    check_bad("{\"id\": \"1\", \"image\": \"a\", \"split\": 5, \"captions\": []}\n", 1,
              "\"split\"");
    check_bad("{\"id\": \"1\", \"image\": \"a\", \"captions\": [{\"id\": \"c\", "
              "\"language\": \"en\"}]}\n",
              1, "\"text\" is missing");
    check_bad(
        "{\"id\": \"1\", \"image\": \"a\", \"captions\": [{\"id\": \"c\", \"text\": \"t\"}]}\n", 1,
        "\"language\" is missing");
    check_bad("{\"id\": \"1\", \"image\": \"a\", \"captions\": [{\"id\": \"c\", \"text\": 5, "
              "\"language\": \"en\"}]}\n",
              1, "\"text\" is not a text");
}

static void keys_that_nobody_knows(void)
{
    check_bad("{\"id\": \"1\", \"image\": \"a\", \"captions\": [], \"splitt\": \"val\"}\n", 1,
              "unknown key \"splitt\"");
    check_bad("{\"id\": \"1\", \"image\": \"a\", \"captions\": [{\"id\": \"c\", \"text\": \"t\", "
              "\"language\": \"en\", \"lang\": \"en\"}]}\n",
              1, "unknown key \"lang\"");
    check_bad("{\"unitmill_manifest\": 1, \"root\": \".\"}\n" GOOD_LINE, 1, "unknown key \"root\"");
}

static void names_that_are_empty_long_or_hold_control_characters(void)
{
    char text[2000], id[300];
    memset(id, 'i', 257);
    id[257] = '\0';
    check_bad("{\"id\": \"\", \"image\": \"a\", \"captions\": []}\n", 1, "\"id\" has 0 bytes");
    snprintf(text, sizeof text, "{\"id\": \"%s\", \"image\": \"a\", \"captions\": []}\n", id);
    check_bad(text, 1, "\"id\" has 257 bytes");
    check_bad("{\"id\": \"a\\u0000b\", \"image\": \"a\", \"captions\": []}\n", 1, "control");
    check_bad("{\"id\": \"a\\nb\", \"image\": \"a\", \"captions\": []}\n", 1, "control");
    check_bad("{\"id\": \"1\", \"image\": \"\", \"captions\": []}\n", 1, "\"image\" has 0 bytes");
    check_bad("{\"id\": \"1\", \"image\": \"a\\u001bb\", \"captions\": []}\n", 1, "control");
    check_bad("{\"id\": \"1\", \"image\": \"a\", \"split\": \"\", \"captions\": []}\n", 1,
              "\"split\" has 0 bytes");
    check_bad("{\"unitmill_manifest\": 1, \"image_root\": \"\"}\n" GOOD_LINE, 1, "\"image_root\"");
    check_bad("{\"unitmill_manifest\": 1, \"image_root\": \"a\\u0000b\"}\n" GOOD_LINE, 1,
              "control");
}

static void headers_that_are_wrong(void)
{
    check_bad("{\"unitmill_manifest\": 2}\n" GOOD_LINE, 1, "is not 1");
    check_bad("{\"unitmill_manifest\": \"1\"}\n" GOOD_LINE, 1, "is not 1");
    check_bad("{\"unitmill_manifest\": 1.0}\n" GOOD_LINE, 1, "is not 1");
    check_bad(GOOD_LINE "{\"unitmill_manifest\": 1}\n", 2, "first line only");
    check_bad("{\"unitmill_manifest\": 1, \"image_root\": 5}\n" GOOD_LINE, 1, "\"image_root\"");
}

static void lines_that_are_no_json_object(void)
{
    check_bad("hello\n", 1, "not JSON");
    check_bad(GOOD_LINE GOOD_LINE "{\"id\": \"1\"\n", 3, "not JSON");
    check_bad("[1]\n", 1, "not a JSON object");
    check_bad("5\n", 1, "not");
    check_bad("{\"id\": \"1\", \"id\": \"2\", \"image\": \"a\", \"captions\": []}\n", 1, "id");
    check_bad("{} {}\n", 1, "not JSON");
    check_bad("{\"id\": \"1\", \"image\": \"a\", \"captions\": [], }\n", 1, "not JSON");
    check_bad("{\"id\": \"\\ud800\", \"image\": \"a\", \"captions\": []}\n", 1, "not JSON");
    char nest[6000];
    memset(nest, '[', sizeof nest);
    nest[sizeof nest - 1] = '\0';
    check_bad(nest, 1, "not JSON");
}

static void a_manifest_without_pictures_is_refused(void)
{
    struct manifest manifest;
    static const char *const texts[] = { "", "\n\n", "{\"unitmill_manifest\": 1}\n" };
    for (size_t t = 0; t < 3; t++)
        check_status(manifest_read(&manifest, write_text(texts[t])), STATUS_INVALID,
                     "manifest.jsonl: no pictures");
}

static void a_zero_byte_in_the_file_is_told_with_its_line(void)
{
    struct manifest manifest;
    static const char bytes[] = GOOD_LINE "{\"id\": \"1\"\0, \"image\": \"a\", \"captions\": []}\n";
    check_status(manifest_read(&manifest, write_bytes(bytes, sizeof bytes - 1)), STATUS_INVALID,
                 "manifest.jsonl:2: ");
}

static void a_line_may_be_long_but_not_endless(void)
{
    struct manifest manifest;
    const size_t long_bytes = 3 << 20;
    char *text = malloc(long_bytes + 200);
    strcpy(text, "{\"id\": \"1\", \"image\": \"a\", \"captions\": [{\"id\": \"c\", \"text\": \"");
    const size_t used = strlen(text);
    memset(text + used, 'x', long_bytes);
    strcpy(text + used + long_bytes, "\", \"language\": \"en\"}]}\n");
    read_good(&manifest, text);
    CU_ASSERT(manifest.caption_count == 1 && strlen(manifest.captions[0].text) == long_bytes);
    manifest_end(&manifest);
    free(text);

    const char *path = write_text(GOOD_LINE);
    FILE *file = fopen(path, "r+b"); /* a hole of a gibibyte without a line feed */
    fseek(file, 1L << 30, SEEK_SET);
    fputc('\n', file);
    fclose(file);
    check_status(manifest_read(&manifest, path), STATUS_INVALID,
                 "manifest.jsonl:2: a line of more");
}

static void what_is_no_file_is_refused_at_once(void)
{
    struct manifest manifest;
    mkdir(check_scratch("folder"), 0700);
    mkfifo(check_scratch("pipe"), 0600);
    check_status(manifest_read(&manifest, check_scratch("absent")), STATUS_NOT_FOUND, "absent");
    check_status(manifest_read(&manifest, check_scratch("folder")), STATUS_INVALID, "folder");
    check_status(manifest_read(&manifest, check_scratch("pipe")), STATUS_INVALID, "pipe");
}

static void many_records_keep_their_numbers(void)
{
    enum { COUNT = 5000 };
    struct manifest manifest;
    char *text = NULL;
    size_t bytes = 0, wrong = 0;
    FILE *stream = open_memstream(&text, &bytes);
    for (int i = 0; i < COUNT; i++)
        fprintf(
            stream,
            "{\"id\": \"%d\", \"image\": \"%d.jpg\", \"captions\": [{\"id\": \"%d-0\", \"text\": "
            "\"t%d\", \"language\": \"l%d\"}]}\n",
            i % 4999, i, i, i, i % 100);
    fclose(stream);
    read_good(&manifest, text);
    CU_ASSERT_EQUAL(manifest.image_count, COUNT);
    for (size_t i = 0; i < manifest.image_count; i++) {
        char id[32], language[32];
        snprintf(id, sizeof id, "%zu-0", i);
        snprintf(language, sizeof language, "l%zu", i % 100);
        wrong += strcmp(manifest.captions[i].id, id) != 0 || manifest.captions[i].image != i ||
                 strcmp(manifest.captions[i].language, language) != 0 ||
                 (manifest.images[i].reject != NULL) != (i == 4999);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    manifest_end(&manifest);
    free(text);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "a good manifest", a_good_manifest_is_read_whole },
        { "without a header", without_a_header_the_root_is_the_manifests_folder },
        { "a picture id used before", a_picture_id_used_before_rejects_the_later_picture },
        { "a caption id used before", a_caption_id_used_before_rejects_the_later_caption },
        { "a path that leaves the root", a_path_that_leaves_the_root_is_a_reject },
        { "text that is not UTF-8", text_that_is_not_utf8_rejects_its_caption_only },
        { "a zero character in a text", a_zero_character_in_a_text_rejects_the_caption },
        { "recorded captions name their audio", recorded_captions_name_their_audio },
        { "audio that is no name", audio_that_is_no_name },
        { "missing keys, other types", keys_that_are_missing_or_of_another_type },
        { "unknown keys", keys_that_nobody_knows },
        { "bad names", names_that_are_empty_long_or_hold_control_characters },
        { "bad headers", headers_that_are_wrong },
        { "no JSON object", lines_that_are_no_json_object },
        { "no pictures", a_manifest_without_pictures_is_refused },
        { "a zero byte in the file", a_zero_byte_in_the_file_is_told_with_its_line },
        { "long and endless lines", a_line_may_be_long_but_not_endless },
        { "what is no file", what_is_no_file_is_refused_at_once },
        { "many records", many_records_keep_their_numbers },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "manifest", cases);
}
