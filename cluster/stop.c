#include "cluster/stop.h"

#include <signal.h>
#include <stddef.h>

/* A signal handler can reach nothing but globals. */
static volatile sig_atomic_t is_urgent, is_for_a_turn;

static void request(int number)
{
    if (number == SIGUSR2) {
        is_for_a_turn = 1;
        return;
    }
    if (is_urgent != 0 && number != SIGUSR1) {
        signal(number, SIG_DFL);
        raise(number);
    }
    is_urgent = 1;
}

void stop_watch(void)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGUSR1, SIGUSR2 };
    struct sigaction orderly = { .sa_handler = request, .sa_flags = SA_RESTART };
    sigemptyset(&orderly.sa_mask);
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++)
        sigaction(numbers[n], &orderly, NULL);
}

bool stop_requested(void)
{
    return is_urgent != 0 || is_for_a_turn != 0;
}

enum status stop_check(void)
{
    return stop_requested() ? status_fail(STATUS_STOPPED, "stopped by a signal") : STATUS_OK;
}

bool stop_is_urgent(void)
{
    return is_urgent != 0;
}

bool stop_is_for_a_turn(void)
{
    return is_for_a_turn != 0;
}
