/* Seeds for the id generators. */
#include "base/random.h"

#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"

/* SplitMix64: spreads a weak seed over a state that is never all zero. */
static uint64_t spread(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void impact__random_seed(impact__random *random)
{
    /* Before the kernel's pool is ready (early boot) we would rather have a weak id than wait. */
    const int held = impact__cancel_hold(); /* who begins a span is in the middle of something */
    const ssize_t size = getrandom(random->state, sizeof random->state, GRND_NONBLOCK);
    impact__cancel_release(held);
    if (size == sizeof random->state)
        return;
    uint64_t weak = impact__clock_unix_ns() ^ impact__clock_monotonic_ns() << 20 ^
                    (uint64_t)getpid() << 40 ^ (uint64_t)(uintptr_t)random;
    for (int i = 0; i < 2; i++)
        random->state[i] = spread(&weak);
}
