/* The worker: takes batches out of the queue, hands them to the exporters, settles the counters.
 *
 * DESIGN: a batch goes out when it is full, when the schedule's delay has passed since the last one,
 * when somebody flushes, and until the deadline when the provider shuts down; never two at once. A
 * thread that ends a span wakes the worker only when a batch is full and the worker sleeps. Both
 * sides first write (the tail; is_worker_sleeping) and then read what the other wrote, in sequentially
 * consistent order: one of them sees the other, so no wake-up is lost.
 */
#include "base/clock.h"
#include "process/diagnostics.h"
#include "base/protobuf.h"
#include "base/thread.h"
#include "trace/provider.h"
#include "trace/live_span.h"

enum {
    retry_spans = 64, /* without a thread: how many spans until the next try to start one */
    pause_ms = 2,     /* while the oldest span cannot be taken */
};

/* ---- seen by those who end spans ---- */

static uint64_t waiting(const impact_tracer_provider *provider)
{
    return impact__queue_put_count(&provider->queue) - impact__queue_taken_count(&provider->queue);
}

static void *run(void *argument);

void impact__worker_start(impact_tracer_provider *provider)
{
    if (provider->worker != IMPACT__WORKER_NONE)
        return;
    if (impact__thread_start(run, provider))
        return; /* what is queued waits for the next try; the counters say so */
    provider->worker = IMPACT__WORKER_RUNNING;
    provider->owners++;
    atomic_store_explicit(&provider->has_worker, true, memory_order_relaxed);
}

static void start_the_first_time(impact_tracer_provider *provider)
{
    /* A number of its own for each span: one of them is the first, however many come at once. */
    if (atomic_fetch_add_explicit(&provider->without_worker, 1, memory_order_relaxed) %
            retry_spans !=
        0)
        return;
    (void)pthread_mutex_lock(&provider->lock); /* cannot fail for a normal lock; likewise below */
    impact__worker_start(provider);
    const bool has_failed = provider->worker == IMPACT__WORKER_NONE;
    (void)pthread_mutex_unlock(&provider->lock);
    if (has_failed)
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "thread", NULL,
                                  "the export thread cannot be started");
}

void impact__worker_notice(impact_tracer_provider *provider)
{
    if (!atomic_load_explicit(&provider->has_worker, memory_order_relaxed)) {
        start_the_first_time(provider);
        return;
    }
    if (waiting(provider) < provider->batch_limit || !atomic_load(&provider->is_worker_sleeping) ||
        !atomic_exchange(&provider->is_worker_sleeping, false))
        return;
    (void)pthread_mutex_lock(&provider->lock);
    (void)pthread_cond_signal(&provider->to_worker);
    (void)pthread_mutex_unlock(&provider->lock);
}

void impact__worker_give_up(impact_tracer_provider *provider)
{
    provider->failed += impact__queue_discard(&provider->queue);
}

/* ---- the thread ---- */

/* Under the lock, as all up to take_batch. */
static bool is_flush_wanted(const impact_tracer_provider *provider)
{
    return provider->flush_target > impact__provider_settled(provider);
}

static bool is_time_to_export(const impact_tracer_provider *provider, uint64_t due_ns)
{
    const uint64_t count = waiting(provider);
    if (count == 0)
        return false;
    return count >= provider->batch_limit || provider->is_shut_down || is_flush_wanted(provider) ||
           impact__clock_monotonic_ns() >= due_ns;
}

static void sleep_until(impact_tracer_provider *provider, uint64_t due_ns)
{
    atomic_store(&provider->is_worker_sleeping, true);
    if (waiting(provider) < provider->batch_limit) /* see DESIGN: after the store, not before */
        (void)impact__condition_wait_until(&provider->to_worker, &provider->lock, due_ns);
    atomic_store(&provider->is_worker_sleeping, false);
}

static uint64_t next_due(const impact_tracer_provider *provider)
{
    return impact__deadline_after_ms(provider->schedule_delay_ms);
}

/* Returns true with something to export, false when the end has come. */
static bool wait_for_work(impact_tracer_provider *provider, uint64_t due_ns)
{
    while (!is_time_to_export(provider, due_ns)) {
        if (provider->is_shut_down)
            return false;
        if (impact__clock_monotonic_ns() >= due_ns)
            due_ns = next_due(provider);
        sleep_until(provider, due_ns);
    }
    return !provider->is_shut_down || impact__clock_monotonic_ns() < provider->shutdown_deadline_ns;
}

static impact__batch_item item_of(const impact__queue_batch *batch, size_t index)
{
    const struct impact__queue_item *item = &batch->items[index];
    impact_text rest = impact_text_from(batch->bytes.data + item->offset, item->size);
    impact__field span = {0};
    (void)impact__read_field(&span, &rest); /* our own bytes: well formed */
    return (impact__batch_item){
        .span = span.bytes,
        .scope = impact__tracer_scope(item->tracer),
        .schema_url = impact__tracer_schema_url(item->tracer),
    };
}

static impact_batch show_batch(impact_tracer_provider *provider)
{
    provider->shown.count = provider->batch.count;
    for (size_t i = 0; i < provider->batch.count; i++)
        provider->shown.items[i] = item_of(&provider->batch, i);
    return impact__batch_show(&provider->shown,
                              impact_text_from(provider->resource.bytes, provider->resource.size));
}

/* The time an export may take: its own, or what the shutdown leaves. */
static uint32_t timeout_of(impact_tracer_provider *provider)
{
    (void)pthread_mutex_lock(&provider->lock);
    const uint64_t deadline_ns =
        provider->is_shut_down ? provider->shutdown_deadline_ns : UINT64_MAX;
    (void)pthread_mutex_unlock(&provider->lock);
    const uint32_t left_ms = impact__remaining_ms(deadline_ns);
    return left_ms < provider->export_timeout_ms ? left_ms : provider->export_timeout_ms;
}

/* Give the batch to every exporter. A span counts as exported when all took it. */
static void export_batch(impact_tracer_provider *provider, const impact_batch *batch, bool *failed,
                         size_t *rejected)
{
    for (size_t i = 0; i < provider->exporter_count; i++) {
        impact_exporter *exporter = provider->exporters[i];
        const uint32_t timeout_ms = timeout_of(provider);
        size_t refused = 0;
        /* No time is no call: to many clients a timeout of 0 means none. */
        if (!timeout_ms || exporter->export_batch(exporter, batch, timeout_ms, &refused))
            *failed = true;
        if (refused > *rejected)
            *rejected = refused < batch->span_count ? refused : batch->span_count;
    }
}

/* Under the lock. */
static void settle(impact_tracer_provider *provider, size_t count, bool failed, size_t rejected)
{
    provider->in_flight = 0;
    if (failed) {
        provider->failed += count;
    } else {
        provider->rejected += rejected;
        provider->exported += count - rejected;
    }
    (void)pthread_cond_broadcast(&provider->to_callers);
}

/* Under the lock, which is let go of while bytes are copied. */
static void take(impact_tracer_provider *provider)
{
    (void)pthread_mutex_unlock(&provider->lock);
    impact__queue_copy(&provider->queue, &provider->batch, provider->batch_limit);
    (void)pthread_mutex_lock(&provider->lock);
    impact__queue_advance(&provider->queue, provider->batch.count);
    provider->in_flight = provider->batch.count;
}

/* Under the lock, which is let go of while exporters run. */
static void export_what_was_taken(impact_tracer_provider *provider)
{
    const size_t count = provider->batch.count;
    (void)pthread_mutex_unlock(&provider->lock);
    bool failed = false;
    size_t rejected = 0;
    const impact_batch batch = show_batch(provider);
    export_batch(provider, &batch, &failed, &rejected);
    (void)pthread_mutex_lock(&provider->lock);
    settle(provider, count, failed, rejected);
}

/* The oldest span's thread was stopped while it put it in, or memory is short: this takes a while.
 * Under the lock. */
static void wait_a_little(impact_tracer_provider *provider)
{
    (void)impact__condition_wait_until(&provider->to_worker, &provider->lock,
                                       impact__deadline_after_ms(pause_ms));
}

static void *run(void *argument)
{
    impact_tracer_provider *provider = argument;
    impact__thread_set_name("impact-export");
    impact_tracing_suppress(); /* exporters trace nothing, whatever they call */
    (void)pthread_mutex_lock(&provider->lock);
    uint64_t due_ns = next_due(provider);
    while (wait_for_work(provider, due_ns)) {
        take(provider);
        if (!provider->batch.count) {
            wait_a_little(provider);
            continue;
        }
        export_what_was_taken(provider);
        due_ns = next_due(provider);
    }
    impact__worker_give_up(provider);
    provider->worker = IMPACT__WORKER_ENDED;
    (void)pthread_cond_broadcast(&provider->to_callers);
    impact__provider_let_go(provider);
    return NULL;
}
