/* Digests against known answers: what `xxhsum -H128` (xxHash 0.8.1) prints for the same bytes. */
#include "core/digest.h"
#include "core/file.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *bytes;
    const char *digest;
} known[] = {
    { "", "99aa06d3014798d86001c324468d497f" },
    { "abc", "06b05ab6733a618578af5f94892f3950" },
    { "unitmill", "89fbdd7dceed4641ceb8de32aa8fffe6" },
};
static const char of_1000_zeros[] = "3fb94aea6d09b97224c1ea6074dd588c";
static const char of_lines_1_to_100000[] = "a6bb1ae3f57b6a512881c59907229fa4"; /* 588,895 bytes */

static void known_answers(void)
{
    char text[DIGEST_TEXT_BYTES];
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        digest_of(text, known[k].bytes, strlen(known[k].bytes));
        CU_ASSERT_STRING_EQUAL(text, known[k].digest);
    }
    const char zeros[1000] = { 0 };
    digest_of(text, zeros, sizeof zeros);
    CU_ASSERT_STRING_EQUAL(text, of_1000_zeros);
}

static void how_the_bytes_are_cut_does_not_matter(void)
{
    const char zeros[1000] = { 0 };
    for (size_t piece = 1; piece < 400; piece += 57) {
        char text[DIGEST_TEXT_BYTES];
        struct digest *digest = digest_begin();
        for (size_t at = 0; at < sizeof zeros; at += piece)
            digest_add(digest, zeros + at, piece < sizeof zeros - at ? piece : sizeof zeros - at);
        digest_add(digest, NULL, 0);
        digest_end(text, digest);
        CU_ASSERT_STRING_EQUAL(text, of_1000_zeros);
    }
}

static void a_file_has_the_digest_of_its_bytes(void)
{
    char text[DIGEST_TEXT_BYTES];
    const char *path = check_scratch("lines");
    FILE *file = fopen(path, "w");
    for (int line = 1; line <= 100000; line++)
        fprintf(file, "%d\n", line);
    fclose(file);
    check_status(digest_file(text, path), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(text, of_lines_1_to_100000);

    fclose(fopen(check_scratch("empty"), "w"));
    check_status(digest_file(text, check_scratch("empty")), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(text, known[0].digest);
}

static void what_is_no_file_has_none_and_does_not_block(void)
{
    char text[DIGEST_TEXT_BYTES] = "old";
    check_status(digest_file(text, check_scratch("absent")), STATUS_NOT_FOUND, "absent");
    CU_ASSERT_STRING_EQUAL(text, "");

    mkfifo(check_scratch("pipe"), 0600);
    check_status(digest_file(text, check_scratch("pipe")), STATUS_INVALID, "pipe");
    mkdir(check_scratch("folder"), 0700);
    check_status(digest_file(text, check_scratch("folder")), STATUS_INVALID, "folder");
}

static void neighbouring_texts_do_not_run_together(void)
{
    char one[DIGEST_TEXT_BYTES], other[DIGEST_TEXT_BYTES];
    struct digest *digest = digest_begin();
    digest_add_text(digest, "ab");
    digest_add_text(digest, "c");
    digest_end(one, digest);
    digest = digest_begin();
    digest_add_text(digest, "a");
    digest_add_text(digest, "bc");
    digest_end(other, digest);
    CU_ASSERT_STRING_NOT_EQUAL(one, other);
}

static void a_number_is_its_eight_bytes(void)
{
    char one[DIGEST_TEXT_BYTES], other[DIGEST_TEXT_BYTES];
    struct digest *digest = digest_begin();
    digest_add_number(digest, UINT64_C(0x0807060504030201));
    digest_end(one, digest);
    digest_of(other, "\1\2\3\4\5\6\7\10", 8);
    CU_ASSERT_STRING_EQUAL(one, other);
}

static void words_hold_the_whole_digest(void)
{
    int64_t words[2];
    char text[DIGEST_TEXT_BYTES];
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        digest_words(words, known[k].digest);
        snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)words[0],
                 (unsigned long long)words[1]);
        CU_ASSERT_STRING_EQUAL(text, known[k].digest);
    }
    digest_words(words, "");
    CU_ASSERT(words[0] == 0 && words[1] == 0);
}

static void ending_none_gives_no_text(void)
{
    char text[DIGEST_TEXT_BYTES] = "old";
    digest_end(text, NULL);
    CU_ASSERT_STRING_EQUAL(text, "");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "known answers", known_answers },
        { "how the bytes are cut does not matter", how_the_bytes_are_cut_does_not_matter },
        { "a file has the digest of its bytes", a_file_has_the_digest_of_its_bytes },
        { "what is no file has none", what_is_no_file_has_none_and_does_not_block },
        { "neighbouring texts", neighbouring_texts_do_not_run_together },
        { "a number is its eight bytes", a_number_is_its_eight_bytes },
        { "words hold the whole digest", words_hold_the_whole_digest },
        { "ending none gives no text", ending_none_gives_no_text },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "digest", cases);
}
