/* The tracer providers that there are, of all interpreters of the process, for who asks without
 * one: the thread that ends a process, and the check of the telemetry.
 *
 * DESIGN: who visits them does it without the lock, for the core takes locks of its own, and a fork
 * takes all of them in an order that is not ours. What is visited is kept by a count: who removes a
 * provider waits until nobody visits, and who adds one puts it before those that are visited. */
#include "core.h"

#include <pthread.h>

#include <impact/process.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below; held over a fork */
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;   /* visitor_count has become 0 */
static provider_object *providers;
static unsigned visitor_count;
static unsigned next_component; /* no number is given twice */

/* ---- forks ---- */

static void take_lock(void *unused)
{
    (void)unused;                    /* there is one list; likewise below */
    (void)pthread_mutex_lock(&lock); /* cannot fail for a normal lock; likewise below */
}

static void give_lock(void *unused)
{
    (void)unused;
    (void)pthread_mutex_unlock(&lock);
}

/* Nobody visits in the child, and nobody waits. */
static void give_lock_in_child(void *unused)
{
    (void)unused;
    visitor_count = 0;
    (void)pthread_cond_init(&left, NULL);
    (void)pthread_mutex_unlock(&lock);
}

static impact_fork_member *member; /* to the end of the process; NULL: there was no memory */

static void watch_forks(void)
{
    const impact_status status =
        impact_fork_add(&member, IMPACT_FORK_HANDLERS(.before = take_lock, .in_parent = give_lock,
                                                      .in_child = give_lock_in_child));
    (void)status; /* only a fork at the wrong moment would hurt */
}

/* ---- the list ---- */

static unsigned exporter_count(impact_tracer_provider *provider)
{
    unsigned count = 0;
    impact_trace_stats stats = {.size = sizeof stats};
    while (!impact_tracer_provider_get_exporter_stats(provider, count, &stats))
        count++;
    return count;
}

void providers_add(provider_object *provider)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, watch_forks); /* cannot fail */
    const unsigned component_count = exporter_count(provider->provider);
    take_lock(NULL);
    provider->first_component = next_component;
    next_component += component_count;
    provider->next = providers;
    providers = provider;
    give_lock(NULL);
}

void providers_remove(const provider_object *provider)
{
    take_lock(NULL);
    while (visitor_count)
        (void)pthread_cond_wait(&left, &lock);
    provider_object **at = &providers;
    while (*at && *at != provider)
        at = &(*at)->next;
    if (*at)
        *at = provider->next;
    give_lock(NULL);
}

void providers_visit(void (*visit)(const provider_object *provider, void *userdata), void *userdata)
{
    take_lock(NULL);
    visitor_count++;
    const provider_object *each = providers;
    give_lock(NULL);
    for (; each; each = each->next)
        visit(each, userdata);
    take_lock(NULL);
    if (--visitor_count == 0)
        (void)pthread_cond_broadcast(&left);
    give_lock(NULL);
}

/* ---- their counters ---- */

static void add_stats(const provider_object *provider, void *userdata)
{
    impact_trace_stats *sum = userdata;
    impact_trace_stats stats = {.size = sizeof stats};
    impact_tracer_provider_get_stats(provider->provider, &stats);
    sum->ended += stats.ended;
    sum->queued += stats.queued;
    sum->in_flight += stats.in_flight;
    sum->exported += stats.exported;
    sum->dropped_full += stats.dropped_full;
    sum->dropped_memory += stats.dropped_memory;
    sum->dropped_closed += stats.dropped_closed;
    sum->rejected += stats.rejected;
    sum->failed += stats.failed;
}

void providers_stats(void *unused, impact_trace_stats *sum)
{
    (void)unused;
    providers_visit(add_stats, sum);
}
