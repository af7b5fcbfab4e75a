/* The spans that are current on a thread, inside. */
#ifndef IMPACT_TRACE_CONTEXT_H
#define IMPACT_TRACE_CONTEXT_H

#include <impact/span.h>

#include "trace/thread_state.h"

/* The current span; NULL when there is none. */
static inline impact_span *impact__context_current(const impact__thread_state *state)
{
    uint32_t depth = state->scope_depth;
    if (depth > impact__scope_limit)
        depth = impact__scope_limit;
    return depth ? state->scopes[depth - 1] : NULL;
}

/* A span has ended: it is current nowhere on this thread any more. */
void impact__context_forget(impact__thread_state *state, const impact_span *span);

#endif
