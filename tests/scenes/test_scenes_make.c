/* The data set on disk: what is in it agrees, it comes out the same twice, and nothing of others is
 * touched. */
#include "core/file.h"
#include "stages/scenes/scenes.h"
#include "storage/jpeg_image.h"
#include "storage/manifest.h"
#include "tests/support/check.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PICTURES = 40, FILE_BYTES_MAX = 1 << 22 };

static struct scenes_options options_for(const char *out)
{
    return (struct scenes_options){ .out = out, .count = PICTURES, .seed = 5 };
}

static bool is_same_file(const char *a, const char *b)
{
    uint8_t *left = NULL, *right = NULL;
    size_t left_bytes = 0, right_bytes = 0;
    const bool is_read = file_read(&left, &left_bytes, a, FILE_BYTES_MAX) == STATUS_OK &&
                         file_read(&right, &right_bytes, b, FILE_BYTES_MAX) == STATUS_OK;
    const bool is_same =
        is_read && left_bytes == right_bytes && memcmp(left, right, left_bytes) == 0;
    free(left);
    free(right);
    return is_same;
}

/* Path of one file of the data set; valid for two further calls. */
static const char *inside(const char *folder, const char *name)
{
    static char paths[3][PATH_BYTES];
    static size_t next;
    char *path = paths[next++ % 3];
    check_status(path_join(path, folder, name), STATUS_OK, NULL);
    return path;
}

static void count_ticks(void *payload, size_t done, size_t total)
{
    size_t *ticks = payload;
    CU_ASSERT_EQUAL(done, *ticks + 1);
    CU_ASSERT_EQUAL(total, PICTURES);
    (*ticks)++;
}

static void the_same_options_give_the_same_bytes(void)
{
    const char *first = check_scratch("first"), *again = check_scratch("deep/er/again");
    size_t ticks = 0;
    struct scenes_options options = options_for(first);
    options.tick = count_ticks;
    options.payload = &ticks;
    check_status(scenes_make(&options), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(ticks, PICTURES);
    options = options_for(again);
    check_status(scenes_make(&options), STATUS_OK, NULL);
    check_status(scenes_make(&options), STATUS_OK, NULL);

    CU_ASSERT_TRUE(is_same_file(inside(first, "manifest.jsonl"), inside(again, "manifest.jsonl")));
    CU_ASSERT_TRUE(
        is_same_file(inside(first, "ground_truth.jsonl"), inside(again, "ground_truth.jsonl")));
    for (int n = 1; n <= PICTURES; n++) {
        char name[32];
        snprintf(name, sizeof name, "images/%06d.jpg", n);
        CU_ASSERT_TRUE(is_same_file(inside(first, name), inside(again, name)));
    }
    CU_ASSERT_FALSE(file_exists(inside(again, "manifest.jsonl.partial")));
}

/* The next line of the file as JSON; NULL at its end. */
static json_t *next_line(FILE *file)
{
    static char line[1 << 16];
    if (fgets(line, sizeof line, file) == NULL)
        return NULL;
    return json_loads(line, JSON_REJECT_DUPLICATES, NULL);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "(none)" : text;
}

static void check_picture(const char *folder, const json_t *truth)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    struct rgb_image image = { 0 };
    const char *path = inside(folder, text_of(truth, "image"));
    check_status(file_read(&bytes, &byte_count, path, FILE_BYTES_MAX), STATUS_OK, NULL);
    check_status(jpeg_image_decode(&image, bytes, byte_count, NULL, path), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(image.width, json_integer_value(json_object_get(truth, "width")));
    CU_ASSERT_EQUAL(image.height, json_integer_value(json_object_get(truth, "height")));
    rgb_image_end(&image);
    free(bytes);
}

static void manifest_pictures_and_truth_agree(void)
{
    const char *out = check_scratch("agreeing");
    const struct scenes_options options = options_for(out);
    struct manifest manifest = { 0 };
    check_status(scenes_make(&options), STATUS_OK, NULL);
    check_status(manifest_read(&manifest, inside(out, "manifest.jsonl")), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(manifest.image_count, PICTURES);
    CU_ASSERT_EQUAL(manifest.caption_count, 10 * PICTURES);

    FILE *file = fopen(inside(out, "ground_truth.jsonl"), "r");
    for (size_t i = 0; i < manifest.image_count; i++) {
        const struct manifest_image *image = &manifest.images[i];
        json_t *truth = next_line(file);
        CU_ASSERT_PTR_NOT_NULL(truth);
        CU_ASSERT_PTR_NULL(image->reject);
        CU_ASSERT_STRING_EQUAL(text_of(truth, "id"), image->id);
        CU_ASSERT_STRING_EQUAL(text_of(truth, "image"), image->path);
        CU_ASSERT_STRING_EQUAL(text_of(truth, "split"), image->split);
        CU_ASSERT(json_array_size(json_object_get(truth, "objects")) >= 1);
        check_picture(out, truth);
        json_decref(truth);
    }
    CU_ASSERT_PTR_NULL(next_line(file));
    fclose(file);
    for (size_t c = 0; c < manifest.caption_count; c++) {
        CU_ASSERT_PTR_NULL(manifest.captions[c].reject);
        CU_ASSERT_STRING_EQUAL(manifest.captions[c].language, c % 10 < 5 ? "en" : "ar");
    }
    manifest_end(&manifest);
}

static void a_picture_is_the_same_in_a_smaller_set(void)
{
    const char *small = check_scratch("small"), *large = check_scratch("large");
    struct scenes_options options = options_for(large);
    check_status(scenes_make(&options), STATUS_OK, NULL);
    options = options_for(small);
    options.count = 3;
    check_status(scenes_make(&options), STATUS_OK, NULL);
    CU_ASSERT_TRUE(
        is_same_file(inside(small, "images/000003.jpg"), inside(large, "images/000003.jpg")));
}

/* Of the pictures one split, of the captions English ones of places. */
static void a_choice_keeps_names_and_words(void)
{
    const char *whole = check_scratch("all"), *out = check_scratch("chosen");
    struct scenes_options options = options_for(whole);
    struct manifest all = { 0 }, chosen = { 0 };
    check_status(scenes_make(&options), STATUS_OK, NULL);
    options = options_for(out);
    options.split = "train";
    options.chosen = (struct scene_caption_choice){ .language = "en", .form = "places" };
    check_status(scenes_make(&options), STATUS_OK, NULL);
    check_status(manifest_read(&all, inside(whole, "manifest.jsonl")), STATUS_OK, NULL);
    check_status(manifest_read(&chosen, inside(out, "manifest.jsonl")), STATUS_OK, NULL);
    CU_ASSERT(chosen.image_count > 0 && chosen.image_count < PICTURES);
    CU_ASSERT_EQUAL(chosen.caption_count, chosen.image_count);
    for (size_t c = 0, i = 0; c < chosen.caption_count; c++) {
        const struct manifest_caption *caption = &chosen.captions[c];
        while (i < all.caption_count && strcmp(all.captions[i].id, caption->id) != 0)
            i++;
        CU_ASSERT_FATAL(i < all.caption_count);
        CU_ASSERT_STRING_EQUAL(caption->text, all.captions[i].text);
        CU_ASSERT_STRING_EQUAL(chosen.images[c].split, "train");
        CU_ASSERT_TRUE(file_exists(inside(out, chosen.images[c].path)));
        CU_ASSERT_TRUE(
            is_same_file(inside(out, chosen.images[c].path), inside(whole, chosen.images[c].path)));
    }
    manifest_end(&all);
    manifest_end(&chosen);
}

/* Wording 3 of places begins with one: "On the left there is a red star." */
static void a_wording_is_kept_to(void)
{
    struct scenes_options options = options_for(check_scratch("worded"));
    struct manifest manifest = { 0 };
    options.chosen = (struct scene_caption_choice){
        .language = "en", .form = "places", .groups = 1, .wording = 3
    };
    options.count = 12; /* drawing takes its time */
    check_status(scenes_make(&options), STATUS_OK, NULL);
    check_status(manifest_read(&manifest, inside(options.out, "manifest.jsonl")), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(manifest.caption_count, options.count);
    for (size_t c = 0; c < manifest.caption_count; c++) {
        const char *text = manifest.captions[c].text;
        CU_ASSERT(strncmp(text, "At the ", 7) == 0 || strncmp(text, "On the ", 7) == 0 ||
                  strncmp(text, "In the ", 7) == 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, " there "));
    }
    manifest_end(&manifest);
}

/* "On the left there is a star.", and "على اليسار نجمة." One in each language, if any. */
static void captions_tell_of_things_alone(void)
{
    struct scenes_options options = options_for(check_scratch("things"));
    struct manifest manifest = { 0 };
    options.chosen = (struct scene_caption_choice){ .form = "things" };
    options.count = 12; /* drawing takes its time */
    check_status(scenes_make(&options), STATUS_OK, NULL);
    check_status(manifest_read(&manifest, inside(options.out, "manifest.jsonl")), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(manifest.image_count, options.count);
    CU_ASSERT(manifest.caption_count > 0 && manifest.caption_count < 2 * options.count);
    for (size_t c = 0; c < manifest.caption_count; c += 2) {
        const char *text = manifest.captions[c].text, *thing = strstr(text, " there is a");
        CU_ASSERT_PTR_NOT_NULL_FATAL(thing);
        CU_ASSERT_STRING_EQUAL(manifest.captions[c].language, "en");
        CU_ASSERT_STRING_EQUAL(manifest.captions[c + 1].language, "ar");
        CU_ASSERT_EQUAL(manifest.captions[c].image, manifest.captions[c + 1].image);
    }
    manifest_end(&manifest);
}

static void a_number_of_captions_is_kept_in_each_language(void)
{
    struct scenes_options options = options_for(check_scratch("two_of_each"));
    struct manifest manifest = { 0 };
    options.chosen.count = 2;
    check_status(scenes_make(&options), STATUS_OK, NULL);
    check_status(manifest_read(&manifest, inside(options.out, "manifest.jsonl")), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(manifest.caption_count, 4 * PICTURES);
    for (size_t c = 0; c < manifest.caption_count; c++)
        CU_ASSERT_STRING_EQUAL(manifest.captions[c].language, c % 4 < 2 ? "en" : "ar");
    manifest_end(&manifest);
}

static void what_others_put_there_is_left_alone(void)
{
    const char *taken = check_scratch("taken");
    struct scenes_options options = options_for(taken);
    check_status(folder_make(taken), STATUS_OK, NULL);
    check_status(file_write(inside(taken, "thesis.tex"), "x", 1), STATUS_OK, NULL);
    check_status(scenes_make(&options), STATUS_INVALID, "thesis.tex");
    CU_ASSERT_FALSE(file_exists(inside(taken, "images")));

    const char *photos = check_scratch("photos/images");
    options.out = check_scratch("photos");
    check_status(folder_make(photos), STATUS_OK, NULL);
    const char *not_ours[] = { "holiday.jpg", "000041.jpg", "000000.jpg", "0000001.jpg",
                               "000001.png" };
    for (size_t i = 0; i < sizeof not_ours / sizeof not_ours[0]; i++) {
        check_status(file_write(inside(photos, not_ours[i]), "x", 1), STATUS_OK, NULL);
        check_status(scenes_make(&options), STATUS_INVALID, not_ours[i]);
        unlink(inside(photos, not_ours[i]));
    }
    check_status(scenes_make(&options), STATUS_OK, NULL);
}

static void another_seed_or_count_does_not_overwrite(void)
{
    const char *out = check_scratch("settled"), *copy = check_scratch("copy");
    struct scenes_options options = options_for(copy);
    check_status(scenes_make(&options), STATUS_OK, NULL);
    options.out = out;
    check_status(scenes_make(&options), STATUS_OK, NULL);
    options.seed++;
    check_status(scenes_make(&options), STATUS_INVALID, "another data set");
    options.seed--;
    options.count++;
    check_status(scenes_make(&options), STATUS_INVALID, "another data set");
    CU_ASSERT_TRUE(is_same_file(inside(out, "manifest.jsonl"), inside(copy, "manifest.jsonl")));
    CU_ASSERT_TRUE(
        is_same_file(inside(out, "images/000001.jpg"), inside(copy, "images/000001.jpg")));
    CU_ASSERT_FALSE(file_exists(inside(out, "manifest.jsonl.partial")));
    CU_ASSERT_FALSE(file_exists(inside(out, "ground_truth.jsonl.partial")));
}

/* Stops half-way as an interrupted run does: pictures are there, one is partial, no manifest. */
static void an_interrupted_run_is_completed(void)
{
    const char *out = check_scratch("interrupted"), *whole = check_scratch("whole");
    struct scenes_options options = options_for(whole);
    check_status(scenes_make(&options), STATUS_OK, NULL);
    options.out = out;
    check_status(scenes_make(&options), STATUS_OK, NULL);
    unlink(inside(out, "manifest.jsonl"));
    unlink(inside(out, "images/000007.jpg"));
    check_status(file_write(inside(out, "images/000008.jpg"), "cut", 3), STATUS_OK, NULL);
    check_status(file_write(inside(out, "images/000009.jpg.partial"), "cut", 3), STATUS_OK, NULL);
    check_status(file_write(inside(out, "manifest.jsonl.partial"), "cut", 3), STATUS_OK, NULL);
    check_status(scenes_make(&options), STATUS_OK, NULL);
    for (int n = 7; n <= 9; n++) {
        char name[32];
        snprintf(name, sizeof name, "images/%06d.jpg", n);
        CU_ASSERT_TRUE(is_same_file(inside(out, name), inside(whole, name)));
    }
    CU_ASSERT_TRUE(is_same_file(inside(out, "manifest.jsonl"), inside(whole, "manifest.jsonl")));
    CU_ASSERT_FALSE(file_exists(inside(out, "images/000009.jpg.partial")));
}

static void bad_options_are_refused(void)
{
    struct scenes_options options = options_for("");
    check_status(scenes_make(&options), STATUS_INVALID, "no folder");
    options = options_for(check_scratch("none"));
    options.count = 0;
    check_status(scenes_make(&options), STATUS_INVALID, "0 pictures");
    options.count = SCENES_COUNT_MAX + 1u;
    check_status(scenes_make(&options), STATUS_INVALID, "1000000 pictures");
    options.count = 1;
    options.split = "dev";
    check_status(scenes_make(&options), STATUS_INVALID, "dev: the splits");
    options.split = NULL;
    options.chosen.language = "fr";
    check_status(scenes_make(&options), STATUS_INVALID, "fr: there are captions");
    options.chosen = (struct scene_caption_choice){ .wording = 6 };
    check_status(scenes_make(&options), STATUS_INVALID, "wording 6");
    options.chosen = (struct scene_caption_choice){ .form = "lists" };
    check_status(scenes_make(&options), STATUS_INVALID, "lists: captions have");
    CU_ASSERT_FALSE(file_exists(options.out));
    const char *file = check_scratch("a_file");
    check_status(file_write(file, "x", 1), STATUS_OK, NULL);
    options = options_for(file);
    CU_ASSERT_NOT_EQUAL(scenes_make(&options), STATUS_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(status_text(), "a_file"));
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the same options give the same bytes", the_same_options_give_the_same_bytes },
        { "manifest, pictures and truth agree", manifest_pictures_and_truth_agree },
        { "a picture is the same in a smaller set", a_picture_is_the_same_in_a_smaller_set },
        { "a choice keeps names and words", a_choice_keeps_names_and_words },
        { "a wording is kept to", a_wording_is_kept_to },
        { "captions tell of things alone", captions_tell_of_things_alone },
        { "a number of captions is kept in each language",
          a_number_of_captions_is_kept_in_each_language },
        { "what others put there is left alone", what_others_put_there_is_left_alone },
        { "another seed or count does not overwrite", another_seed_or_count_does_not_overwrite },
        { "an interrupted run is completed", an_interrupted_run_is_completed },
        { "bad options are refused", bad_options_are_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "scenes_make", cases);
}
