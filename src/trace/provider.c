/* Tracer providers: open, flush, shut down, close. */
#include "trace/provider.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/options.h"
#include "base/thread.h"
#include "base/ticks.h"
#include "pipeline/pumped.h"
#include "process/diagnostics.h"
#include "trace/live_span.h"
#include "trace/trace_options.h"

/* An interrupted exporter has this long: timeout + 50 ms is promised. */
enum { interrupt_grace_ms = 40 };

/* ---- open ---- */

static uint32_t ordinary_room_of(const impact_span_limits *limits)
{
    const uint32_t bytes = limits->span_bytes;
    return bytes - impact__span_status_room(bytes) - impact__span_exception_room(bytes);
}

static void close_parts(impact_tracer_provider *provider)
{
    impact__tracer_set_clear(&provider->tracers);
    impact__caller_close(&provider->caller);
    if (provider->is_open) { /* what it was given is its own */
        impact__sampler_close(&provider->sampler);
        impact__id_generator_close(&provider->ids);
    }
    impact__encoded_resource_close(&provider->resource, provider->allocator);
    (void)pthread_mutex_destroy(&provider->tracers.lock); /* nobody holds them any more */
    (void)pthread_mutex_destroy(&provider->lock);
    impact__free(provider->allocator, provider);
}

/* One owner less; the last one frees. Ends what a batcher does, too. */
static void let_go(void *owner)
{
    impact_tracer_provider *provider = owner;
    /* Release and acquire: who frees comes after all that the others did. */
    if (atomic_fetch_sub(&provider->owners, 1) == 1)
        close_parts(provider);
}

static impact_text resource_of(const void *owner)
{
    return impact_tracer_provider_get_resource(owner);
}

static impact__scope scope_of(const void *owner, uint32_t number)
{
    const impact_tracer_provider *provider = owner;
    const impact_tracer *tracer = impact__tracer_by_number(&provider->tracers, number);
    return (impact__scope){impact__tracer_scope(tracer), impact__tracer_schema_url(tracer)};
}

static void note_server(impact__server *server, const impact_exporter *exporter)
{
    if (!exporter->server_address || strlen(exporter->server_address) >= sizeof server->address)
        return;
    memcpy(server->address, exporter->server_address, strlen(exporter->server_address) + 1);
    server->port = exporter->server_port;
}

static impact_status open_batcher(impact_tracer_provider *provider,
                                  const impact_trace_options *options, impact_exporter *exporter)
{
    assert(exporter);
    const impact__batcher_options whole = {
        .allocator = options->allocator,
        .exporter = exporter,
        .owner = {provider, resource_of, scope_of, impact_tracing_suppress, let_go,
                  impact_tracing_unsuppress},
        .caller = options->starts_no_thread ? &provider->caller : NULL,
        .exporter_number = (uint32_t)provider->batcher_count,
        .journal_directory = options->journal_directory,
        .keeps_open = options->journal_keeps_open,
        .queue_limit = options->queue_limit,
        .queue_bytes = options->queue_bytes,
        .batch_limit = options->batch_limit,
        .schedule_delay_ms = options->schedule_delay_ms,
        .export_timeout_ms = options->export_timeout_ms,
        .concurrent_export_limit = options->concurrent_export_limit,
    };
    const impact_status status =
        impact__batcher_open(&provider->batchers[provider->batcher_count], &whole);
    if (status == IMPACT_OK) {
        note_server(&provider->servers[provider->batcher_count],
                    impact__batcher_exporter(provider->batchers[provider->batcher_count]));
        provider->batcher_count++;
        atomic_fetch_add_explicit(&provider->owners, 1, memory_order_relaxed);
    }
    return status;
}

/* Of a provider that is not open: the exporters stay their owner's. */
static void abandon_batchers(impact_tracer_provider *provider)
{
    while (provider->batcher_count)
        impact__batcher_abandon(provider->batchers[--provider->batcher_count]);
}

static impact_status open_batchers(impact_tracer_provider *provider,
                                   const impact_trace_options *options)
{
    impact_status status = IMPACT_OK;
    for (size_t i = 0; options->exporters && i < options->exporter_count && !status; i++)
        status = open_batcher(provider, options, options->exporters[i]);
    if (provider->batcher_count && options->journal_directory && options->journal_keeps_open)
        atomic_store_explicit(&provider->processors.hooks, IMPACT__HOOK_OPEN, memory_order_relaxed);
    return status;
}

static impact_status open_parts(impact_tracer_provider *provider,
                                const impact_trace_options *options)
{
    if (!impact__sampler_open(&provider->sampler, &options->sampler) ||
        !impact__id_generator_open(&provider->ids, options->id_generator))
        return IMPACT_EINVAL;
    provider->limits = options->limits;
    provider->event_value_length_limit = options->event_value_length_limit;
    provider->ordinary_room = ordinary_room_of(&provider->limits);
    provider->is_disabled = options->is_disabled;
    provider->is_plain =
        !provider->is_disabled && !provider->ids.of && !provider->sampler.user_count;
    provider->uses_system_clock = options->uses_system_clock || !impact__ticks_look();
    impact_status status = impact__encoded_resource_open(&provider->resource, options);
    if (status == IMPACT_OK && options->starts_no_thread)
        status = impact__caller_open(&provider->caller);
    return status ? status : open_batchers(provider, options);
}

/* ---- forks ---- */

static void before_fork(void *owner)
{
    impact_tracer_provider *provider = owner;
    (void)pthread_mutex_lock(&provider->lock); /* cannot fail for a normal lock; likewise below */
    for (size_t i = 0; i < provider->batcher_count; i++)
        impact__batcher_before_fork(provider->batchers[i]);
    (void)pthread_mutex_lock(&provider->tracers.lock);
}

static void after_fork_in_parent(void *owner)
{
    impact_tracer_provider *provider = owner;
    (void)pthread_mutex_unlock(&provider->tracers.lock);
    for (size_t i = 0; i < provider->batcher_count; i++)
        impact__batcher_after_fork_in_parent(provider->batchers[i]);
    (void)pthread_mutex_unlock(&provider->lock);
}

static void after_fork_in_child(void *owner)
{
    impact_tracer_provider *provider = owner;
    atomic_store_explicit(&provider->dropped_memory, 0, memory_order_relaxed);
    atomic_store_explicit(&provider->dropped_closed, 0, memory_order_relaxed);
    atomic_store_explicit(&provider->without_batcher, 0, memory_order_relaxed);
    impact__encoded_resource_renew(&provider->resource);
    (void)pthread_mutex_unlock(&provider->tracers.lock);
    for (size_t i = 0; i < provider->batcher_count; i++)
        impact__batcher_after_fork_in_child(provider->batchers[i], provider->is_shutting_down);
    (void)pthread_mutex_unlock(&provider->lock);
}

static impact_status register_for_forks(impact_tracer_provider *provider)
{
    provider->fork_member = (impact__fork_member){
        .prepare = before_fork,
        .in_parent = after_fork_in_parent,
        .in_child = after_fork_in_child,
        .owner = provider,
    };
    const impact_status status = impact__diagnostics_open();
    return status ? status : impact__fork_add(&provider->fork_member);
}

/* ---- the end of the process ---- */

static void at_exit(void *owner)
{
    impact_tracer_provider *provider = owner;
    /* A processor that is shut down may shut tracing down in its turn. */
    atomic_store(&provider->is_at_exit, true);
    (void)impact_tracer_provider_shutdown(
        provider, provider->exit_timeout_ms); /* nobody is left to be told */
}

static impact_status register_for_exit(impact_tracer_provider *provider)
{
    provider->exit_member = (impact__exit_member){.at_exit = at_exit, .owner = provider};
    return provider->exit_timeout_ms ? impact__exit_add(&provider->exit_member) : IMPACT_OK;
}

/* ---- open, the whole ---- */

static void take_processors(impact_tracer_provider *provider, const impact_trace_options *options)
{
    for (size_t i = 0; options->processors && i < options->processor_count; i++)
        (void)impact__processors_add(&provider->processors,
                                     options->processors[i]); /* they are sound and few */
}

/* `options` are complete. */
static impact_status open_known(impact_tracer_provider **provider,
                                const impact_trace_options *options)
{
    impact_tracer_provider *made = impact__alloc(options->allocator, sizeof *made);
    if (!made)
        return IMPACT_ENOMEM;
    made->allocator = options->allocator;
    made->hold = IMPACT__NO_HOLD;
    atomic_init(&made->owners, 1);
    (void)pthread_mutex_init(&made->lock, NULL); /* cannot fail on Linux; likewise below */
    (void)pthread_mutex_init(&made->tracers.lock, NULL);
    impact_status status = open_parts(made, options);
    made->exit_timeout_ms = options->exit_timeout_ms;
    if (status == IMPACT_OK)
        status = register_for_exit(made);
    if (status == IMPACT_OK)
        status = register_for_forks(made);
    if (status) {
        impact__exit_remove(&made->exit_member);
        abandon_batchers(made);
        let_go(made);
        return status;
    }
    take_processors(made, options);
    made->is_open = true;
    for (size_t i = 0; i < made->batcher_count; i++)
        impact__batcher_look_for_orphans(made->batchers[i]);
    *provider = made;
    return IMPACT_OK;
}

impact_status impact_tracer_provider_open(impact_tracer_provider **provider,
                                          const impact_trace_options *options)
{
    impact_trace_options known;
    if (!provider || !impact__struct_read(&known, sizeof known, options))
        return IMPACT_EINVAL;
    impact__trace_options_complete(&known);
    impact_status status = impact__trace_options_check(&known);
    if (status == IMPACT_OK)
        status = open_known(provider, &known);
    impact__diagnostics_say();
    return status;
}

impact_status impact_tracer_provider_add_processor(impact_tracer_provider *provider,
                                                   impact_span_processor *processor)
{
    if (!provider || !impact__processor_is_sound(processor))
        return IMPACT_EINVAL;
    (void)pthread_mutex_lock(&provider->lock);
    const impact_status status = provider->is_shutting_down
                                     ? IMPACT_ECLOSED
                                     : impact__processors_add(&provider->processors, processor);
    (void)pthread_mutex_unlock(&provider->lock);
    return status;
}

/* ---- flush and shutdown: of all batchers at the same time ---- */

static impact_status worse(impact_status a, impact_status b)
{
    if (a == IMPACT_ETIMEDOUT || b == IMPACT_ETIMEDOUT)
        return IMPACT_ETIMEDOUT;
    return a ? a : b;
}

static impact__pumped pumped_of(impact_tracer_provider *provider)
{
    return (impact__pumped){&provider->caller, provider->batchers, provider->batcher_count};
}

static impact_status flush_all(impact_tracer_provider *provider, uint64_t deadline_ns)
{
    impact__batcher_wait waits[impact__exporter_limit];
    const impact__pumped pumped = pumped_of(provider);
    for (size_t i = 0; i < provider->batcher_count; i++)
        impact__batcher_begin_flush(provider->batchers[i], &waits[i]);
    impact_status status = impact__processors_flush(&provider->processors, deadline_ns);
    impact__pump_flush(&pumped, waits, deadline_ns);
    for (size_t i = 0; i < provider->batcher_count; i++)
        status =
            worse(status, impact__batcher_end_flush(provider->batchers[i], &waits[i], deadline_ns));
    return status;
}

impact_status impact_tracer_provider_flush(impact_tracer_provider *provider, uint32_t timeout_ms)
{
    if (!provider)
        return IMPACT_OK;
    const int held = impact__cancel_hold();
    const impact_status status = flush_all(provider, impact__deadline_after_ms(timeout_ms));
    impact__cancel_release(held);
    impact__diagnostics_say();
    return status;
}

/* False: some still run. */
static bool wait_for_workers(impact_tracer_provider *provider, uint64_t deadline_ns)
{
    bool have_ended = true;
    const impact__pumped pumped = pumped_of(provider);
    impact__pump_shutdown(&pumped, deadline_ns);
    for (size_t i = 0; i < provider->batcher_count; i++)
        have_ended &= impact__batcher_wait_for_worker(provider->batchers[i], deadline_ns);
    return have_ended;
}

static void end_workers(impact_tracer_provider *provider, uint64_t deadline_ns)
{
    if (wait_for_workers(provider, deadline_ns))
        return;
    for (size_t i = 0; i < provider->batcher_count; i++)
        if (!impact__batcher_wait_for_worker(provider->batchers[i], 0))
            impact__batcher_interrupt(provider->batchers[i]);
    (void)wait_for_workers(provider, impact__deadline_after_ms(interrupt_grace_ms));
}

static impact_status shut_down_all(impact_tracer_provider *provider, uint64_t deadline_ns)
{
    impact__batcher_wait waits[impact__exporter_limit];
    for (size_t i = 0; i < provider->batcher_count; i++)
        impact__batcher_begin_shutdown(provider->batchers[i], &waits[i], deadline_ns);
    impact_status status = impact__processors_shutdown(&provider->processors, deadline_ns);
    end_workers(provider, deadline_ns);
    for (size_t i = 0; i < provider->batcher_count; i++)
        status = worse(status,
                       impact__batcher_end_shutdown(provider->batchers[i], &waits[i], deadline_ns));
    return status;
}

/* True for the first who comes. */
static bool begin_shutdown(impact_tracer_provider *provider)
{
    (void)pthread_mutex_lock(&provider->lock);
    const bool is_first = !provider->is_shutting_down;
    provider->is_shutting_down = true;
    (void)pthread_mutex_unlock(&provider->lock);
    if (is_first)
        atomic_store_explicit(&provider->is_shut_down, true, memory_order_relaxed);
    return is_first;
}

impact_status impact_tracer_provider_shutdown(impact_tracer_provider *provider, uint32_t timeout_ms)
{
    if (!provider)
        return IMPACT_OK;
    const int held = impact__cancel_hold();
    const impact_status status =
        begin_shutdown(provider) ? shut_down_all(provider, impact__deadline_after_ms(timeout_ms))
                                 : IMPACT_ECLOSED;
    impact__cancel_release(held);
    impact__diagnostics_say();
    return status;
}

/* ---- close ---- */

bool impact__provider_hangs(const impact_tracer_provider *provider)
{
    for (size_t i = 0; i < provider->batcher_count; i++)
        if (impact__batcher_is_running(provider->batchers[i]))
            return true;
    return false;
}

void impact__provider_close_exporters(impact_tracer_provider *provider)
{
    for (size_t i = 0; i < provider->batcher_count; i++)
        impact__batcher_close_exporter(provider->batchers[i]);
}

void impact_tracer_provider_close(impact_tracer_provider *provider)
{
    if (!provider)
        return;
    impact__exit_remove(&provider->exit_member);
    (void)impact_tracer_provider_shutdown(provider, 0); /* the counters tell what it could not do */
    impact__fork_remove(&provider->fork_member);
    const size_t count = provider->batcher_count;
    for (size_t i = 0; i < count; i++)
        impact__batcher_close(provider->batchers[i]);
    impact__processors_close(&provider->processors);
    let_go(provider);
}

/* ---- questions ---- */

/* Records nothing, for nobody. */
static impact_tracer_provider nobody = {.is_disabled = true};
static impact_tracer idle_tracer = {.provider = &nobody};

impact_tracer *impact_tracer_provider_get_tracer_with(impact_tracer_provider *provider,
                                                      const impact_tracer_options *options)
{
    /* trace/sdk "Shutdown": then a tracer does nothing. */
    if (provider && atomic_load_explicit(&provider->is_shut_down, memory_order_relaxed))
        return &idle_tracer;
    return provider ? impact__tracer_set_get(&provider->tracers, provider, options) : NULL;
}

impact_tracer *impact_tracer_provider_get_tracer(impact_tracer_provider *provider, const char *name,
                                                 const char *version)
{
    return impact_tracer_provider_get_tracer_with(
        provider, IMPACT_TRACER_OPTIONS(.name = name, .version = version));
}

impact_text impact_tracer_provider_get_resource(const impact_tracer_provider *provider)
{
    return provider ? impact_text_from(provider->resource.bytes, provider->resource.size)
                    : impact_text_from(NULL, 0);
}
