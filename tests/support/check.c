#include "tests/support/check.h"

#include <CUnit/Basic.h>
#include <ftw.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_folder[64];

static void print_failures(int rank)
{
    for (CU_pFailureRecord failure = CU_get_failure_list(); failure; failure = failure->pNext)
        fprintf(stderr, "rank %d: %s: %s:%u: %s\n", rank, failure->pTest->pName,
                failure->strFileName, failure->uiLineNumber, failure->strCondition);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void make_scratch_folder(int rank)
{
    snprintf(scratch_folder, sizeof scratch_folder, "/tmp/unitmill-test-XXXXXX");
    if (rank == 0 && mkdtemp(scratch_folder) == NULL)
        perror(scratch_folder);
    MPI_Bcast(scratch_folder, sizeof scratch_folder, MPI_CHAR, 0, MPI_COMM_WORLD);
}

int check_suite(int argc, char **argv, const char *name, CU_TestInfo *cases)
{
    int rank = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    make_scratch_folder(rank);

    CU_SuiteInfo suites[] = { { .pName = name, .pTests = cases }, CU_SUITE_INFO_NULL };
    int failures = 1;
    if (CU_initialize_registry() == CUE_SUCCESS && CU_register_suites(suites) == CUE_SUCCESS) {
        CU_run_all_tests();
        failures = (int)CU_get_number_of_failures();
        print_failures(rank);
    }
    CU_cleanup_registry();

    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%s: %d failed assertions over all ranks\n", name, failures);
        nftw(scratch_folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}

void check_status(enum status outcome, enum status expected, const char *fragment)
{
    const char *text = outcome == STATUS_OK ? "" : status_text();
    CU_ASSERT_EQUAL(outcome, expected);
    const int is_told = outcome == STATUS_OK || fragment == NULL || strstr(text, fragment) != NULL;
    CU_ASSERT(is_told);
    if (outcome != expected || !is_told)
        fprintf(stderr, "status \"%s\", text \"%s\", expected \"%s\" with \"%s\"\n",
                status_name(outcome), text, status_name(expected),
                fragment == NULL ? "" : fragment);
}

const char *check_golden_folder(void)
{
    static char folder[512];
    const char *given = getenv("UNITMILL_GOLDEN");
    const char *source = getenv("UNITMILL_SOURCE");
    if (given != NULL)
        snprintf(folder, sizeof folder, "%s", given);
    else
        snprintf(folder, sizeof folder, "%s/tests/golden", source == NULL ? "." : source);
    return folder;
}

const char *check_scratch(const char *name)
{
    static char paths[16][512];
    static size_t next;
    char *path = paths[next++ % 16];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    return path;
}
