/* Stop requests: a first signal sets the flag, a second one ends the process. Each case is a child
 * process of its own. */
#include "cluster/stop.h"
#include "tests/support/check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `body` in a child and gives its wait state; the exit code is what `body` returns. */
static int state_of(int (*body)(void))
{
    int state = -1;
    const pid_t child = fork();
    if (child == 0) {
        alarm(10);
        stop_watch();
        _exit(body());
    }
    waitpid(child, &state, 0);
    return state;
}

static int nothing_asked(void)
{
    return stop_requested() || stop_check() != STATUS_OK ? 1 : 0;
}

static int asked_once_by_each(void)
{
    static const int numbers[] = { SIGUSR1, SIGUSR1, SIGUSR1 };
    for (size_t n = 0; n < 3; n++) {
        raise(numbers[n]);
        if (!stop_requested())
            return 1;
    }
    return 0;
}

static int asked_once_by_term(void)
{
    raise(SIGTERM);
    return stop_requested() && stop_check() == STATUS_STOPPED ? 0 : 1;
}

static int asked_once_by_int(void)
{
    raise(SIGINT);
    return stop_requested() ? 0 : 1;
}

static int asked_twice_by_term(void)
{
    raise(SIGTERM);
    raise(SIGTERM);
    return 0;
}

static int asked_by_usr1_then_int(void)
{
    raise(SIGUSR1);
    raise(SIGINT);
    return 0;
}

static int asked_for_a_turn(void)
{
    raise(SIGUSR2);
    if (!stop_requested() || stop_is_urgent() || !stop_is_for_a_turn())
        return 1;
    raise(SIGTERM);
    return stop_is_urgent() && stop_is_for_a_turn() ? 0 : 1;
}

static int asked_at_once(void)
{
    raise(SIGUSR1);
    return stop_is_urgent() && !stop_is_for_a_turn() ? 0 : 1;
}

static void check_exit(int state)
{
    CU_ASSERT(WIFEXITED(state) && WEXITSTATUS(state) == 0);
}

static void without_a_signal_nothing_is_requested(void)
{
    check_exit(state_of(nothing_asked));
}

static void a_first_signal_only_sets_the_flag(void)
{
    check_exit(state_of(asked_once_by_term));
    check_exit(state_of(asked_once_by_int));
    check_exit(state_of(asked_once_by_each));
}

static void sigusr2_leaves_time_until_another_signal_comes(void)
{
    check_exit(state_of(asked_for_a_turn));
    check_exit(state_of(asked_at_once));
}

static void a_second_signal_ends_the_process(void)
{
    int state = state_of(asked_twice_by_term);
    CU_ASSERT(WIFSIGNALED(state) && WTERMSIG(state) == SIGTERM);
    state = state_of(asked_by_usr1_then_int);
    CU_ASSERT(WIFSIGNALED(state) && WTERMSIG(state) == SIGINT);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "without a signal", without_a_signal_nothing_is_requested },
        { "a first signal", a_first_signal_only_sets_the_flag },
        { "SIGUSR2", sigusr2_leaves_time_until_another_signal_comes },
        { "a second signal", a_second_signal_ends_the_process },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "stop", cases);
}
