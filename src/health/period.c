/* A period.
 *
 * DESIGN: many copies of a service start together, and would ask what they depend on together ever
 * after. So only the first run comes at once, because readiness waits for it; the second comes
 * after a random part of the period, and from then on each takes nine to eleven tenths of it. */
#include "health/period.h"

#include <assert.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/thread.h"

static uint64_t below(impact__period *period, uint64_t limit)
{
    return impact__random_next(&period->random) % limit;
}

static uint64_t until_next(impact__period *period)
{
    const uint64_t length = period->length_ns;
    if (!period->has_phase)
        return below(period, length) + 1;
    return length - length / 10 + below(period, length / 5 + 1);
}

static void ask(impact__alarm *alarm)
{
    impact__period *period = (impact__period *)((char *)alarm - offsetof(impact__period, due));
    impact__engine *engine = period->job->engine;
    const uint64_t next_ns = impact__clock_monotonic_ns() + until_next(period);
    period->has_phase = true;
    (void)impact__engine_ask(engine, period->job); /* nobody waits for this run */
    impact__engine_set(engine, alarm, next_ns);
}

void impact__period_open(impact__period *period, impact__job *job)
{
    *period = (impact__period){.job = job, .due = {.ring = ask}};
}

void impact__period_start(impact__period *period, uint64_t length_ns, uint64_t delay_ns)
{
    impact__engine *engine = period->job->engine;
    assert(impact__lock_is_held(&engine->lock));
    period->length_ns = length_ns;
    period->has_phase = false;
    impact__random_seed(&period->random);
    if (length_ns)
        impact__engine_set(engine, &period->due, impact__clock_monotonic_ns() + delay_ns);
    else
        impact__engine_unset(engine, &period->due);
}

void impact__period_hurry(impact__period *period)
{
    assert(impact__lock_is_held(&period->job->engine->lock));
    if (period->due.is_set)
        impact__engine_set(period->job->engine, &period->due, impact__clock_monotonic_ns());
}

void impact__period_look(impact__period *period, uint64_t now_ns)
{
    assert(impact__lock_is_held(&period->job->engine->lock));
    if (!period->due.is_set || period->due.at_ns > now_ns)
        return;
    impact__engine_unset(period->job->engine, &period->due);
    ask(&period->due);
}
