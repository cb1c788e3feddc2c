#include "tests/core/plan_scratch.h"

#include "tests/support/check.h"

#include <stdio.h>

const char *plan_scratch(const char *text)
{
    const char *path = check_scratch("plan.yaml");
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        CU_FAIL("cannot write the plan");
    return path;
}
