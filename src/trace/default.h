/* The process's own provider, inside. */
#ifndef IMPACT_TRACE_DEFAULT_H
#define IMPACT_TRACE_DEFAULT_H

#include <stdatomic.h>

#include <impact/trace.h>

#include "trace/tracer.h"

extern _Atomic(impact_tracer_provider *) impact__the_default_provider;

/* Make `provider` the default, for the life of the process or until impact_trace_shutdown.
 * IMPACT_EEXIST when one is set. */
impact_status impact__trace_set_default(impact_tracer_provider *provider);

/* The provider that spans of a tracer go to; NULL when there is none. */
static inline impact_tracer_provider *impact__tracer_provider_of(const impact_tracer *tracer)
{
    if (tracer && tracer->provider)
        return tracer->provider;
    /* Pairs with the exchange in impact__trace_set_default. */
    return atomic_load_explicit(&impact__the_default_provider, memory_order_acquire);
}

#endif
