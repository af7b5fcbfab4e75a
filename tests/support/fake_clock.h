/* A clock that a test moves: define clock_gettime in the test's program, so that it is found before
 * the C library's. Include it in one file of the program. Deadlines that the kernel keeps
 * (condition variables, poll) do not see it. */
#ifndef IMPACT_TESTS_FAKE_CLOCK_H
#define IMPACT_TESTS_FAKE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_bool fake_clock_stands; /* then it shows fake_clock_ns; else the true time */
static _Atomic uint64_t fake_clock_ns;
static _Atomic uint64_t fake_clock_reads; /* while it stands, by any thread */

static inline void fake_clock_set(uint64_t ns)
{
    atomic_store(&fake_clock_ns, ns);
    atomic_store(&fake_clock_stands, true);
}

/* The true time again. */
static inline void fake_clock_release(void)
{
    atomic_store(&fake_clock_stands, false);
}

static inline void fake_clock_advance_ms(uint64_t ms)
{
    atomic_fetch_add(&fake_clock_ns, ms * 1000000);
}

/* As if somebody had set the wall clock, while the time is the true one. */
static _Atomic int64_t fake_clock_wall_step_s;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!atomic_load(&fake_clock_stands)) {
        const int status = (int)syscall(SYS_clock_gettime, clock, now);
        if (clock == CLOCK_REALTIME)
            now->tv_sec += (time_t)atomic_load(&fake_clock_wall_step_s);
        return status;
    }
    atomic_fetch_add(&fake_clock_reads, 1);
    const uint64_t ns = atomic_load(&fake_clock_ns);
    *now =
        (struct timespec){.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    return 0;
}

#endif
