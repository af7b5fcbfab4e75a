/* What tracing keeps for each thread: ids, a clock anchor, what is current, span slots.
 *
 * Only its own thread touches it, so nothing here is locked or atomic.
 */
#ifndef IMPACT_TRACE_THREAD_STATE_H
#define IMPACT_TRACE_THREAD_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/span.h>

#include "base/clock.h"
#include "process/fork.h"
#include "base/random.h"
#include "base/thread.h"
#include "trace/scopes.h"
#include "trace/slot.h"

typedef struct impact__thread_state {
    impact__random random;
    unsigned generation; /* of the process, for which `random` was seeded: see process/fork.h */

    /* Wall time = monotonic time + anchor. Taken anew each second, so that a span costs one clock
     * read at each end and a step of the wall clock bends no duration. */
    uint64_t anchor_ns;
    uint64_t anchor_taken_ns;

    impact__scopes scopes;
    uint32_t suppressed;

    impact__slots slots;
    impact__owner *owner; /* of the spans that it starts */
    unsigned
        shared_bursts; /* how many it has seen, and spans that it begins shared for that: access.h */
    unsigned unbiased_left;
} impact__thread_state;

/* The calling thread's; made when it is first asked for. NULL when there is no memory. */
impact__thread_state *impact__thread_state_make(void);
extern _Thread_local impact__thread_state *impact__the_thread_state IMPACT__THREAD_LOCAL_MODEL;

static inline impact__thread_state *impact__thread_state_get(void)
{
    impact__thread_state *state = impact__the_thread_state;
    return __builtin_expect(state != NULL, 1) ? state : impact__thread_state_make();
}

/* The same, NULL if it was never made. */
static inline impact__thread_state *impact__thread_state_peek(void)
{
    return impact__the_thread_state;
}

/* Give the calling thread's back, as its end does. */
void impact__thread_state_release(void);

void impact__thread_state_new_anchor(impact__thread_state *state, uint64_t monotonic_ns);

void impact__thread_state_seed(impact__thread_state *state);

/* The thread's random numbers, seeded anew in a forked child. */
static inline impact__random *impact__thread_state_random(impact__thread_state *state)
{
    if (__builtin_expect(state->generation != impact__fork_generation(), 0))
        impact__thread_state_seed(state);
    return &state->random;
}

/* Now, as wall time; `anchor_ns` gets what to add to later monotonic readings. */
static inline uint64_t impact__thread_state_now(impact__thread_state *state, uint64_t *anchor_ns)
{
    const uint64_t monotonic_ns = impact__clock_monotonic_ns();
    if (__builtin_expect(monotonic_ns - state->anchor_taken_ns >= IMPACT__NS_PER_SEC, 0))
        impact__thread_state_new_anchor(state, monotonic_ns);
    *anchor_ns = state->anchor_ns;
    return monotonic_ns + state->anchor_ns;
}

#endif
