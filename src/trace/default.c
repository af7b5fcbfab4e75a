/* The process's own provider: set once, used by every tracer that has none of its own.
 *
 * A default provider is never freed: another thread may be about to start a span with it. After
 * shutdown it stays where it can be found, and counts what still ends.
 */
#include "trace/default.h"

#include "trace/provider.h"

_Atomic(impact_tracer_provider *) impact__the_default_provider;

enum { retired_limit = 64 };

/* Providers that were the default. Only so that they are not lost to those who look for leaks. */
static impact_tracer_provider *retired[retired_limit];
static atomic_size_t retired_count;

static impact__tracer_set default_tracers = {.lock = PTHREAD_MUTEX_INITIALIZER};

impact_status impact__trace_set_default(impact_tracer_provider *provider)
{
    impact_tracer_provider *none = NULL;
    /* Pairs with the load in impact__tracer_provider_of: who sees the provider sees it whole. */
    return atomic_compare_exchange_strong(&impact__the_default_provider, &none, provider)
               ? IMPACT_OK
               : IMPACT_EEXIST;
}

impact_status impact_trace_flush(uint32_t timeout_ms)
{
    return impact_tracer_provider_flush(impact__tracer_provider_of(NULL), timeout_ms);
}

static void retire(impact_tracer_provider *provider)
{
    const size_t index = atomic_fetch_add(&retired_count, 1);
    if (index < retired_limit)
        retired[index] = provider;
}

impact_status impact_trace_shutdown(uint32_t timeout_ms)
{
    impact_tracer_provider *provider = atomic_exchange(&impact__the_default_provider, NULL);
    if (!provider)
        return IMPACT_OK;
    const impact_status status = impact_tracer_provider_shutdown(provider, timeout_ms);
    retire(provider);
    return status;
}

void impact_trace_get_stats(impact_trace_stats *stats)
{
    impact_tracer_provider *provider = impact__tracer_provider_of(NULL);
    const size_t count = atomic_load(&retired_count);
    if (!provider && count && count <= retired_limit)
        provider = retired[count - 1]; /* after shutdown: the last one's, which say what was lost */
    impact_tracer_provider_get_stats(provider, stats);
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

impact_tracer *impact_tracer_get(const char *name, const char *version)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, register_for_forks); /* cannot fail */
    return impact__tracer_set_get(&default_tracers, NULL, name, version);
}
