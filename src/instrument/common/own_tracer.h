/* An instrumentor's tracer, asked for once. */
#ifndef IMPACT_INSTRUMENT_COMMON_OWN_TRACER_H
#define IMPACT_INSTRUMENT_COMMON_OWN_TRACER_H

#include <stdatomic.h>

#include <impact/trace.h>

/* The default provider's tracer of this name: never closed, whatever provider comes and goes, so it
 * may be kept. Two threads that ask first get the same one. NULL, the default tracer, is not
 * kept. */
static inline impact_tracer *impact__tracer_get(_Atomic(impact_tracer *) *kept, const char *name)
{
    impact_tracer *tracer = atomic_load_explicit(kept, memory_order_acquire); /* the store below */
    if (!tracer) {
        tracer = impact_tracer_get(name, impact_version());
        atomic_store_explicit(kept, tracer, memory_order_release);
    }
    return tracer;
}

#endif
