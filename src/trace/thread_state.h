/* What tracing keeps for each thread: ids, a clock, what is current, span slots.
 *
 * Only its own thread touches it, so nothing here is locked or atomic.
 */
#ifndef IMPACT_TRACE_THREAD_STATE_H
#define IMPACT_TRACE_THREAD_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/span.h>

#include "process/fork.h"
#include "base/random.h"
#include "base/thread.h"
#include "trace/scopes.h"
#include "trace/slot.h"
#include "trace/span_clock.h"

typedef struct impact__thread_state {
    char apart_1[64]; /* its neighbours are read by other threads, and it is written all the time */
    impact__random random;
    unsigned generation; /* of the process, for which `random` was seeded: see process/fork.h */

    impact__span_clock clock;
    impact__scopes scopes;
    uint32_t suppressed;

    impact__slots slots;
    impact__owner *owner;   /* of the spans that it starts */
    unsigned shared_bursts; /* seen by it */
    unsigned unbiased_left; /* spans that it begins shared for that: access.h */
    char apart_2[64];
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

void impact__thread_state_seed(impact__thread_state *state);

/* The thread's random numbers, seeded anew in a forked child. */
static inline impact__random *impact__thread_state_random(impact__thread_state *state)
{
    if (__builtin_expect(state->generation != impact__fork_generation(), 0))
        impact__thread_state_seed(state);
    return &state->random;
}

#endif
