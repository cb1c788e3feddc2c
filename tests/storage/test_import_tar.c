/* webdataset archives: what becomes of each member, and that none gets outside the folder. */
#include "core/file.h"
#include "storage/import/import.h"
#include "storage/manifest.h"
#include "tests/support/check.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct member {
    const char *name, *bytes;
    const char *link; /* symbolic, or NULL */
};

static void write_tar(const char *path, const struct member *members, size_t count, bool is_gzipped)
{
    struct archive *archive = archive_write_new();
    archive_write_set_format_ustar(archive);
    if (is_gzipped)
        archive_write_add_filter_gzip(archive);
    archive_write_open_filename(archive, path);
    for (size_t m = 0; m < count; m++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, members[m].name);
        archive_entry_set_mode(entry, 0644);
        archive_entry_set_filetype(entry, members[m].link == NULL ? AE_IFREG : AE_IFLNK);
        archive_entry_set_symlink(entry, members[m].link);
        archive_entry_set_size(entry, (la_int64_t)strlen(members[m].bytes));
        archive_write_header(archive, entry);
        archive_write_data(archive, members[m].bytes, strlen(members[m].bytes));
        archive_entry_free(entry);
    }
    archive_write_close(archive);
    archive_write_free(archive);
}

static enum status import(struct import_summary *summary, const char *input, const char *folder)
{
    char extract[PATH_BYTES];
    snprintf(extract, sizeof extract, "%s", check_scratch(folder));
    const struct import_options options = { .inputs = &input,
                                            .input_count = 1,
                                            .out = check_scratch("out.jsonl"),
                                            .language = "en",
                                            .memory_bytes = 1 << 20,
                                            .extract = extract };
    return import_run(summary, "webdataset", &options);
}

static void check_file(const char *name, const char *expected)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    check_status(file_read(&bytes, &byte_count, check_scratch(name), 1 << 20), STATUS_OK, NULL);
    CU_ASSERT(bytes != NULL && strcmp((char *)bytes, expected) == 0);
    free(bytes);
}

static size_t skipped(const struct import_summary *summary, const char *reason)
{
    for (size_t r = 0; r < summary->skipped.count; r++)
        if (strstr(summary->skipped.reasons[r].reason, reason) != NULL)
            return (size_t)summary->skipped.reasons[r].count;
    return 0;
}

static const struct member good[] = {
    { "000.jpg", "picture 0", NULL },
    { "000.json", "{\"caption\": \"not this one\"}", NULL },
    { "000.txt", "A red star,\n", NULL },
    { "./sub/001.PNG", "picture 1", NULL },
    { "./sub/001.json", "{\"caption\": \"From JSON.\"}", NULL },
    { "002.wav", "sound 2", NULL },
    { "002.jpg", "picture 2", NULL },
};

static void check_good(const char *input)
{
    struct import_summary summary;
    struct manifest manifest = { 0 };
    check_status(import(&summary, input, "good"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(skip_tally_total(&summary.skipped), 0);
    CU_ASSERT_EQUAL(summary.recorded, 1);
    check_status(manifest_read(&manifest, check_scratch("out.jsonl")), STATUS_OK, NULL);
    CU_ASSERT(manifest.image_count == 3 && manifest.caption_count == 3);
    if (manifest.caption_count == 3) {
        CU_ASSERT_STRING_EQUAL(manifest.images[0].path, "00017/000.jpg");
        CU_ASSERT_STRING_EQUAL(manifest.images[1].path, "00017/sub/001.PNG");
        CU_ASSERT_STRING_EQUAL(manifest.captions[0].text, "A red star,");
        CU_ASSERT_STRING_EQUAL(manifest.captions[1].text, "From JSON.");
        CU_ASSERT_STRING_EQUAL(manifest.captions[2].audio, "00017/002.wav");
    }
    manifest_end(&manifest);
    check_file("good/00017/000.jpg", "picture 0");
    check_file("good/00017/sub/001.PNG", "picture 1");
    check_file("good/00017/002.wav", "sound 2");
}

static void members_become_files_and_records(void)
{
    write_tar(check_scratch("00017.tar"), good, sizeof good / sizeof good[0], false);
    check_good(check_scratch("00017.tar"));
    check_good(check_scratch("00017.tar")); /* over what is there */
}

static void gzipped_archives_are_read(void)
{
    write_tar(check_scratch("00017.tar.gz"), good, sizeof good / sizeof good[0], true);
    check_good(check_scratch("00017.tar.gz"));
}

static void what_cannot_be_used_is_skipped_with_its_reason(void)
{
    static const struct member members[] = {
        { "a.jpg", "picture", NULL },
        { "a.txt", "First.", NULL },
        { "a.cls", "3", NULL },
        { "../../evil.jpg", "evil", NULL },
        { "x/../../../evil.jpg", "evil", NULL },
        { "/evil.jpg", "evil", NULL },
        { "link.jpg", "", "/etc/passwd" },
        { "none", "no ending", NULL },
        { ".jpg", "no key", NULL },
        { "alone.txt", "no picture", NULL },
        { "broken.jpg", "picture", NULL },
        { "broken.json", "{", NULL },
        { "twice.jpg", "one", NULL },
        { "twice.jpg", "two", NULL },
        { "twice.txt", "kept", NULL },
        { "back.jpg", "one", NULL },
        { "back.txt", "one", NULL },
        { "between.jpg", "one", NULL },
        { "between.txt", "one", NULL },
        { "back.jpg", "two", NULL },
        { "back.txt", "two", NULL },
    };
    struct import_summary summary;
    write_tar(check_scratch("bad.tar"), members, sizeof members / sizeof members[0], false);
    check_status(import(&summary, check_scratch("bad.tar"), "bad"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(summary.pictures, 3); /* a, twice, between */
    CU_ASSERT_EQUAL(skipped(&summary, "no picture, text, JSON or audio"), 1);
    CU_ASSERT_EQUAL(skipped(&summary, "no ending or leaves the folder"), 5);
    CU_ASSERT_EQUAL(skipped(&summary, "a link or a device"), 1);
    CU_ASSERT_EQUAL(skipped(&summary, "without picture and without audio"), 1);
    CU_ASSERT_EQUAL(skipped(&summary, "not JSON"), 1);
    CU_ASSERT_EQUAL(skipped(&summary, "second picture"), 1);
    CU_ASSERT_EQUAL(skipped(&summary, "more than once in the archive"), 1);
    CU_ASSERT_FALSE(file_exists(check_scratch("evil.jpg")));
    CU_ASSERT_FALSE(file_exists(check_scratch("bad/evil.jpg")));
    CU_ASSERT_FALSE(file_exists(check_scratch("bad/bad/link.jpg")));
    check_file("bad/bad/twice.jpg", "one");
}

static void links_in_the_folder_do_not_lead_out(void)
{
    struct import_summary summary;
    char target[PATH_BYTES];
    snprintf(target, sizeof target, "%s", check_scratch("elsewhere"));
    check_status(folder_make(target), STATUS_OK, NULL);
    check_status(folder_make(check_scratch("trap")), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(symlink(target, check_scratch("trap/00017")), 0);
    write_tar(check_scratch("00017.tar"), good, sizeof good / sizeof good[0], false);
    check_status(import(&summary, check_scratch("00017.tar"), "trap"), STATUS_IO, "000.jpg");
    CU_ASSERT_FALSE(file_exists(check_scratch("elsewhere/000.jpg")));
    CU_ASSERT_EQUAL(unlink(check_scratch("trap/00017")), 0);

    /* A link in the place of the file itself is replaced, what it leads to stays. */
    check_status(file_write(check_scratch("elsewhere/victim"), "victim", 6), STATUS_OK, NULL);
    check_status(folder_make(check_scratch("trap/00017")), STATUS_OK, NULL);
    snprintf(target, sizeof target, "%s", check_scratch("elsewhere/victim"));
    CU_ASSERT_EQUAL(symlink(target, check_scratch("trap/00017/000.jpg")), 0);
    CU_ASSERT_EQUAL(symlink(target, check_scratch("trap/00017/002.wav.partial")), 0);
    check_status(import(&summary, check_scratch("00017.tar"), "trap"), STATUS_OK, NULL);
    check_file("elsewhere/victim", "victim");
    check_file("trap/00017/000.jpg", "picture 0");
}

static void an_archive_cut_short_is_told(void)
{
    struct import_summary summary;
    write_tar(check_scratch("cut.tar"), good, sizeof good / sizeof good[0], false);
    remove(check_scratch("out.jsonl"));
    CU_ASSERT_EQUAL(truncate(check_scratch("cut.tar"), 700), 0);
    check_status(import(&summary, check_scratch("cut.tar"), "cut"), STATUS_INVALID, "cut.tar");
    CU_ASSERT_EQUAL(truncate(check_scratch("cut.tar"), 514), 0);
    check_status(import(&summary, check_scratch("cut.tar"), "cut"), STATUS_INVALID, "cut.tar");
    CU_ASSERT_FALSE(file_exists(check_scratch("out.jsonl")));
    CU_ASSERT_FALSE(file_exists(check_scratch("cut/cut/000.jpg.partial")));
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "members become files and records", members_become_files_and_records },
        { "gzipped archives are read", gzipped_archives_are_read },
        { "what cannot be used is skipped with its reason",
          what_cannot_be_used_is_skipped_with_its_reason },
        { "links in the folder do not lead out", links_in_the_folder_do_not_lead_out },
        { "an archive cut short is told", an_archive_cut_short_is_told },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "webdataset archives", cases);
}
