#include "cluster/stop.h"

#include <signal.h>
#include <stddef.h>

/* A signal handler can reach nothing but a global. */
static volatile sig_atomic_t is_requested;

static void request(int number)
{
    if (is_requested != 0 && number != SIGUSR1) {
        signal(number, SIG_DFL);
        raise(number);
    }
    is_requested = 1;
}

void stop_watch(void)
{
    struct sigaction orderly = { .sa_handler = request, .sa_flags = SA_RESTART };
    sigemptyset(&orderly.sa_mask);
    sigaction(SIGTERM, &orderly, NULL);
    sigaction(SIGINT, &orderly, NULL);
    sigaction(SIGUSR1, &orderly, NULL);
}

bool stop_requested(void)
{
    return is_requested != 0;
}
