/* The process's own provider: set once, used by every tracer that has none of its own.
 *
 * A default provider is never freed: another thread may be about to start a span with it. After
 * shutdown it stays where it can be found, and counts what still ends.
 */
#include "trace/default.h"

#include "trace/provider.h"

_Atomic(impact_tracer_provider *) impact__the_default_provider;

/* The one that was the default last, be it still or not; the others are chained behind it. */
static _Atomic(impact_tracer_provider *) latest;

static impact__tracer_set default_tracers = {.lock = PTHREAD_MUTEX_INITIALIZER};

impact_status impact__trace_set_default(impact_tracer_provider *provider)
{
    impact_tracer_provider *none = NULL;
    provider->previous_default = atomic_load(&latest);
    /* Pairs with the load in impact__tracer_provider_of: who sees the provider sees it whole. */
    if (!atomic_compare_exchange_strong(&impact__the_default_provider, &none, provider))
        return IMPACT_EEXIST;
    atomic_store(&latest, provider); /* pairs with the load in impact_trace_get_stats */
    return IMPACT_OK;
}

impact_status impact_trace_flush(uint32_t timeout_ms)
{
    return impact_tracer_provider_flush(impact__tracer_provider_of(NULL), timeout_ms);
}

impact_status impact_trace_shutdown(uint32_t timeout_ms)
{
    impact_tracer_provider *provider = atomic_exchange(&impact__the_default_provider, NULL);
    if (!provider)
        return IMPACT_OK;
    const impact_status status = impact_tracer_provider_shutdown(provider, timeout_ms);
    impact__provider_retire(provider);
    return status;
}

void impact_trace_get_stats(impact_trace_stats *stats)
{
    /* After shutdown too: they say what was lost. */
    impact_tracer_provider_get_stats(atomic_load(&latest), stats);
}

static void before_fork(void *owner)
{
    (void)owner; /* there is one set only; likewise below */
    (void)pthread_mutex_lock(&default_tracers.lock);
}

static void after_fork(void *owner)
{
    (void)owner;
    (void)pthread_mutex_unlock(&default_tracers.lock);
}

static void register_for_forks(void)
{
    static impact__fork_member member = {
        .prepare = before_fork, .in_parent = after_fork, .in_child = after_fork};
    (void)impact__fork_add(&member); /* without it a child may wait for a lock at worst */
}

impact_tracer *impact_tracer_get_with(const impact_tracer_options *options)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, register_for_forks); /* cannot fail */
    return impact__tracer_set_get(&default_tracers, NULL, options);
}

impact_tracer *impact_tracer_get(const char *name, const char *version)
{
    return impact_tracer_get_with(IMPACT_TRACER_OPTIONS(.name = name, .version = version));
}
