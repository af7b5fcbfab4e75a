/* Tracer providers: open, flush, shut down, close, count. The worker is in worker.c. */
#include "trace/provider.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/options.h"
#include "process/diagnostics.h"
#include "base/thread.h"
#include "signal/encode.h"

/* The specification's defaults: trace/sdk "Batching processor", "Span Limits". */
enum {
    default_queue_limit = 2048,
    default_batch_limit = 512,
    default_schedule_delay_ms = 5000,
    default_export_timeout_ms = 30000,
    default_count_limit = 128,
    span_bytes_least = 1024,
    span_bytes_most = 16 << 20,
    attribute_place_limit = 1 << 16,              /* more attributes than a span has room for */
    batch_reserve_size = impact__span_size_limit, /* any one span: the worker can always drain */
    interrupt_grace_ms =
        40, /* an interrupted exporter has this long: timeout + 50 ms is promised */
};

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

/* ---- open ---- */

static void set_limits(impact_span_limits *to, const impact_span_limits *from)
{
    to->attribute_limit = or_default(from->attribute_limit, default_count_limit);
    if (to->attribute_limit > attribute_place_limit)
        to->attribute_limit = attribute_place_limit;
    to->event_limit = or_default(from->event_limit, default_count_limit);
    to->link_limit = or_default(from->link_limit, default_count_limit);
    to->event_attribute_limit = or_default(from->event_attribute_limit, default_count_limit);
    to->link_attribute_limit = or_default(from->link_attribute_limit, default_count_limit);
    to->value_length_limit = from->value_length_limit;
    to->span_bytes = or_default(from->span_bytes, impact__span_size_limit);
    if (to->span_bytes < span_bytes_least)
        to->span_bytes = span_bytes_least;
    if (to->span_bytes > span_bytes_most)
        to->span_bytes = span_bytes_most;
}

static impact_status open_batch(impact_tracer_provider *provider, uint32_t queue_limit)
{
    if (provider->batch_limit > queue_limit)
        provider->batch_limit = queue_limit;
    const size_t count = provider->batch_limit;
    provider->batch.bytes = IMPACT__BUFFER(provider->allocator);
    provider->batch.items =
        impact__alloc(provider->allocator, count * sizeof *provider->batch.items);
    const bool is_whole =
        provider->batch.items && impact__buffer_reserve(&provider->batch.bytes, batch_reserve_size);
    return is_whole ? impact__batch_open(&provider->shown, count, provider->allocator)
                    : IMPACT_ENOMEM;
}

static impact_status open_parts(impact_tracer_provider *provider,
                                const impact_trace_options *options)
{
    const uint32_t queue_limit = or_default(options->queue_limit, default_queue_limit);
    if (!impact__sampler_open(&provider->sampler, &options->sampler) ||
        !impact__id_generator_open(&provider->ids, options->id_generator))
        return IMPACT_EINVAL;
    set_limits(&provider->limits, &options->limits);
    provider->batch_limit = or_default(options->batch_limit, default_batch_limit);
    provider->schedule_delay_ms = or_default(options->schedule_delay_ms, default_schedule_delay_ms);
    provider->export_timeout_ms = or_default(options->export_timeout_ms, default_export_timeout_ms);
    impact_status status = impact__queue_open(&provider->queue, queue_limit, provider->allocator);
    if (status == IMPACT_OK)
        status = open_batch(provider, queue_limit);
    if (status == IMPACT_OK)
        status = impact__encoded_resource_open(&provider->resource, options);
    return status;
}

static void close_parts(impact_tracer_provider *provider)
{
    impact__tracer_set_clear(&provider->tracers);
    impact__buffer_close(&provider->batch.bytes);
    impact__free(provider->allocator, provider->batch.items);
    impact__batch_close(&provider->shown);
    impact__encoded_resource_close(&provider->resource, provider->allocator);
    impact__queue_close(&provider->queue);
}

static impact_status open_conditions(impact_tracer_provider *provider)
{
    if (impact__condition_open(&provider->to_worker))
        return IMPACT_ESYSTEM;
    if (impact__condition_open(&provider->to_callers)) {
        (void)pthread_cond_destroy(&provider->to_worker); /* nobody waits on it */
        return IMPACT_ESYSTEM;
    }
    return IMPACT_OK;
}

static void close_conditions(impact_tracer_provider *provider)
{
    (void)pthread_cond_destroy(&provider->to_worker); /* nobody waits on them any more */
    (void)pthread_cond_destroy(&provider->to_callers);
}

/* ---- forks ---- */

static void before_fork(void *owner)
{
    impact_tracer_provider *provider = owner;
    (void)pthread_mutex_lock(&provider->lock); /* cannot fail for a normal lock; likewise below */
    (void)pthread_mutex_lock(&provider->tracers.lock);
}

static void after_fork_in_parent(void *owner)
{
    impact_tracer_provider *provider = owner;
    (void)pthread_mutex_unlock(&provider->tracers.lock);
    (void)pthread_mutex_unlock(&provider->lock);
}

/* The parent exports what was there. The child has no worker until it ends a span of its own. */
static void after_fork_in_child(void *owner)
{
    impact_tracer_provider *provider = owner;
    impact__queue_reset(&provider->queue);
    atomic_store_explicit(&provider->dropped_full, 0, memory_order_relaxed);
    atomic_store_explicit(&provider->dropped_memory, 0, memory_order_relaxed);
    atomic_store_explicit(&provider->dropped_closed, 0, memory_order_relaxed);
    atomic_store_explicit(&provider->without_exporter, 0, memory_order_relaxed);
    provider->in_flight = provider->exported = provider->rejected = provider->failed = 0;
    provider->flush_target = 0;
    impact__encoded_resource_renew(&provider->resource);
    atomic_store_explicit(&provider->is_worker_sleeping, false, memory_order_relaxed);
    atomic_store_explicit(&provider->without_worker, 0, memory_order_relaxed);
    if (provider->worker == IMPACT__WORKER_RUNNING) {
        /* It may have been growing this: another begins, the old memory is lost. */
        provider->batch.bytes = IMPACT__BUFFER(provider->allocator);
        provider->worker = IMPACT__WORKER_NONE;
        provider->owners--;
    }
    atomic_store_explicit(&provider->has_worker, provider->is_shut_down, memory_order_relaxed);
    (void)open_conditions(
        provider); /* those who waited are not here: as new; it failed not before */
    after_fork_in_parent(owner);
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

static bool is_exporter(const impact_exporter *exporter)
{
    impact_exporter known;
    return exporter && impact__struct_read(&known, sizeof known, exporter) && known.export_batch &&
           known.close;
}

static bool has_gaps(const impact_trace_options *options)
{
    for (size_t i = 0; options->exporters && i < options->exporter_count; i++)
        if (!is_exporter(options->exporters[i]))
            return true;
    return false;
}

static void take_exporters(impact_tracer_provider *provider, const impact_trace_options *options)
{
    for (size_t i = 0; options->exporters && i < options->exporter_count; i++)
        provider->exporters[provider->exporter_count++] = options->exporters[i];
    provider->has_exporters = provider->exporter_count > 0;
}

static impact_status open_with(impact_tracer_provider **provider,
                               const impact_trace_options *options)
{
    impact_tracer_provider *made = impact__alloc(options->allocator, sizeof *made);
    if (!made)
        return IMPACT_ENOMEM;
    made->allocator = options->allocator;
    made->owners = 1;
    impact_status status = open_parts(made, options);
    if (status)
        goto fail_parts;
    status = open_conditions(made);
    if (status)
        goto fail_parts;
    (void)pthread_mutex_init(&made->lock, NULL); /* cannot fail on Linux; likewise below */
    (void)pthread_mutex_init(&made->tracers.lock, NULL);
    status = register_for_forks(made);
    if (status)
        goto fail_conditions;
    take_exporters(made, options);
    *provider = made;
    return IMPACT_OK;

fail_conditions:
    close_conditions(made);
fail_parts:
    close_parts(made);
    impact__free(made->allocator, made);
    return status;
}

impact_status impact_tracer_provider_open(impact_tracer_provider **provider,
                                          const impact_trace_options *options)
{
    impact_trace_options whole = {.size = sizeof whole};
    if (!provider || (options && options->size > sizeof whole))
        return IMPACT_EINVAL;
    if (options)
        memcpy(&whole, options, options->size);
    if (whole.exporters && whole.exporter_count > impact__exporter_limit)
        return IMPACT_ELIMIT;
    if (whole.attributes && whole.attribute_count >= impact__list_count_limit) /* and the name */
        return IMPACT_ELIMIT;
    if (has_gaps(&whole))
        return IMPACT_EINVAL;
    return open_with(provider, &whole);
}

void impact__provider_disable(impact_tracer_provider *provider)
{
    provider->is_disabled = true;
}

/* ---- spans on their way ---- */

bool impact__provider_wants_spans(const impact_tracer_provider *provider)
{
    return !provider->is_disabled && provider->has_exporters &&
           !impact__queue_is_shut(&provider->queue) && !impact__sampler_is_off(&provider->sampler);
}

void impact__provider_count_no_memory(impact_tracer_provider *provider)
{
    atomic_fetch_add_explicit(&provider->dropped_memory, 1, memory_order_relaxed);
}

static void count_drop(impact_tracer_provider *provider, impact__queue_answer answer)
{
    if (answer == IMPACT__QUEUE_CLOSED) {
        atomic_fetch_add_explicit(&provider->dropped_closed, 1, memory_order_relaxed);
        return;
    }
    atomic_fetch_add_explicit(&provider->dropped_full, 1, memory_order_relaxed);
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "queue", NULL,
                              "spans are dropped: the queue of %llu is full",
                              (unsigned long long)provider->queue.limit);
}

void impact__provider_put(impact_tracer_provider *provider, impact__span *span)
{
    if (!provider->has_exporters && !impact__queue_is_shut(&provider->queue)) {
        atomic_fetch_add_explicit(&provider->without_exporter, 1, memory_order_relaxed);
        return;
    }
    const impact__queue_answer answer = impact__queue_put(&provider->queue, span);
    if (answer != IMPACT__QUEUE_CLOSED)
        impact__worker_notice(provider); /* a full queue without a worker needs one most */
    if (answer != IMPACT__QUEUE_TAKEN)
        count_drop(provider, answer);
}

/* ---- flush and shutdown ---- */

/* Wait until `target` spans are settled. Under the lock. */
static bool wait_settled(impact_tracer_provider *provider, uint64_t target, uint64_t deadline_ns)
{
    while (impact__provider_settled(provider) < target)
        if (!impact__condition_wait_until(&provider->to_callers, &provider->lock, deadline_ns) &&
            impact__provider_settled(provider) < target)
            return false;
    return true;
}

/* The truth of a flush or a shutdown. Under the lock. */
static impact_status outcome(const impact_tracer_provider *provider, bool is_settled,
                             uint64_t lost_before, uint64_t deadline_ns)
{
    const bool is_lost = provider->rejected + provider->failed != lost_before;
    if (is_settled && !is_lost)
        return IMPACT_OK;
    return !is_settled || impact__clock_monotonic_ns() >= deadline_ns ? IMPACT_ETIMEDOUT
                                                                      : IMPACT_EEXPORT;
}

impact_status impact_tracer_provider_flush(impact_tracer_provider *provider, uint32_t timeout_ms)
{
    if (!provider)
        return IMPACT_OK;
    const uint64_t deadline_ns = impact__deadline_after_ms(timeout_ms);
    (void)pthread_mutex_lock(&provider->lock);
    const uint64_t target = impact__queue_put_count(&provider->queue);
    const uint64_t lost_before = provider->rejected + provider->failed;
    bool is_settled = impact__provider_settled(provider) >= target;
    impact_status status = IMPACT_ESYSTEM;
    if (!is_settled) {
        impact__worker_start(provider);
        if (provider->flush_target < target)
            provider->flush_target = target;
        (void)pthread_cond_signal(&provider->to_worker);
        is_settled = provider->worker == IMPACT__WORKER_RUNNING &&
                     wait_settled(provider, target, deadline_ns);
    }
    if (is_settled || provider->worker != IMPACT__WORKER_NONE)
        status = outcome(provider, is_settled, lost_before, deadline_ns);
    (void)pthread_mutex_unlock(&provider->lock);
    return status;
}

/* Under the lock. */
static bool wait_for_the_worker(impact_tracer_provider *provider, uint64_t deadline_ns)
{
    while (provider->worker == IMPACT__WORKER_RUNNING)
        if (!impact__condition_wait_until(&provider->to_callers, &provider->lock, deadline_ns))
            return provider->worker != IMPACT__WORKER_RUNNING;
    return true;
}

static void interrupt_exporters(impact_tracer_provider *provider)
{
    for (size_t i = 0; i < provider->exporter_count; i++)
        if (provider->exporters[i]->interrupt)
            provider->exporters[i]->interrupt(provider->exporters[i]);
}

/* Begin the end: nothing is put in any more, the worker drains until the deadline. Under the lock. */
static void begin_shutdown(impact_tracer_provider *provider, uint64_t deadline_ns)
{
    provider->is_shut_down = true;
    provider->shutdown_deadline_ns = deadline_ns;
    impact__queue_shut(&provider->queue);
    if (impact__provider_settled(provider) < impact__queue_put_count(&provider->queue))
        impact__worker_start(provider);
    atomic_store_explicit(&provider->has_worker, true, memory_order_relaxed);
    (void)pthread_cond_signal(&provider->to_worker);
}

/* Under the lock, which is let go of while exporters are interrupted. */
static bool end_the_worker(impact_tracer_provider *provider, uint64_t deadline_ns)
{
    if (wait_for_the_worker(provider, deadline_ns))
        return true;
    (void)pthread_mutex_unlock(&provider->lock);
    interrupt_exporters(provider);
    (void)pthread_mutex_lock(&provider->lock);
    return wait_for_the_worker(provider, impact__deadline_after_ms(interrupt_grace_ms));
}

impact_status impact_tracer_provider_shutdown(impact_tracer_provider *provider, uint32_t timeout_ms)
{
    if (!provider)
        return IMPACT_OK;
    const uint64_t deadline_ns = impact__deadline_after_ms(timeout_ms);
    (void)pthread_mutex_lock(&provider->lock);
    if (provider->is_shut_down) {
        (void)pthread_mutex_unlock(&provider->lock);
        return IMPACT_ECLOSED;
    }
    const uint64_t lost_before = provider->rejected + provider->failed;
    begin_shutdown(provider, deadline_ns);
    const bool has_ended = end_the_worker(provider, deadline_ns);
    if (has_ended)
        impact__worker_give_up(provider);
    /* A thread that was stopped while it put its span in leaves it neither exported nor failed. */
    const bool is_settled = has_ended && impact__provider_settled(provider) >=
                                             impact__queue_put_count(&provider->queue);
    const impact_status status = outcome(provider, is_settled, lost_before, deadline_ns);
    (void)pthread_mutex_unlock(&provider->lock);
    return status;
}

/* ---- close ---- */

static void close_exporters(impact_tracer_provider *provider, size_t count)
{
    for (size_t i = 0; i < count; i++)
        provider->exporters[i]->close(provider->exporters[i]);
}

static void provider_free(impact_tracer_provider *provider)
{
    close_conditions(provider);
    impact__sampler_close(&provider->sampler);
    impact__id_generator_close(&provider->ids);
    close_parts(provider);
    (void)pthread_mutex_destroy(&provider->tracers.lock); /* nobody holds them any more */
    (void)pthread_mutex_destroy(&provider->lock);
    impact__free(provider->allocator, provider);
}

void impact__provider_let_go(impact_tracer_provider *provider)
{
    const bool is_last = --provider->owners == 0;
    const bool is_done =
        is_last || (provider->is_retired && provider->worker != IMPACT__WORKER_RUNNING);
    const size_t exporter_count = is_done ? provider->exporter_count : 0;
    provider->exporter_count -= exporter_count;
    (void)pthread_mutex_unlock(&provider->lock);
    close_exporters(provider, exporter_count);
    if (is_last)
        provider_free(provider);
}

void impact__provider_retire(impact_tracer_provider *provider)
{
    (void)pthread_mutex_lock(&provider->lock);
    provider->is_retired = true;
    provider->owners++; /* one for the call below: the opener stays, for all time */
    impact__provider_let_go(provider);
}

void impact_tracer_provider_close(impact_tracer_provider *provider)
{
    if (!provider)
        return;
    (void)impact_tracer_provider_shutdown(provider, 0); /* the counters tell what it could not do */
    impact__fork_remove(&provider->fork_member);
    (void)pthread_mutex_lock(&provider->lock);
    impact__provider_let_go(provider);
}

/* ---- questions ---- */

void impact_tracer_provider_get_stats(impact_tracer_provider *provider, impact_trace_stats *stats)
{
    if (!stats)
        return;
    *stats = (impact_trace_stats){0};
    if (!provider)
        return;
    (void)pthread_mutex_lock(&provider->lock);
    const uint64_t put = impact__queue_put_count(&provider->queue);
    const uint64_t without_exporter =
        atomic_load_explicit(&provider->without_exporter, memory_order_relaxed);
    stats->in_flight = provider->in_flight;
    stats->exported = provider->exported + without_exporter;
    stats->rejected = provider->rejected;
    stats->failed = provider->failed;
    stats->queued = put - impact__queue_taken_count(&provider->queue);
    stats->dropped_full = atomic_load_explicit(&provider->dropped_full, memory_order_relaxed);
    stats->dropped_memory = atomic_load_explicit(&provider->dropped_memory, memory_order_relaxed);
    stats->dropped_closed = atomic_load_explicit(&provider->dropped_closed, memory_order_relaxed);
    stats->ended = put + without_exporter + stats->dropped_full + stats->dropped_memory +
                   stats->dropped_closed;
    (void)pthread_mutex_unlock(&provider->lock);
}

impact_tracer *impact_tracer_provider_get_tracer_with(impact_tracer_provider *provider,
                                                      const impact_tracer_options *options)
{
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
