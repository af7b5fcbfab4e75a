/* Contexts, inside. */
#ifndef IMPACT_TRACE_CONTEXT_H
#define IMPACT_TRACE_CONTEXT_H

#include <impact/context.h>

#include "trace/thread_state.h"

struct impact_context {
    impact__shared shared; /* first */
    impact_span *span;     /* borrowed; it may have ended. NULL: none, or one of elsewhere */
    impact__identity identity;
    const struct impact_baggage *baggage; /* owned; it begins with an impact__shared */
    size_t value_count;
    struct impact__context_value *values[]; /* owned */
};

enum { impact__context_value_limit = 128 }; /* keys in a context */

/* `context`, or for NULL the current one, made if it is not yet: borrowed, while it is current. */
const impact_context *impact__context_or_current(const impact_context *context);

/* What is the parent of a span that starts in `context` (NULL: the current one); NULL: none.
 * Borrowed. */
const impact__identity *impact__context_identity(impact__thread_state *state,
                                                 const impact_context *context);

/* `context` (NULL: the current one) with a span of elsewhere in place of its own, or with none
 * where the identity is not valid, which is taken. Owned. */
const impact_context *impact__context_with_identity(const impact_context *context,
                                                    impact__identity identity);

/* impact_context_span_context, without a copy of a struct that is as large as the longest trace
 * state. */
void impact__context_show(impact_span_context *shown, const impact_context *context);

/* What outlives a span, which may be over if it is current on this thread still; else nothing.
 * Close it. */
impact__identity impact__context_identity_of(const impact_span *span);

#endif
