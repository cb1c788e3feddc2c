/* What a stage asks Slurm for, and how long it would take: settings of single stages, ranks on a
 * node, nodes for a time. */
#include "stages/submit/estimate.h"
#include "stages/submit/job_request.h"
#include "tests/stages/plain_run.h"
#include "tests/support/check.h"

#include <math.h>
#include <string.h>

static struct team team;
static const char *plan_path;

static enum status read_with(struct job_request *request, const char *stage, const char *set)
{
    const struct option_texts sets = { .items = { set }, .count = set == NULL ? 0 : 1 };
    return job_request_read(request, stage_find(stage), plan_path, &sets);
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
    plan_path = plain_run_make(check_scratch("request"), &team, 3);
}

static void end(void)
{
    team_end(&team);
}

static void a_stage_has_its_own_settings(void)
{
    struct job_request request;
    const char *set = "slurm.stages=image-units.nodes=8,pack.time=0:30:00";
    check_status(read_with(&request, "image-units", set), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(request.plan.slurm.nodes, 8);
    CU_ASSERT_STRING_EQUAL(request.plan.slurm.time, "4:00:00");
    job_request_end(&request);
    check_status(read_with(&request, "pack", set), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(request.plan.slurm.nodes, 1);
    CU_ASSERT_STRING_EQUAL(request.plan.slurm.time, "0:30:00");
    job_request_end(&request);
}

static void wrong_settings_are_named(void)
{
    static const char *const wrong[][2] = {
        { "slurm.stages=painting.nodes=8", "painting.nodes=8" },
        { "slurm.stages=pack.nods=8", "pack.nods=8" },
        { "slurm.stages=pack", "\"pack\"" },
        { "slurm.stages=pack.stages=8", "pack.stages=8" },
    };
    for (size_t w = 0; w < sizeof wrong / sizeof wrong[0]; w++) {
        struct plan plan;
        const struct option_texts sets = { .items = { wrong[w][0] }, .count = 1 };
        check_status(plan_read(&plan, plan_path, &sets), STATUS_OK, NULL);
        check_status(job_request_check(&plan), STATUS_INVALID, wrong[w][1]);
        plan_end(&plan);
    }
    struct job_request request;
    check_status(read_with(&request, "pack", "slurm.stages=pack.nodes=0"), STATUS_INVALID,
                 "slurm.nodes");
    job_request_end(&request);
    static const char *const unfit[] = { "slurm.partition=a b",  "slurm.account=x\"y",
                                         "slurm.memory=much",    "slurm.rank_memory=",
                                         "slurm.extra=qos=long", "slurm.time=1 #SBATCH --wrap" };
    for (size_t u = 0; u < sizeof unfit / sizeof unfit[0]; u++) {
        check_status(read_with(&request, "pack", unfit[u]), STATUS_INVALID, "slurm.");
        job_request_end(&request);
    }
}

static void check_place(const char *set, struct node_shape node, size_t expected)
{
    struct job_request request;
    check_status(read_with(&request, "pack", set), STATUS_OK, NULL);
    job_request_place(&request, &node);
    CU_ASSERT_EQUAL(request.tasks_per_node, expected);
    job_request_end(&request);
}

static void ranks_fit_the_cores_and_the_memory(void)
{
    const struct node_shape node = { .cores = 64, .memory_mib = 128 * 1024 };
    check_place(NULL, node, 64);
    check_place(NULL, (struct node_shape){ .cores = 4 }, 4);
    check_place("slurm.rank_memory=4G", node, 32);
    check_place("slurm.threads=4", node, 16);
    check_place("slurm.memory=10G", node, 10);
    check_place("slurm.memory=100M", node, 1);
    check_place("slurm.tasks_per_node=7", node, 7);
    CU_ASSERT_EQUAL(slurm_memory_mib("2T"), 2u << 20);
    CU_ASSERT_EQUAL(slurm_memory_mib("512"), 512);
    CU_ASSERT_EQUAL(slurm_memory_mib("2048K"), 2);
    CU_ASSERT_EQUAL(slurm_memory_mib("12Q"), 0);
    CU_ASSERT_EQUAL(slurm_memory_mib("-4G"), 0);
}

static void time_falls_with_nodes_until_shards_run_out(void)
{
    const struct stage_estimate stage = { .stage = stage_find("speak"),
                                          .records = 1000,
                                          .shards = 10,
                                          .rate = 10.0,
                                          .start_seconds = 2.0,
                                          .scales = true };
    CU_ASSERT_DOUBLE_EQUAL(estimate_seconds(&stage, 1, 1), 102.0, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(estimate_seconds(&stage, 2, 2), 32.0, 1e-9); /* 3 of 10 shards */
    CU_ASSERT_DOUBLE_EQUAL(estimate_seconds(&stage, 100, 2), 12.0, 1e-9);
    CU_ASSERT_EQUAL(estimate_nodes(&stage, 2, 1000.0), 1);
    CU_ASSERT_EQUAL(estimate_nodes(&stage, 2, 32.0), 2);
    CU_ASSERT_EQUAL(estimate_nodes(&stage, 2, 1.0), 5);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "settings of a stage", a_stage_has_its_own_settings },
        { "wrong settings", wrong_settings_are_named },
        { "ranks on a node", ranks_fit_the_cores_and_the_memory },
        { "time", time_falls_with_nodes_until_shards_run_out },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "job request", cases);
}
