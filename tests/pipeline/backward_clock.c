/* A clock that goes backwards: preloaded, it makes every look at the time of day an hour earlier
 * than the one before. Time that only ever measures spans is left as it is. */
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { STEP_SECONDS = 3600, BEGIN_SECONDS = 2000000000 };

static time_t next_second(void)
{
    static long looks;
    return BEGIN_SECONDS - STEP_SECONDS * __atomic_fetch_add(&looks, 1, __ATOMIC_RELAXED);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_REALTIME)
        return (int)syscall(SYS_clock_gettime, clock, now);
    *now = (struct timespec){ .tv_sec = next_second() };
    return 0;
}

int gettimeofday(struct timeval *now, void *zone)
{
    (void)zone;
    *now = (struct timeval){ .tv_sec = next_second() };
    return 0;
}

time_t time(time_t *now)
{
    const time_t second = next_second();
    if (now != NULL)
        *now = second;
    return second;
}
