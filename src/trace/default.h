/* The process's own provider, inside. */
#ifndef IMPACT_TRACE_DEFAULT_H
#define IMPACT_TRACE_DEFAULT_H

#include <stdatomic.h>

#include <impact/trace.h>

#include "trace/tracer.h"

extern _Atomic(impact_tracer_provider *) impact__the_default_provider;

/* Keep the place of the default for one that is about to be opened. IMPACT_EEXIST when one is set,
 * or somebody else is at it. Settle it afterwards, with NULL when it could not be opened. */
impact_status impact__default_reserve(void);
void impact__default_settle(impact_tracer_provider *provider);

/* Make `provider` the default, for the life of the process or until impact_trace_shutdown.
 * IMPACT_EEXIST when one is set. */
impact_status impact__trace_set_default(impact_tracer_provider *provider);

/* The provider that spans of a tracer go to; NULL when there is none. */
static inline impact_tracer_provider *impact__tracer_provider_of(const impact_tracer *tracer)
{
    if (tracer && tracer->provider)
        return tracer->provider;
    /* Pairs with the store in impact__default_settle. */
    return atomic_load_explicit(&impact__the_default_provider, memory_order_acquire);
}

#endif
