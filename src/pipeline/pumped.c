/* Batchers without threads are pumped. */
#include "pipeline/pumped.h"

#include "base/clock.h"

/* Who waits hears of what he pumped himself. Another thread may be at it, and that is looked for:
 * the bell is for one, and a flush beside the host's loop is rare. */
enum { look_again_ms = 10 };

uint64_t impact__pump_all(const impact__pumped *pumped, uint64_t deadline_ns)
{
    uint64_t next_ns = UINT64_MAX;
    impact__caller_hush(pumped->caller);
    for (size_t i = 0; i < pumped->count; i++)
        next_ns =
            impact__earlier_ns(next_ns, impact__batcher_pump(pumped->batchers[i], deadline_ns));
    return next_ns;
}

typedef bool is_done_fn(const impact__pumped *pumped, const impact__batcher_wait *waits);

static bool are_flushed(const impact__pumped *pumped, const impact__batcher_wait *waits)
{
    for (size_t i = 0; i < pumped->count; i++)
        if (!impact__batcher_is_flushed(pumped->batchers[i], &waits[i]))
            return false;
    return true;
}

static bool have_ended(const impact__pumped *pumped, const impact__batcher_wait *waits)
{
    (void)waits; /* they are a flush's */
    for (size_t i = 0; i < pumped->count; i++)
        if (impact__batcher_is_running(pumped->batchers[i]))
            return false;
    return true;
}

static void pump_until(const impact__pumped *pumped, is_done_fn *is_done,
                       const impact__batcher_wait *waits, uint64_t deadline_ns)
{
    while (atomic_load(&pumped->caller->is_there) && !is_done(pumped, waits)) {
        const uint64_t next_ns = impact__pump_all(pumped, deadline_ns);
        if (is_done(pumped, waits) || impact__clock_monotonic_ns() >= deadline_ns)
            return;
        const uint64_t until_ns =
            impact__earlier_ns(next_ns, impact__deadline_after_ms(look_again_ms));
        impact__caller_wait(pumped->caller, impact__earlier_ns(until_ns, deadline_ns));
    }
}

void impact__pump_flush(const impact__pumped *pumped, const impact__batcher_wait *waits,
                        uint64_t deadline_ns)
{
    pump_until(pumped, are_flushed, waits, deadline_ns);
}

void impact__pump_shutdown(const impact__pumped *pumped, uint64_t deadline_ns)
{
    pump_until(pumped, have_ended, NULL, deadline_ns);
}
