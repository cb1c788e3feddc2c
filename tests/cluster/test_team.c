/* What team_agree promises, seen from every rank. Run on 1 rank and on 3. */
#include "cluster/team.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

static struct team team;

static void all_well_is_ok(void)
{
    check_status(team_agree(&team, "greet", STATUS_OK), STATUS_OK, NULL);
}

static void one_failing_rank_fails_every_rank_with_its_own_words(void)
{
    for (int culprit = 0; culprit < team.size; culprit++) {
        enum status mine = STATUS_OK;
        if (team.rank == culprit)
            mine = status_fail(STATUS_CORRUPT, "shard 12 is cut short");
        const enum status outcome = team_agree(&team, "read shard", mine);
        check_status(outcome, STATUS_CORRUPT, "shard 12 is cut short");
        char speaker[32];
        snprintf(speaker, sizeof speaker, "rank %d: ", culprit);
        CU_ASSERT_EQUAL(strncmp(status_text(), speaker, strlen(speaker)) == 0, team.size > 1);
    }
}

static void the_worst_status_wins_and_the_lowest_rank_speaks(void)
{
    const enum status mine =
        status_fail(team.rank == 0 ? STATUS_NOT_FOUND : STATUS_IO, "said by %d", team.rank);
    const enum status expected = team.size == 1 ? STATUS_NOT_FOUND : STATUS_IO;
    check_status(team_agree(&team, "open", mine), expected,
                 team.size == 1 ? "said by 0" : "said by 1");
}

static void every_status_is_agreed_on_as_it_is(void)
{
    for (int code = STATUS_STOPPED; code <= STATUS_DIVERGED; code++) {
        const enum status mine =
            team.rank == team.size - 1 ? status_fail((enum status)code, "because") : STATUS_OK;
        check_status(team_agree(&team, "step", mine), (enum status)code, "because");
    }
}

static void what_was_agreed_before_keeps_its_speaker(void)
{
    const enum status mine =
        team.rank == team.size - 1 ? status_fail(STATUS_IO, "disk full") : STATUS_OK;
    const enum status inner = team_agree(&team, "inner", mine);
    char before[STATUS_TEXT_BYTES];
    snprintf(before, sizeof before, "%s", status_text());
    check_status(team_agree(&team, "outer", inner), STATUS_IO, "disk full");
    CU_ASSERT_STRING_EQUAL(status_text(), before);
}

static void a_text_of_full_length_is_cut_not_broken(void)
{
    char longest[STATUS_TEXT_BYTES];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const enum status mine = status_fail(STATUS_IO, "%s", longest);
    check_status(team_agree(&team, "step", mine), STATUS_IO, "xxxx");
    CU_ASSERT_EQUAL(strlen(status_text()), STATUS_TEXT_BYTES - 1);
}

static void ranks_at_different_steps_are_found_out(void)
{
    if (team.size == 1)
        return;
    for (int odd = 0; odd < team.size; odd++)
        check_status(team_agree(&team, team.rank == odd ? "read" : "write", STATUS_OK),
                     STATUS_DIVERGED, "elsewhere");
}

static void a_planted_fault_fails_its_step_on_its_rank_only(void)
{
    const struct team_fault fault = { "write", team.size - 1, STATUS_NO_MEMORY };
    struct team faulty = team;
    faulty.fault = &fault;
    check_status(team_agree(&faulty, "read", STATUS_OK), STATUS_OK, NULL);
    check_status(team_agree(&faulty, "write", STATUS_OK), STATUS_NO_MEMORY, "planted");
    check_status(team_agree(&faulty, "writ", STATUS_OK), STATUS_OK, NULL);
}

static void any_is_true_where_one_is(void)
{
    CU_ASSERT_FALSE(team_any(&team, false));
    CU_ASSERT_TRUE(team_any(&team, true));
    for (int rank = 0; rank < team.size; rank++)
        CU_ASSERT_TRUE(team_any(&team, rank == team.rank));
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
}

static void end(void)
{
    struct team empty = { .comm = MPI_COMM_NULL };
    team_end(&empty);
    team_end(&team);
    CU_ASSERT_EQUAL(team.comm, MPI_COMM_NULL);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "all well is ok", all_well_is_ok },
        { "one failing rank fails every rank",
          one_failing_rank_fails_every_rank_with_its_own_words },
        { "the worst status wins", the_worst_status_wins_and_the_lowest_rank_speaks },
        { "every status is agreed on", every_status_is_agreed_on_as_it_is },
        { "agreed on before", what_was_agreed_before_keeps_its_speaker },
        { "a text of full length", a_text_of_full_length_is_cut_not_broken },
        { "different steps are found out", ranks_at_different_steps_are_found_out },
        { "a planted fault", a_planted_fault_fails_its_step_on_its_rank_only },
        { "any", any_is_true_where_one_is },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "team_agree", cases);
}
