/* SHA-256 of files: the published examples, a file longer than a block read, and none. */
#include "core/file.h"
#include "core/sha256.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static void check_file(const void *bytes, size_t byte_count, const char *expected)
{
    char text[SHA256_TEXT_BYTES];
    const char *path = check_scratch("bytes");
    check_status(file_write(path, bytes, byte_count), STATUS_OK, NULL);
    check_status(sha256_file(text, path), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(text, expected);
}

/* FIPS 180-2, appendix B. */
static void the_published_examples(void)
{
    check_file("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_file("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_file("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* Two and a half million times "a"; the digest is sha256sum's. */
static void a_file_longer_than_a_block(void)
{
    const size_t byte_count = 2500000;
    char *bytes = malloc(byte_count);
    memset(bytes, 'a', byte_count);
    check_file(bytes, byte_count,
               "38a637965059125eeb67f54c30e7f48a61859a467a800ba09740ba48a924f2b9");
    free(bytes);
}

static void a_file_that_is_missing_or_a_folder(void)
{
    char text[SHA256_TEXT_BYTES] = "old";
    check_status(sha256_file(text, check_scratch("none")), STATUS_NOT_FOUND, "none");
    CU_ASSERT_STRING_EQUAL(text, "");
    check_status(folder_make(check_scratch("folder")), STATUS_OK, NULL);
    CU_ASSERT(sha256_file(text, check_scratch("folder")) != STATUS_OK);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the published examples", the_published_examples },
        { "a file longer than a block", a_file_longer_than_a_block },
        { "a file that is missing or a folder", a_file_that_is_missing_or_a_folder },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "sha256", cases);
}
