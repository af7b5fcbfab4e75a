/* A tracer provider, inside: what its spans need on their way, the queue, the worker, the counters.
 *
 * DESIGN: spans end on any thread and go into the queue. One worker thread, started with the first of
 * them, takes batches out and hands each to every exporter in turn. `lock` guards what the worker
 * moves (in_flight and the outcomes; the queue's head moves under it too), so that a snapshot
 * taken under it is exact:
 *
 *     put in (the queue's tail) = queued + in_flight + exported + rejected + failed
 *     ended = put in + dropped_full + dropped_memory + dropped_closed
 *
 * Without an exporter a span goes nowhere and counts as ended and exported.
 */
#ifndef IMPACT_TRACE_PROVIDER_H
#define IMPACT_TRACE_PROVIDER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <impact/trace.h>

#include "pipeline/batch.h"
#include "process/fork.h"
#include "trace/queue.h"
#include "signal/encoded_resource.h"
#include "trace/ids.h"
#include "trace/sampler.h"
#include "trace/tracer.h"

enum { impact__exporter_limit = 8 };

/* How far the worker's life has come. */
typedef enum impact__worker_state {
    IMPACT__WORKER_NONE, /* not started, or lost in a fork */
    IMPACT__WORKER_RUNNING,
    IMPACT__WORKER_ENDED
} impact__worker_state;

struct impact_tracer_provider {
    /* Fixed once opened. */
    const impact_allocator *allocator;
    impact_span_limits limits;
    impact__sampler sampler;
    impact__id_generator ids;
    bool is_disabled;
    impact__encoded_resource resource;
    impact_exporter *exporters[impact__exporter_limit]; /* owned */
    size_t exporter_count;
    uint32_t batch_limit;
    uint32_t schedule_delay_ms;
    uint32_t export_timeout_ms;

    bool has_exporters; /* of the options; they may be closed by now */

    impact__queue queue;
    impact__tracer_set tracers;
    impact__fork_member fork_member;

    /* Counted by whoever drops. */
    _Atomic uint64_t dropped_full;
    _Atomic uint64_t dropped_memory;
    _Atomic uint64_t dropped_closed;

    /* Counted by whoever ends a span that nobody wants: it is put nowhere, and no worker is needed. */
    _Atomic uint64_t without_exporter;

    /* Read by every thread that ends a span, without the lock. */
    atomic_bool has_worker;         /* it is running, or there is to be none any more */
    atomic_bool is_worker_sleeping; /* it wants to be woken when a batch is full */
    atomic_uint without_worker;     /* spans that ended and met no worker: some try to start one */

    pthread_mutex_t lock;      /* guards all below, and the queue's head */
    pthread_cond_t to_worker;  /* there is something to do */
    pthread_cond_t to_callers; /* something was done */
    impact__worker_state worker;
    unsigned owners; /* the opener, and the worker while it runs: the last one frees */
    bool is_shut_down;
    bool is_retired; /* it was the default and is never freed: its exporters go with the worker */
    uint64_t shutdown_deadline_ns;
    uint64_t flush_target; /* spans put in that somebody waits for */
    uint64_t in_flight;
    uint64_t exported;
    uint64_t rejected;
    uint64_t failed;

    impact_tracer_provider *previous_default; /* in default.c's chain; set before it is shown */

    /* The worker's own: a copy of the batch, and what exporters are shown of it. */
    impact__queue_batch batch;
    impact__batch shown;
};

/* ---- provider.c ---- */

/* Record nothing from now on, and only hand contexts through: OTEL_SDK_DISABLED. Before first use. */
void impact__provider_disable(impact_tracer_provider *provider);

/* Put a finished span into the queue, or count why not. */
void impact__provider_put(impact_tracer_provider *provider, impact__span *span);

/* Somebody may get to see a span that starts now. */
bool impact__provider_wants_spans(const impact_tracer_provider *provider);

/* A span was lost before it had a slot. */
void impact__provider_count_no_memory(impact_tracer_provider *provider);

/* One owner less; the last one frees. Called with the lock held, returns without it. */
void impact__provider_let_go(impact_tracer_provider *provider);

/* After shutdown: close the exporters, now or when a worker that still hangs ends. */
void impact__provider_retire(impact_tracer_provider *provider);

/* Spans that have come to their end, one way or another. Under the lock. */
static inline uint64_t impact__provider_settled(const impact_tracer_provider *provider)
{
    return provider->exported + provider->rejected + provider->failed;
}

/* ---- worker.c ---- */

/* Start the worker unless it runs or has ended. Under the lock. */
void impact__worker_start(impact_tracer_provider *provider);

/* A span was put in, or found no room: start the worker, or wake it when a batch is full. */
void impact__worker_notice(impact_tracer_provider *provider);

/* Put what is left in the queue among the failed. Under the lock, without a worker. */
void impact__worker_give_up(impact_tracer_provider *provider);

#endif
