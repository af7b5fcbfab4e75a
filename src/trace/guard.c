/* The span of a block: what IMPACT_SPAN declares. */
#include <impact/span.h>

#include <stddef.h>

impact_span_guard impact_span_guard_open(const char *name)
{
    impact_span_guard guard = {.span = impact_span_start(NULL, name, NULL)};
    if (guard.span) /* else what is current stays so */
        guard.scope = impact_scope_enter(guard.span);
    return guard;
}

void impact_span_guard_close(impact_span_guard *guard)
{
    if (!guard)
        return;
    impact_scope_leave(guard->scope);
    impact_span_end(guard->span);
    *guard = (impact_span_guard){.span = NULL}; /* the end of the block closes it again */
}
