/* Paths as texts: joining, parting, and which ones leave the folder that they start from. */
#include "core/file.h"
#include "tests/support/check.h"

#include <string.h>

static void which_paths_stay_inside(void)
{
    static const struct {
        const char *path;
        bool stays;
    } table[] = {
        { "a", true },           { "a/b", true },
        { "./a", true },         { "a//b", true },
        { "a/../b", true },      { "a/b/../../c", true },
        { "..a", true },         { "a..", true },
        { "...", true },         { "a/...", true },
        { "a/./b", true },       { "", false },
        { ".", false },          { "./.", false },
        { "..", false },         { "../a", false },
        { "/a", false },         { "//a", false },
        { "a/..", false },       { "a/../..", false },
        { "a/../../b", false },  { "a/../../a/b/c", false },
        { "./../a", false },     { "a/b/../../../a/b/c", false },
        { "a//../../b", false }, { "a/./../../b", false },
    };
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        const bool stays = path_stays_inside(table[t].path);
        CU_ASSERT_EQUAL(stays, table[t].stays);
        if (stays != table[t].stays)
            fprintf(stderr, "path \"%s\"\n", table[t].path);
    }
}

static void joining(void)
{
    char out[PATH_BYTES];
    check_status(path_join(out, "folder", "name"), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(out, "folder/name");
    check_status(path_join(out, "folder", "/name"), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(out, "/name");
    check_status(path_join(out, "", "name"), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(out, "name");
}

static void joining_to_more_than_fits_is_refused(void)
{
    char out[PATH_BYTES], name[PATH_BYTES];
    memset(name, 'n', sizeof name);
    name[PATH_BYTES - 2] = '\0';
    check_status(path_join(out, "", name), STATUS_OK, NULL);
    check_status(path_join(out, "f", name), STATUS_INVALID, "path too long");
}

static void parting(void)
{
    static const struct {
        const char *path, *folder, *name;
    } table[] = {
        { "name", ".", "name" },
        { "/name", "/", "name" },
        { "a/b/name", "a/b", "name" },
        { "/a/name", "/a", "name" },
        { "./name", ".", "name" },
        { "a/", "a", "" },
        { "", ".", "" },
        { "a//name", "a/", "name" },
    };
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        char folder[PATH_BYTES];
        path_folder(folder, table[t].path);
        CU_ASSERT_STRING_EQUAL(folder, table[t].folder);
        CU_ASSERT_STRING_EQUAL(path_name(table[t].path), table[t].name);
    }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "which paths stay inside", which_paths_stay_inside },
        { "joining", joining },
        { "joining to more than fits", joining_to_more_than_fits_is_refused },
        { "parting", parting },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "path", cases);
}
