/* A pulse: one store, which nothing waits for and nothing is told of; whoever looks judges. */
#include "health/pulse.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/clock.h"

struct impact_health_pulse {
    _Atomic uint64_t felt_ns; /* first (impact/health.h); nothing else depends on it, so it is
                                 relaxed */
    const impact_allocator *allocator; /* borrowed */
    atomic_uint holders;
};

impact_health_pulse *impact__pulse_open(const impact_allocator *allocator)
{
    impact_health_pulse *pulse = impact__alloc(allocator, sizeof *pulse);
    if (!pulse)
        return NULL;
    pulse->allocator = allocator;
    atomic_init(&pulse->felt_ns, 0);
    atomic_init(&pulse->holders, 1);
    return pulse;
}

void impact__pulse_hold(impact_health_pulse *pulse)
{
    atomic_fetch_add_explicit(&pulse->holders, 1, memory_order_relaxed);
}

void impact_health_pulse_close(impact_health_pulse *pulse)
{
    /* Release, so that what others did with it is over; acquire, before the last one frees it. */
    if (pulse && atomic_fetch_sub_explicit(&pulse->holders, 1, memory_order_acq_rel) == 1)
        impact__free(pulse->allocator, pulse);
}

/* For who has only the library, and not its header. */
void(impact_health_beat)(impact_health_pulse *pulse)
{
    if (pulse)
        atomic_store_explicit(&pulse->felt_ns, impact__clock_coarse_ns(), memory_order_relaxed);
}

static_assert(offsetof(struct impact_health_pulse, felt_ns) == 0 &&
                  sizeof(_Atomic uint64_t) == sizeof(uint64_t),
              "the header stores there");

uint64_t impact__pulse_felt_ns(const impact_health_pulse *pulse)
{
    return pulse ? atomic_load_explicit(&pulse->felt_ns, memory_order_relaxed) : 0;
}

void impact__pulse_forget(impact_health_pulse *pulse)
{
    if (pulse)
        atomic_store_explicit(&pulse->felt_ns, 0, memory_order_relaxed);
}
