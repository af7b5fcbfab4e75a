/* A provider's counters: of each batcher, and summed. */
#include "trace/provider.h"

#include <string.h>

#include "base/options.h"
#include "trace/access.h"

static impact_export_tally tally_of(const impact__counters *counters,
                                    impact__export_outcome outcome)
{
    const impact__export_tally *of = &counters->exports[outcome];
    return (impact_export_tally){of->calls, of->spans, of->duration_ns};
}

/* What a batcher counted; what was lost before it could be given to one is lost to each. */
static impact_trace_stats stats_of(const impact_tracer_provider *provider, size_t number)
{
    impact__batcher *batcher = provider->batchers[number];
    const impact__counters counters = impact__batcher_count(batcher);
    const uint64_t dropped_memory =
        atomic_load_explicit(&provider->dropped_memory, memory_order_relaxed);
    impact_trace_stats stats = {
        .size = sizeof(impact_trace_stats),
        .ended = counters.ended + dropped_memory,
        .queued = counters.queued,
        .in_flight = counters.in_flight,
        .exported = counters.exported,
        .dropped_full = counters.dropped_full,
        .dropped_memory = dropped_memory,
        .dropped_closed = counters.dropped_closed,
        .rejected = counters.rejected,
        .failed = counters.failed,
        .exporter = impact__batcher_exporter(batcher)->name,
        .queue_limit = impact__batcher_limit(batcher),
        .exports_taken = tally_of(&counters, IMPACT__EXPORT_TAKEN),
        .exports_rejected = tally_of(&counters, IMPACT__EXPORT_REJECTED),
        .exports_timed_out = tally_of(&counters, IMPACT__EXPORT_TIMED_OUT),
        .exports_failed = tally_of(&counters, IMPACT__EXPORT_FAILED),
        .component_type = impact__batcher_exporter(batcher)->component_type,
        .server_port = provider->servers[number].port,
    };
    memcpy(stats.server_address, provider->servers[number].address, sizeof stats.server_address);
    return stats;
}

static impact_trace_stats stats_without_batcher(const impact_tracer_provider *provider)
{
    impact_trace_stats stats = {
        .size = sizeof stats,
        .exported = atomic_load_explicit(&provider->without_batcher, memory_order_relaxed),
        .dropped_memory = atomic_load_explicit(&provider->dropped_memory, memory_order_relaxed),
        .dropped_closed = atomic_load_explicit(&provider->dropped_closed, memory_order_relaxed),
    };
    stats.ended = stats.exported + stats.dropped_memory + stats.dropped_closed;
    return stats;
}

static void add_tally(impact_export_tally *to, const impact_export_tally *from)
{
    to->calls += from->calls;
    to->spans += from->spans;
    to->duration_ns += from->duration_ns;
}

static void add_stats(impact_trace_stats *to, const impact_trace_stats *from)
{
    to->ended += from->ended;
    to->queued += from->queued;
    to->in_flight += from->in_flight;
    to->exported += from->exported;
    to->dropped_full += from->dropped_full;
    to->dropped_memory += from->dropped_memory;
    to->dropped_closed += from->dropped_closed;
    to->rejected += from->rejected;
    to->failed += from->failed;
    to->queue_limit += from->queue_limit;
    add_tally(&to->exports_taken, &from->exports_taken);
    add_tally(&to->exports_rejected, &from->exports_rejected);
    add_tally(&to->exports_timed_out, &from->exports_timed_out);
    add_tally(&to->exports_failed, &from->exports_failed);
}

void impact_tracer_provider_get_stats(impact_tracer_provider *provider, impact_trace_stats *stats)
{
    impact_trace_stats sum = {.size = sizeof sum};
    if (provider && !provider->batcher_count)
        sum = stats_without_batcher(provider);
    for (size_t i = 0; provider && i < provider->batcher_count; i++) {
        const impact_trace_stats one = stats_of(provider, i);
        add_stats(&sum, &one);
    }
    sum.late_calls = impact__access_late_count();
    (void)impact__struct_write(stats, &sum, sizeof sum); /* false: there is nowhere to write */
}

impact_status impact_tracer_provider_get_exporter_stats(impact_tracer_provider *provider,
                                                        size_t number, impact_trace_stats *stats)
{
    if (!stats)
        return IMPACT_EINVAL;
    if (!provider || number >= provider->batcher_count)
        return IMPACT_ENOENT;
    const impact_trace_stats one = stats_of(provider, number);
    return impact__struct_write(stats, &one, sizeof one) ? IMPACT_OK : IMPACT_EINVAL;
}
