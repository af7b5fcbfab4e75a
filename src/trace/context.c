/* The spans that are current on a thread: a stack, entered and left by scopes. */
#include "trace/context.h"

impact_span *impact_span_current(void)
{
    const impact__thread_state *state = impact__thread_state_peek();
    return state ? impact__context_current(state) : NULL;
}

impact_scope impact_scope_enter(impact_span *span)
{
    impact_scope scope = {0};
    impact__thread_state *state = impact__thread_state_get();
    if (!state)
        return scope;
    scope.depth = state->scope_depth;
    if (state->scope_depth < impact__scope_limit)
        state->scopes[state->scope_depth] = span;
    state->scope_depth++;
    return scope;
}

void impact_scope_leave(impact_scope scope)
{
    impact__thread_state *state = impact__thread_state_peek();
    if (state && scope.depth < state->scope_depth)
        state->scope_depth = scope.depth;
}

/* What was current below it is so again. */
void impact__context_forget(impact__thread_state *state, const impact_span *span)
{
    uint32_t depth = state->scope_depth;
    if (depth > impact__scope_limit)
        depth = impact__scope_limit;
    for (uint32_t i = 0; i < depth; i++)
        if (state->scopes[i] == span)
            state->scopes[i] = i ? state->scopes[i - 1] : NULL;
}

void impact_tracing_suppress(void)
{
    impact__thread_state *state = impact__thread_state_get();
    if (state)
        state->suppressed++;
}

void impact_tracing_unsuppress(void)
{
    impact__thread_state *state = impact__thread_state_peek();
    if (state && state->suppressed)
        state->suppressed--;
}
