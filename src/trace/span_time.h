/* Now, for spans: by the clock that their provider wants. */
#ifndef IMPACT_TRACE_SPAN_TIME_H
#define IMPACT_TRACE_SPAN_TIME_H

#include "trace/live_span.h"
#include "trace/provider.h"
#include "trace/thread_state.h"

/* Monotonic. */
static inline uint64_t impact__span_time_of(const impact_tracer_provider *provider,
                                            impact__thread_state *state)
{
    return __builtin_expect(provider->uses_system_clock, 0)
               ? impact__span_clock_read_system(&state->clock)
               : impact__span_clock_read(&state->clock);
}

/* As wall time of a span that is live. */
static inline uint64_t impact__span_time_now(const impact__span *span)
{
    impact__thread_state *state = impact__thread_state_peek();
    return (state ? impact__span_time_of(span->provider, state) : impact__clock_monotonic_ns()) +
           span->anchor_ns;
}

#endif
