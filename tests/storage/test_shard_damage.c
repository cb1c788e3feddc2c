/* Shards that were damaged or could not be written: every flipped byte and every cut is found, or
 * has changed nothing; a full disk leaves nothing under the final name. */
#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "storage/shard.h"
#include "tests/support/check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct shard_column columns[] = {
    { "text", COLUMN_TEXT, .width = 1, .is_deflated = true, .meaning = "texts" },
    { "units", COLUMN_U16, .is_ragged = true, .width = 1, .bits = 13, .meaning = "ids" },
    { "halves", COLUMN_F16, .width = 2, .meaning = "half rows" },
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

static struct shard *build(size_t records)
{
    struct shard *shard = NULL;
    const struct shard_identity identity = { .stage = "toy",
                                             .number = 1,
                                             .first_record = 10,
                                             .record_count = records + 1,
                                             .codebook = 8192,
                                             .recipe = "0123456789abcdef0123456789abcdef" };
    check_status(shard_create(&shard, &identity, columns, COLUMN_COUNT), STATUS_OK, NULL);
    for (size_t r = 0; r < records; r++) {
        char id[32];
        const uint16_t units[3] = { (uint16_t)(r * 37 % 8192), 8191, 0 };
        const uint16_t halves[2] = { 0x3C00, (uint16_t)r };
        snprintf(id, sizeof id, "caption %zu", r);
        shard_add_text(shard, 0, id);
        shard_add(shard, 1, units, r % 4);
        shard_add(shard, 2, halves, 1);
        check_status(shard_keep(shard, 10 + r, id), STATUS_OK, NULL);
    }
    check_status(shard_reject(shard, 10 + records, "bad", "empty caption"), STATUS_OK, NULL);
    return shard;
}

/* True where reading the file either fails or gives the content of `digest`. */
static bool is_found_or_harmless(const char *path, const char *digest)
{
    struct shard *shard = NULL;
    struct shard_summary summary;
    char content[DIGEST_TEXT_BYTES] = "";
    const enum status outcome = shard_read(&shard, path, columns, COLUMN_COUNT);
    if (outcome != STATUS_OK)
        return shard == NULL && strstr(status_text(), path) != NULL &&
               shard_read_summary(&summary, path) != STATUS_OK;
    shard_content_digest(content, shard);
    const bool is_same = strcmp(content, digest) == 0;
    shard_destroy(shard);
    return is_same;
}

static void every_flipped_byte_is_found_or_changes_nothing(void)
{
    struct shard *shard = build(5);
    char digest[DIGEST_TEXT_BYTES];
    const char *path = check_scratch("flipped.h5");
    uint8_t *bytes = NULL;
    size_t byte_count = 0, silent = 0, first_silent = 0;
    shard_content_digest(digest, shard);
    check_status(shard_write(shard, path), STATUS_OK, NULL);
    shard_destroy(shard);
    check_status(file_read(&bytes, &byte_count, path, 1 << 20), STATUS_OK, NULL);
    const int file = open(path, O_WRONLY);
    for (size_t b = 0; b < byte_count; b++) {
        const uint8_t flips[] = { 0xFF, (uint8_t)(1u << b % 8) };
        for (size_t f = 0; f < sizeof flips; f++) {
            const uint8_t changed = bytes[b] ^ flips[f];
            if (pwrite(file, &changed, 1, (off_t)b) != 1)
                CU_FAIL("cannot change a byte");
            if (!is_found_or_harmless(path, digest) && silent++ == 0)
                first_silent = b;
        }
        if (pwrite(file, &bytes[b], 1, (off_t)b) != 1)
            CU_FAIL("cannot restore a byte");
    }
    close(file);
    CU_ASSERT_EQUAL(silent, 0);
    if (silent > 0)
        fprintf(stderr, "%zu silent changes, the first at byte %zu\n", silent, first_silent);
    struct shard *whole = NULL;
    check_status(shard_read(&whole, path, columns, COLUMN_COUNT), STATUS_OK, NULL);
    shard_destroy(whole);
    free(bytes);
}

static void every_cut_is_corrupt(void)
{
    struct shard *shard = build(300), *read = NULL;
    const char *path = check_scratch("cut.h5");
    check_status(shard_write(shard, path), STATUS_OK, NULL);
    shard_destroy(shard);
    for (off_t bytes = (off_t)file_bytes(path) - 1; bytes >= 0; bytes -= 512) {
        CU_ASSERT_EQUAL(truncate(path, bytes), 0);
        check_status(shard_read(&read, path, columns, COLUMN_COUNT), STATUS_CORRUPT, "cut.h5");
        CU_ASSERT_PTR_NULL(read);
    }
}

static void check_nothing_left(const char *path)
{
    char partial[600];
    snprintf(partial, sizeof partial, "%s.partial", path);
    CU_ASSERT_FALSE(file_exists(path));
    CU_ASSERT_FALSE(file_exists(partial));
}

static void a_file_that_may_not_grow_is_an_error_and_leaves_nothing(void)
{
    struct shard *shard = build(2000);
    const char *path = check_scratch("limited.h5");
    struct rlimit before, tight = { 4096, 0 };
    getrlimit(RLIMIT_FSIZE, &before);
    tight.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &tight);
    const enum status outcome = shard_write(shard, path);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    check_status(outcome, STATUS_IO, "limited.h5");
    check_nothing_left(path);
    shard_destroy(shard);
}

static void a_full_disk_is_an_error_and_leaves_the_old_shard(void)
{
    const char *folder = check_scratch("disk");
    const char *path = check_scratch("disk/shard.h5");
    mkdir(folder, 0700);
    if (mount("none", folder, "tmpfs", 0, "size=64k") != 0) {
        fprintf(stderr, "no right to mount a file system: the case of a full disk is left to "
                        "the limit on file sizes\n");
        return;
    }
    struct shard *small = build(5), *large = build(20000), *read = NULL;
    check_status(shard_write(small, path), STATUS_OK, NULL);
    check_status(shard_write(large, path), STATUS_IO, "No space left");
    check_status(shard_read(&read, path, columns, COLUMN_COUNT), STATUS_OK, NULL);
    CU_ASSERT(read != NULL && shard_kept_count(read) == 5);
    check_status(shard_write(large, check_scratch("disk/other.h5")), STATUS_IO, "No space left");
    check_nothing_left(check_scratch("disk/other.h5"));
    shard_destroy(read);
    shard_destroy(small);
    shard_destroy(large);
    CU_ASSERT_EQUAL(umount(folder), 0);
}

static void an_absent_folder_is_named(void)
{
    struct shard *shard = build(1);
    check_status(shard_write(shard, check_scratch("no/such/shard.h5")), STATUS_NOT_FOUND,
                 "no/such/shard.h5");
    shard_destroy(shard);
}

int main(int argc, char **argv)
{
    hdf5_prepare();
    CU_TestInfo cases[] = {
        { "every flipped byte", every_flipped_byte_is_found_or_changes_nothing },
        { "every cut", every_cut_is_corrupt },
        { "a file that may not grow", a_file_that_may_not_grow_is_an_error_and_leaves_nothing },
        { "a full disk", a_full_disk_is_an_error_and_leaves_the_old_shard },
        { "an absent folder", an_absent_folder_is_named },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "shard_damage", cases);
}
