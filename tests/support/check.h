/** One entry point for all test programs: a table of named cases, run by CUnit on every rank. */
#ifndef TESTS_SUPPORT_CHECK_H
#define TESTS_SUPPORT_CHECK_H

#include "core/status.h"

#include <CUnit/CUnit.h>

/** Runs the cases of one suite (the table ends with CU_TEST_INFO_NULL). Returns main's exit code:
 * 0 only if no assertion failed on any rank. Works with and without mpirun. Only rank 0 prints
 * the summary; a rank with failures prints those.
 *
 * In a case that communicates, use CU_ASSERT, never CU_ASSERT_FATAL: the fatal form jumps out of
 * the case on one rank and leaves the others waiting. */
int check_suite(int argc, char **argv, const char *name, CU_TestInfo *cases);

/** Asserts that `outcome` is `expected` and, for a failure, that its text holds `fragment` (NULL:
 * anything). Prints the text where not. */
void check_status(enum status outcome, enum status expected, const char *fragment);

/** Folder of the golden data: $UNITMILL_GOLDEN, or tests/golden of the source tree. */
const char *check_golden_folder(void);

/** A path below a fresh scratch folder of this process, removed at the end of check_suite.
 * The result is valid until 16 further calls. */
const char *check_scratch(const char *name);

#endif
