/* A tracer provider, inside: resource, sampler, limits, tracers, and who is told of its spans.
 *
 * DESIGN: a span that ends goes to each batcher (pipeline/batcher.h: one an exporter) as bytes, and
 * to the processors (processors.h: simple ones, users' own) as a view of them. Without a batcher
 * nobody keeps it; it counts as ended and exported.
 *
 * A provider is freed when nobody needs it any more: its opener, and each batcher, for a worker may
 * hang in an exporter beyond the provider's end. `owners` counts them; the last one frees.
 */
#ifndef IMPACT_TRACE_PROVIDER_H
#define IMPACT_TRACE_PROVIDER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <impact/trace.h>

#include "pipeline/batcher.h"
#include "process/exit.h"
#include "process/fork.h"
#include "signal/encoded_resource.h"
#include "trace/grace.h"
#include "trace/ids.h"
#include "trace/processors.h"
#include "trace/sampler.h"
#include "trace/trace_options.h"
#include "trace/tracer.h"

/* Where an exporter sends, as it said when it was taken. */
typedef struct impact__server {
    char address[IMPACT_SERVER_ADDRESS_SIZE]; /* empty: nowhere */
    uint32_t port;
} impact__server;

struct impact_tracer_provider {
    /* Fixed once opened. */
    const impact_allocator *allocator;
    impact_span_limits limits;
    uint32_t event_value_length_limit; /* of links, too */
    uint32_t ordinary_room;            /* of span_bytes: see room.h */
    impact__sampler sampler;
    impact__id_generator ids;
    bool is_disabled;
    bool is_plain;          /* enabled, and no code of the program's own runs while a span starts */
    bool uses_system_clock; /* see span_clock.h */
    impact__encoded_resource resource;
    impact__batcher *batchers[impact__exporter_limit]; /* owned */
    impact__server servers[impact__exporter_limit];    /* of their exporters */
    size_t batcher_count;
    impact__caller caller; /* where no thread is to be started */
    bool is_open;          /* what the options gave was taken */

    impact__processors processors;
    impact__tracer_set tracers;
    impact__fork_member fork_member;
    impact__exit_member exit_member;
    uint32_t exit_timeout_ms;

    /* Counted by whoever starts or ends a span that no batcher gets. */
    _Atomic uint64_t dropped_memory;
    _Atomic uint64_t without_batcher;
    _Atomic uint64_t dropped_closed;

    atomic_bool is_shut_down;
    atomic_bool is_at_exit; /* the end of the process has it: nobody else frees it */
    atomic_uint owners;

    pthread_mutex_t lock; /* guards what follows, and that processors are added */
    bool is_shutting_down;

    unsigned hold; /* see grace.h; set before it becomes the default */

    /* Of one that was the default; under default.c's lock. */
    unsigned users;
    bool has_passed;
    impact_tracer_provider *next_retired;
};

/* A span was lost before it had a slot. */
static inline void impact__provider_count_no_memory(impact_tracer_provider *provider)
{
    atomic_fetch_add_explicit(&provider->dropped_memory, 1, memory_order_relaxed);
}

/* A span that is recorded has started in `parent`, or is about to end: tell the processors that
 * want to know. */
static inline bool impact__provider_wants_starts(const impact_tracer_provider *provider)
{
    return impact__processors_want(&provider->processors, IMPACT__HOOK_START);
}

static inline void impact__provider_on_start(impact_tracer_provider *provider, impact_span *span,
                                             const impact_context *parent)
{
    impact__grace_span_started(provider->hold);
    if (impact__provider_wants_starts(provider) &&
        !atomic_load_explicit(&provider->is_shut_down, memory_order_relaxed))
        impact__processors_on_start(&provider->processors, span, parent);
}

static inline bool impact__provider_wants_endings(const impact_tracer_provider *provider)
{
    return impact__processors_want(&provider->processors, IMPACT__HOOK_ENDING);
}

static inline void impact__provider_on_ending(impact_tracer_provider *provider, impact_span *span)
{
    if (!atomic_load_explicit(&provider->is_shut_down, memory_order_relaxed))
        impact__processors_on_ending(&provider->processors, span);
}

/* A worker hangs in an exporter. Takes no lock. */
bool impact__provider_hangs(const impact_tracer_provider *provider);

/* After shutdown: close the exporters, now or when a worker that still hangs ends. */
void impact__provider_close_exporters(impact_tracer_provider *provider);

#endif
