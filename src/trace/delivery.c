/* A finished span's way from its provider to batchers and processors. */
#include "trace/delivery.h"

#include "base/protobuf.h"
#include "base/thread.h"

bool impact__provider_wants_spans(const impact_tracer_provider *provider)
{
    const bool is_seen = provider->batcher_count ||
                         atomic_load_explicit(&provider->processors.count, memory_order_relaxed);
    return !provider->is_disabled && is_seen && !impact__sampler_is_off(&provider->sampler) &&
           !atomic_load_explicit(&provider->is_shut_down, memory_order_relaxed);
}

/* A processor may wait, and a thread must not be cancelled there: the provider would wait for the
 * end of the span for ever. */
void impact__provider_show_end(impact_tracer_provider *provider, const void *record, size_t size,
                               const impact_tracer *tracer, bool is_sampled)
{
    if (atomic_load_explicit(&provider->is_shut_down, memory_order_relaxed))
        return;
    impact_text rest = impact_text_from(record, size);
    impact__field span = {0};
    (void)impact__read_field(&span, &rest); /* our own bytes: well formed */
    const impact_ended_span ended = {
        .size = sizeof ended,
        .span = span.bytes,
        .scope = impact__tracer_scope(tracer),
        .scope_schema_url = impact__tracer_schema_url(tracer),
        .resource = impact_tracer_provider_get_resource(provider),
        .is_sampled = is_sampled,
    };
    const int held = impact__cancel_hold();
    impact__processors_on_end(&provider->processors, &ended);
    impact__cancel_release(held);
}

/* No batcher is there to count it. */
void impact__provider_count_without_batcher(impact_tracer_provider *provider)
{
    const bool is_closed = atomic_load_explicit(&provider->is_shut_down, memory_order_relaxed);
    atomic_fetch_add_explicit(is_closed ? &provider->dropped_closed : &provider->without_batcher, 1,
                              memory_order_relaxed);
}
