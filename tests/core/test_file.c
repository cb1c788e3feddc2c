/* Files and folders: whole reads that nothing can block or blow up, and writes that are whole or
 * absent. */
#include "core/file.h"
#include "tests/support/check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *partial_of(const char *path)
{
    static char partial[600];
    snprintf(partial, sizeof partial, "%s.partial", path);
    return partial;
}

static void check_content(const char *path, const void *expected, size_t expected_bytes)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    check_status(file_read(&bytes, &byte_count, path, 1 << 20), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(byte_count, expected_bytes);
    CU_ASSERT(bytes != NULL && byte_count == expected_bytes &&
              memcmp(bytes, expected, byte_count) == 0 && bytes[byte_count] == 0);
    free(bytes);
}

static void what_is_written_is_read_back(void)
{
    const char *path = check_scratch("plain");
    check_status(file_write(path, "a\0b", 3), STATUS_OK, NULL);
    check_content(path, "a\0b", 3);
    check_status(file_write(path, "", 0), STATUS_OK, NULL);
    check_content(path, "", 0);
    CU_ASSERT_FALSE(file_exists(partial_of(path)));
}

static void check_unreadable(const char *path, size_t bytes_max, enum status expected,
                             const char *fragment)
{
    uint8_t *bytes = (uint8_t *)"stale";
    size_t byte_count = 5;
    check_status(file_read(&bytes, &byte_count, path, bytes_max), expected, fragment);
    CU_ASSERT_PTR_NULL(bytes);
    CU_ASSERT_EQUAL(byte_count, 0);
}

static void an_absent_file_is_named(void)
{
    check_unreadable(check_scratch("absent"), 100, STATUS_NOT_FOUND, "absent: cannot open");
    check_status(file_write(check_scratch("plain"), "x", 1), STATUS_OK, NULL);
    check_unreadable(check_scratch("plain/below"), 100, STATUS_NOT_FOUND, "plain/below");
}

static void a_folder_a_pipe_and_a_device_are_refused_at_once(void)
{
    mkdir(check_scratch("folder"), 0700);
    mkfifo(check_scratch("pipe"), 0600);
    check_unreadable(check_scratch("folder"), 100, STATUS_INVALID, "not a regular file");
    check_unreadable(check_scratch("pipe"), 100, STATUS_INVALID, "not a regular file");
    check_unreadable("/dev/zero", 100, STATUS_INVALID, "not a regular file");
}

static void a_file_above_the_limit_is_refused_before_it_is_read(void)
{
    const char *path = check_scratch("large");
    FILE *file = fopen(path, "w");
    fclose(file);
    CU_ASSERT_EQUAL(truncate(path, (off_t)1 << 40), 0); /* a hole of a tebibyte */
    check_unreadable(path, 1 << 20, STATUS_INVALID, "1099511627776 bytes");
    CU_ASSERT_EQUAL(truncate(path, 11), 0);
    check_unreadable(path, 10, STATUS_INVALID, "more than the 10 allowed");
    CU_ASSERT_EQUAL(truncate(path, 10), 0);
    check_content(path, "\0\0\0\0\0\0\0\0\0\0", 10);
}

static void an_unwritable_place_leaves_nothing(void)
{
    const char *path = check_scratch("no/such/folder/file");
    check_status(file_write(path, "x", 1), STATUS_NOT_FOUND, "no/such/folder/file.partial");
    mkdir(check_scratch("taken"), 0700);
    mkdir(check_scratch("taken/inside"), 0700);
    check_status(file_write(check_scratch("taken"), "x", 1), STATUS_IO, "taken");
    CU_ASSERT_FALSE(file_exists(partial_of(check_scratch("taken"))));
    if (geteuid() != 0) {
        mkdir(check_scratch("sealed"), 0500);
        check_status(file_write(check_scratch("sealed/file"), "x", 1), STATUS_IO, "sealed/file");
    }
    check_status(file_write("/proc/unitmill", "x", 1), STATUS_NOT_FOUND, "/proc/unitmill");
}

static void a_write_that_is_cut_leaves_the_old_file(void)
{
    const char *path = check_scratch("kept");
    char *bytes = calloc(1, 1 << 16);
    check_status(file_write(path, "old", 3), STATUS_OK, NULL);

    struct rlimit before, tight = { 4096, RLIM_INFINITY };
    getrlimit(RLIMIT_FSIZE, &before);
    tight.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &tight);
    const enum status outcome = file_write(path, bytes, 1 << 16);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);

    check_status(outcome, STATUS_IO, "kept.partial: cannot write");
    check_content(path, "old", 3);
    CU_ASSERT_FALSE(file_exists(partial_of(path)));
    free(bytes);
}

static void a_path_that_is_too_long_is_refused(void)
{
    char path[PATH_BYTES + 10];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    check_status(file_write(path, "x", 1), STATUS_INVALID, "path too long");
    check_status(folder_make(path), STATUS_INVALID, "path too long");
    path[PATH_BYTES - 1] = '\0'; /* fits, but not with its ending */
    check_status(file_publish(path), STATUS_INVALID, "path too long");
}

static void publishing_needs_the_partial_file(void)
{
    const char *path = check_scratch("unwritten");
    check_status(file_publish(path), STATUS_NOT_FOUND, "unwritten.partial");
    CU_ASSERT_FALSE(file_exists(path));
}

static void folders_are_made_with_those_above(void)
{
    check_status(folder_make(check_scratch("one/two//three/")), STATUS_OK, NULL);
    check_status(folder_make(check_scratch("one/two/three")), STATUS_OK, NULL);
    struct stat info;
    CU_ASSERT(stat(check_scratch("one/two/three"), &info) == 0 && S_ISDIR(info.st_mode));
    check_status(file_write(check_scratch("one/file"), "x", 1), STATUS_OK, NULL);
    check_status(folder_make(check_scratch("one/file")), STATUS_IO, "one/file");
    check_status(folder_make(check_scratch("one/file/below")), STATUS_IO, "one/file");
    check_status(folder_make(""), STATUS_INVALID, "empty");
    check_status(folder_make("/"), STATUS_OK, NULL);
}

static void bytes_are_those_of_a_regular_file(void)
{
    check_status(file_write(check_scratch("five"), "12345", 5), STATUS_OK, NULL);
    mkdir(check_scratch("folder"), 0700);
    CU_ASSERT_EQUAL(file_bytes(check_scratch("five")), 5);
    CU_ASSERT_EQUAL(file_bytes(check_scratch("absent")), 0);
    CU_ASSERT_EQUAL(file_bytes(check_scratch("folder")), 0);
    CU_ASSERT_TRUE(file_exists(check_scratch("folder")));
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "what is written is read back", what_is_written_is_read_back },
        { "an absent file is named", an_absent_file_is_named },
        { "folder, pipe, device", a_folder_a_pipe_and_a_device_are_refused_at_once },
        { "above the limit", a_file_above_the_limit_is_refused_before_it_is_read },
        { "an unwritable place", an_unwritable_place_leaves_nothing },
        { "a write that is cut", a_write_that_is_cut_leaves_the_old_file },
        { "a path too long", a_path_that_is_too_long_is_refused },
        { "publishing needs the partial file", publishing_needs_the_partial_file },
        { "folders with those above", folders_are_made_with_those_above },
        { "bytes of a regular file", bytes_are_those_of_a_regular_file },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "file", cases);
}
