/* The two clocks: monotonic for ages and deadlines, wall time for what is shown. */
#ifndef IMPACT_BASE_CLOCK_H
#define IMPACT_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define IMPACT__NS_PER_MS  UINT64_C(1000000)
#define IMPACT__NS_PER_SEC UINT64_C(1000000000)

static inline uint64_t impact__clock_read(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now); /* cannot fail for the two clocks below */
    return (uint64_t)now.tv_sec * IMPACT__NS_PER_SEC + (uint64_t)now.tv_nsec;
}

static inline uint64_t impact__clock_monotonic_ns(void)
{
    return impact__clock_read(CLOCK_MONOTONIC);
}

/* The monotonic clock as the kernel's last tick left it: milliseconds late, and a seventh of the
 * price. */
static inline uint64_t impact__clock_coarse_ns(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    return impact__clock_read(CLOCK_MONOTONIC_COARSE);
#else
    return impact__clock_monotonic_ns();
#endif
}

static inline uint64_t impact__clock_unix_ns(void)
{
    return impact__clock_read(CLOCK_REALTIME);
}

/* The monotonic moment timeout_ms from now; one that is beyond all time is UINT64_MAX. */
static inline uint64_t impact__deadline_after_ms(uint64_t timeout_ms)
{
    const uint64_t now = impact__clock_monotonic_ns();
    if (timeout_ms > (UINT64_MAX - now) / IMPACT__NS_PER_MS)
        return UINT64_MAX;
    return now + timeout_ms * IMPACT__NS_PER_MS;
}

/* The moment that lay `ago_ns` before this one; 0 when there was none. */
static inline uint64_t impact__before_ns(uint64_t moment_ns, uint64_t ago_ns)
{
    return moment_ns > ago_ns ? moment_ns - ago_ns : 0;
}

static inline uint64_t impact__earlier_ns(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Whole milliseconds until `deadline_ns`, rounded up; 0 when it has passed. */
static inline uint32_t impact__remaining_ms(uint64_t deadline_ns)
{
    const uint64_t now = impact__clock_monotonic_ns();
    if (now >= deadline_ns)
        return 0;
    const uint64_t ms = (deadline_ns - now - 1) / IMPACT__NS_PER_MS + 1;
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

#endif
