/* Jobs of a run, with squeue and sacct that only pretend. */
#include "core/file.h"
#include "stages/slurm_jobs.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder;

/* PATH is that of the process's start, so a program that pretends has to be in the working
 * directory of a second start: main starts this test again. */
static void pretend(const char *program, const char *text)
{
    char path[PATH_BYTES];
    check_status(path_join(path, getenv("PRETENDERS"), program), STATUS_OK, NULL);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    fclose(file);
    chmod(path, 0700);
}

static void keep(const char *text)
{
    char path[PATH_BYTES];
    check_status(path_join(path, folder, "slurm/jobs"), STATUS_OK, NULL);
    check_status(file_write(path, text, strlen(text)), STATUS_OK, NULL);
}

static void begin(void)
{
    char path[PATH_BYTES];
    folder = check_scratch("jobs");
    check_status(path_join(path, folder, "slurm"), STATUS_OK, NULL);
    check_status(folder_make(path), STATUS_OK, NULL);
}

static void the_last_job_of_a_stage_counts(void)
{
    struct slurm_jobs jobs;
    check_status(slurm_jobs_read(&jobs, folder), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(jobs.count, 0);
    check_status(slurm_jobs_add(folder, "speak", 7), STATUS_OK, NULL);
    check_status(slurm_jobs_add(folder, "pack", 8), STATUS_OK, NULL);
    check_status(slurm_jobs_add(folder, "speak", 19), STATUS_OK, NULL);
    check_status(slurm_jobs_read(&jobs, folder), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(jobs.count, 2);
    CU_ASSERT_EQUAL(slurm_jobs_find(&jobs, "speak")->id, 19);
    CU_ASSERT_EQUAL(slurm_jobs_find(&jobs, "pack")->id, 8);
    CU_ASSERT_PTR_NULL(slurm_jobs_find(&jobs, "fit-units"));
}

static void broken_lines_are_passed_over(void)
{
    struct slurm_jobs jobs;
    keep("speak\nspeak x\n\npack 0\na-name-that-is-much-longer-than-any-stage-has-ever-been 3\n"
         "pack 12\n");
    check_status(slurm_jobs_read(&jobs, folder), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(slurm_jobs_find(&jobs, "pack"));
    CU_ASSERT_EQUAL(slurm_jobs_find(&jobs, "pack")->id, 12);
    CU_ASSERT_PTR_NULL(slurm_jobs_find(&jobs, "speak"));
}

static void squeue_tells_of_what_is_there_and_sacct_of_the_rest(void)
{
    struct slurm_jobs jobs;
    keep("speak 17\npack 18\nimage-units 19\n");
    pretend("squeue", "echo '18|PENDING|Dependency||1:00:00'; echo '19|RUNNING|None|n[1-2]|59:01'");
    pretend("sacct", "[ \"$7\" = 17 ] && echo '17|CANCELLED by 1000|None|n1'");
    check_status(slurm_jobs_read(&jobs, folder), STATUS_OK, NULL);
    check_status(slurm_jobs_ask(&jobs), STATUS_OK, NULL);
    const struct slurm_job *speak = slurm_jobs_find(&jobs, "speak");
    const struct slurm_job *pack = slurm_jobs_find(&jobs, "pack");
    const struct slurm_job *image = slurm_jobs_find(&jobs, "image-units");
    CU_ASSERT_STRING_EQUAL(speak->state, "CANCELLED");
    CU_ASSERT_STRING_EQUAL(speak->nodes, "n1");
    CU_ASSERT_FALSE(slurm_job_is_alive(speak));
    CU_ASSERT_STRING_EQUAL(pack->reason, "Dependency");
    CU_ASSERT_STRING_EQUAL(pack->time_left, "");
    CU_ASSERT(slurm_job_is_queued(pack) && slurm_job_is_alive(pack));
    CU_ASSERT_STRING_EQUAL(image->time_left, "59:01");
    CU_ASSERT(slurm_job_is_alive(image) && !slurm_job_is_queued(image));
}

static void a_job_that_is_forgotten_has_no_state(void)
{
    struct slurm_jobs jobs;
    keep("speak 17\n");
    pretend("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1");
    pretend("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1");
    check_status(slurm_jobs_read(&jobs, folder), STATUS_OK, NULL);
    check_status(slurm_jobs_ask(&jobs), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(jobs.items[0].state, "");
    CU_ASSERT_FALSE(slurm_job_is_alive(&jobs.items[0]));
}

static void a_controller_that_does_not_answer_is_told(void)
{
    struct slurm_jobs jobs;
    keep("speak 17\n");
    pretend("squeue", "echo 'Unable to contact slurm controller' >&2; exit 1");
    check_status(slurm_jobs_read(&jobs, folder), STATUS_OK, NULL);
    check_status(slurm_jobs_ask(&jobs), STATUS_IO, "Unable to contact slurm controller");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "the last job", the_last_job_of_a_stage_counts },
        { "broken lines", broken_lines_are_passed_over },
        { "squeue and sacct", squeue_tells_of_what_is_there_and_sacct_of_the_rest },
        { "forgotten", a_job_that_is_forgotten_has_no_state },
        { "no controller", a_controller_that_does_not_answer_is_told },
        CU_TEST_INFO_NULL,
    };
    if (getenv("PRETENDERS") == NULL) {
        char programs[] = "/tmp/unitmill-pretend-XXXXXX", search[PATH_BYTES];
        if (mkdtemp(programs) == NULL)
            return 1;
        snprintf(search, sizeof search, "%s:%s", programs, getenv("PATH"));
        setenv("PRETENDERS", programs, 1);
        setenv("PATH", search, 1);
        execv("/proc/self/exe", argv);
        return 1;
    }
    const int code = check_suite(argc, argv, "slurm jobs", cases);
    char path[PATH_BYTES];
    static const char *const names[] = { "squeue", "sacct" };
    for (size_t n = 0; n < 2; n++)
        if (path_join(path, getenv("PRETENDERS"), names[n]) == STATUS_OK)
            unlink(path);
    rmdir(getenv("PRETENDERS"));
    return code;
}
