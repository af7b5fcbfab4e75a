/* The process's own provider: used by every tracer that has none of its own.
 *
 * DESIGN: after shutdown it is retired: it counts what still ends, and is freed once no thread can
 * be using it (grace.h), nobody is in a call of this file with it, and no worker hangs in an
 * exporter. That is looked at whenever a default is set, shut down or asked for. What the last one
 * counted is kept.
 */
#include "trace/default.h"

#include <assert.h>
#include <pthread.h>

#include "base/once.h"
#include "base/options.h"
#include "base/thread.h"
#include "trace/grace.h"
#include "trace/provider.h"

_Atomic(impact_tracer_provider *) impact__the_default_provider;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static bool is_reserved;                                 /* somebody is about to set the default */
static bool has_hold[impact__hold_count];
static impact_tracer_provider *retired; /* chained by next_retired */
static impact_tracer_provider *latest;  /* the default, or the last one, until it is freed */

typedef struct counters {
    impact_trace_stats sum;
    impact_trace_stats exporters[impact__exporter_limit];
    size_t exporter_count;
} counters;

static counters kept; /* what the last one had counted when it was freed */

/* ---- forks ---- */

static void before_fork(void *owner)
{
    (void)owner;                     /* there is one of all this only; likewise below */
    (void)pthread_mutex_lock(&lock); /* cannot fail for a normal lock; likewise below */
    (void)pthread_mutex_lock(&impact__default_tracers.lock);
}

static void after_fork_in_parent(void *owner)
{
    (void)owner;
    (void)pthread_mutex_unlock(&impact__default_tracers.lock);
    (void)pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void *owner)
{
    (void)owner;
    (void)pthread_mutex_unlock(&impact__default_tracers.lock);
    is_reserved = false; /* who was at it is not here */
    (void)pthread_mutex_unlock(&lock);
}

static void register_for_forks(void)
{
    static impact__fork_member member = {
        .prepare = before_fork, .in_parent = after_fork_in_parent, .in_child = after_fork_in_child};
    impact__grace_watch();           /* first: its lock is taken under ours */
    (void)impact__fork_add(&member); /* without it a child may wait for a lock at worst */
}

static void watch_forks(void)
{
    static impact__once once;
    impact__once_do(&once, register_for_forks);
}

/* ---- retired ones ---- */

/* Under the lock. */
static bool is_free(impact_tracer_provider *provider)
{
    assert(impact__lock_is_held(&lock));
    if (provider->users || provider->hold == IMPACT__NO_HOLD || atomic_load(&provider->is_at_exit))
        return false;
    provider->has_passed = provider->has_passed || impact__grace_has_passed();
    return provider->has_passed && impact__grace_is_free(provider->hold) &&
           !impact__provider_hangs(provider);
}

/* One that is free; NULL when there is none. The caller has it alone, for nothing happens to it any
 * more. */
static impact_tracer_provider *find_free(void)
{
    impact_tracer_provider *found = NULL;
    (void)pthread_mutex_lock(&lock);
    for (impact_tracer_provider *at = retired; at && !found; at = at->next_retired)
        if (is_free(at))
            found = at;
    if (found)
        found->users++;
    (void)pthread_mutex_unlock(&lock);
    return found;
}

/* Without the lock, for a provider's own are taken. */
static counters count(impact_tracer_provider *provider)
{
    counters all = {.sum.size = sizeof all.sum, .exporter_count = provider->batcher_count};
    impact_tracer_provider_get_stats(provider, &all.sum);
    for (size_t i = 0; i < all.exporter_count; i++) {
        all.exporters[i].size = sizeof all.exporters[i];
        (void)impact_tracer_provider_get_exporter_stats(provider, i,
                                                        &all.exporters[i]); /* it is there */
    }
    return all;
}

/* Under the lock. */
static void take_out(impact_tracer_provider *provider)
{
    assert(impact__lock_is_held(&lock));
    assert(!provider->users && has_hold[provider->hold]);
    impact_tracer_provider **at = &retired;
    while (*at != provider)
        at = &(*at)->next_retired;
    *at = provider->next_retired;
    has_hold[provider->hold] = false;
}

/* False: there was none, or somebody asks for its counters, and frees it then. */
static bool free_one(void)
{
    impact_tracer_provider *provider = find_free();
    if (!provider)
        return false;
    const counters all = count(provider);
    (void)pthread_mutex_lock(&lock);
    const bool is_ours = --provider->users == 0;
    if (is_ours) {
        take_out(provider);
        if (provider == latest) {
            kept = all;
            latest = NULL;
        }
    }
    (void)pthread_mutex_unlock(&lock);
    if (is_ours)
        impact_tracer_provider_close(provider);
    return is_ours;
}

static void free_retired(void)
{
    while (free_one())
        continue;
}

/* Under the lock: a hold that nobody has; without one the provider is never freed. */
static unsigned take_hold(void)
{
    assert(impact__lock_is_held(&lock));
    for (unsigned i = 0; i < impact__hold_count; i++) {
        if (has_hold[i])
            continue;
        has_hold[i] = true;
        return i;
    }
    return IMPACT__NO_HOLD;
}

/* ---- the default ---- */

impact_status impact__default_reserve(void)
{
    watch_forks();
    free_retired();
    (void)pthread_mutex_lock(&lock);
    const bool is_free = !is_reserved && !atomic_load(&impact__the_default_provider);
    is_reserved = is_reserved || is_free;
    (void)pthread_mutex_unlock(&lock);
    return is_free ? IMPACT_OK : IMPACT_EEXIST;
}

void impact__default_settle(impact_tracer_provider *provider)
{
    (void)pthread_mutex_lock(&lock);
    if (provider) {
        provider->hold = take_hold();
        latest = provider;
        /* Pairs with the load in impact__tracer_provider_of: who sees the provider sees it
         * whole. */
        atomic_store(&impact__the_default_provider, provider);
    }
    is_reserved = false;
    (void)pthread_mutex_unlock(&lock);
}

impact_status impact__trace_set_default(impact_tracer_provider *provider)
{
    const impact_status status = impact__default_reserve();
    if (status == IMPACT_OK)
        impact__default_settle(provider);
    return status;
}

/* The default, or the last one; NULL when there is none. It is not freed until it is let go of. */
static impact_tracer_provider *use_default(bool may_be_retired)
{
    (void)pthread_mutex_lock(&lock);
    impact_tracer_provider *provider =
        may_be_retired ? latest : atomic_load(&impact__the_default_provider);
    if (provider)
        provider->users++;
    (void)pthread_mutex_unlock(&lock);
    return provider;
}

static void let_go(impact_tracer_provider *provider)
{
    (void)pthread_mutex_lock(&lock);
    if (provider)
        provider->users--;
    (void)pthread_mutex_unlock(&lock);
    free_retired();
}

impact_status impact_trace_flush(uint32_t timeout_ms)
{
    const int held = impact__cancel_hold();
    impact_tracer_provider *provider = use_default(false);
    const impact_status status = impact_tracer_provider_flush(provider, timeout_ms);
    let_go(provider);
    impact__cancel_release(held);
    return status;
}

uint32_t impact_trace_pump(void)
{
    const int held = impact__cancel_hold();
    impact_tracer_provider *provider = use_default(false);
    const uint32_t wait_ms = impact_tracer_provider_pump(provider);
    let_go(provider);
    impact__cancel_release(held);
    return wait_ms;
}

int impact_trace_get_descriptor(void)
{
    impact_tracer_provider *provider = use_default(false);
    const int descriptor = impact_tracer_provider_get_descriptor(provider);
    let_go(provider);
    return descriptor;
}

/* Unset the default. It is used by the caller, and retired once that lets go of it. */
static impact_tracer_provider *retire_default(void)
{
    (void)pthread_mutex_lock(&lock);
    impact_tracer_provider *provider = atomic_exchange(&impact__the_default_provider, NULL);
    if (provider) {
        provider->users++;
        provider->next_retired = retired;
        retired = provider;
    }
    (void)pthread_mutex_unlock(&lock);
    return provider;
}

impact_status impact_trace_shutdown(uint32_t timeout_ms)
{
    const int held = impact__cancel_hold();
    impact_tracer_provider *provider = retire_default();
    impact_status status = IMPACT_OK;
    if (provider) {
        status = impact_tracer_provider_shutdown(provider, timeout_ms);
        if (status != IMPACT_ECLOSED) /* else another thread is at it, and they go with the rest */
            impact__provider_close_exporters(provider);
    }
    let_go(provider);
    impact__cancel_release(held);
    return status;
}

/* ---- counters ---- */

void impact_trace_get_stats(impact_trace_stats *stats)
{
    /* After shutdown too: they say what was lost. */
    impact_tracer_provider *provider = use_default(true);
    if (provider) {
        impact_tracer_provider_get_stats(provider, stats);
        let_go(provider);
        return;
    }
    free_retired(); /* older ones */
    (void)pthread_mutex_lock(&lock);
    (void)impact__struct_write(stats, &kept.sum, sizeof kept.sum); /* false: there is nowhere to */
    (void)pthread_mutex_unlock(&lock);
}

static impact_status get_kept(size_t number, impact_trace_stats *stats)
{
    impact_status status = IMPACT_ENOENT;
    (void)pthread_mutex_lock(&lock);
    if (number < kept.exporter_count)
        status = impact__struct_write(stats, &kept.exporters[number], sizeof kept.exporters[number])
                     ? IMPACT_OK
                     : IMPACT_EINVAL;
    (void)pthread_mutex_unlock(&lock);
    return status;
}

impact_status impact_trace_get_exporter_stats(size_t number, impact_trace_stats *stats)
{
    if (!stats)
        return IMPACT_EINVAL;
    impact_tracer_provider *provider = use_default(true);
    if (!provider)
        return get_kept(number, stats);
    const impact_status status = impact_tracer_provider_get_exporter_stats(provider, number, stats);
    let_go(provider);
    return status;
}

/* ---- tracers that go with whichever provider is the default ---- */

impact_tracer *impact_tracer_get_with(const impact_tracer_options *options)
{
    watch_forks();
    return impact__tracer_set_get(&impact__default_tracers, NULL, options);
}

impact_tracer *impact_tracer_get(const char *name, const char *version)
{
    return impact_tracer_get_with(IMPACT_TRACER_OPTIONS(.name = name, .version = version));
}
