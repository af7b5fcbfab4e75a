/* The span of a block: IMPACT_SPAN. */
#include <impact/span.h>

#include <stddef.h>

impact_span_guard impact_span_guard_open(const char *name)
{
    impact_span_guard guard = {.is_open = true};
    guard.span = impact_span_start(NULL, name, NULL);
    guard.scope = impact_scope_enter(guard.span ? guard.span : impact_span_current());
    return guard;
}

void impact_span_guard_close(impact_span_guard *guard)
{
    if (!guard)
        return;
    impact_scope_leave(guard->scope);
    impact_span_end(guard->span);
    /* No stack is that deep: to leave it again, as the end of the block does, changes nothing. */
    *guard = (impact_span_guard){.scope = {.depth = UINT32_MAX}};
}
