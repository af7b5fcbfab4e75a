/* What of a span outlives it: its context, as spans, scopes and contexts keep it.
 *
 * The trace state belongs to the trace, so all of them in a process share one copy.
 */
#ifndef IMPACT_TRACE_IDENTITY_H
#define IMPACT_TRACE_IDENTITY_H

#include <string.h>

#include <impact/span_context.h>

#include "base/shared_text.h"

typedef struct impact__identity {
    impact_trace_id trace_id;
    impact_span_id span_id;
    uint8_t trace_flags;
    bool is_remote;
    impact__shared_text *trace_state; /* owned; NULL: empty */
} impact__identity;

/* Of a context that a program made; without memory the trace state is dropped, which W3C 3.3.1.5
 * permits. Close it. */
impact__identity impact__identity_of(const impact_span_context *context);

/* What of a trace state may leave, kept: NULL for nothing. */
impact__shared_text *impact__identity_keep_trace_state(impact_text trace_state);

/* The same, with another owner of its trace state. */
static inline impact__identity impact__identity_copy(const impact__identity *identity)
{
    if (identity->trace_state)
        (void)impact__shared_retain(identity->trace_state);
    return *identity;
}

static inline void impact__identity_close(impact__identity *identity)
{
    if (!identity->trace_state)
        return;
    impact__shared_release(identity->trace_state);
    identity->trace_state = NULL;
}

/* As programs see it. What is behind the end of its trace state is left as it was, for it is
 * long. */
void impact__identity_show(impact_span_context *context, const impact__identity *identity);

static inline bool impact__identity_is_valid(const impact__identity *identity)
{
    uint64_t id[2];
    uint64_t span_id;
    memcpy(id, &identity->trace_id, sizeof id);
    memcpy(&span_id, &identity->span_id, sizeof span_id);
    return (id[0] | id[1]) && span_id;
}

#endif
