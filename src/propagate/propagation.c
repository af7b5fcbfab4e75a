/* The process's propagator, and the table of those that have a name. */
#include <impact/propagation.h>

#include <stdatomic.h>

#include "base/text.h"
#include "propagate/formats.h"

/* What the program set, then what the environment says. NULL: nothing. A propagator is whole before
 * it is stored, and the loads in impact_propagation_get pair with that. */
static _Atomic(const impact_propagator *) chosen;
static _Atomic(const impact_propagator *) configured;

const impact_propagator *impact_propagator_find(const char *name)
{
    const impact_propagator *const table[] = {
        &impact__propagator_tracecontext, &impact__propagator_baggage, &impact__propagator_b3,
        &impact__propagator_b3multi,      &impact__propagator_jaeger,  &impact__propagator_xray,
        impact__propagator_none,
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (impact__text_equal_ignoring_case(impact_text_of(table[i]->name), impact_text_of(name)))
            return table[i];
    return NULL;
}

const impact_propagator *impact_propagation_get(void)
{
    const impact_propagator *found = atomic_load_explicit(&chosen, memory_order_acquire);
    if (!found)
        found = atomic_load_explicit(&configured, memory_order_acquire);
    return found ? found : impact__propagator_default;
}

impact_status impact_propagation_set(const impact_propagator *propagator)
{
    if (propagator && !impact__propagator_is_whole(propagator))
        return IMPACT_EINVAL;
    atomic_store_explicit(&chosen, propagator, memory_order_release);
    return IMPACT_OK;
}

void impact__propagation_set_configured(const impact_propagator *propagator)
{
    atomic_store_explicit(&configured, propagator, memory_order_release);
}

const impact_context *impact_propagation_extract(const impact_context *context,
                                                 const impact_carrier_getter *getter, void *carrier)
{
    const impact_propagator *propagator = impact_propagation_get();
    const impact_context *made =
        getter ? propagator->extract(propagator, context, getter, carrier) : NULL;
    return made ? made : impact_context_retain(context);
}

void impact_propagation_inject(const impact_context *context, impact_carrier_set_fn set,
                               void *carrier)
{
    const impact_propagator *propagator = impact_propagation_get();
    if (set)
        propagator->inject(propagator, context, set, carrier);
}
