/* A finished span's way from its provider to batchers and processors. */
#include "trace/provider.h"

#include "base/protobuf.h"

bool impact__provider_wants_spans(const impact_tracer_provider *provider)
{
    const bool is_seen = provider->batcher_count ||
                         atomic_load_explicit(&provider->processors.count, memory_order_relaxed);
    return !provider->is_disabled && is_seen && !impact__sampler_is_off(&provider->sampler) &&
           !atomic_load_explicit(&provider->is_shut_down, memory_order_relaxed);
}

static void show_to_processors(impact_tracer_provider *provider, const void *record, size_t size,
                               const impact_tracer *tracer, bool is_sampled)
{
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
    impact__processors_on_end(&provider->processors, &ended);
}

/* No batcher is there to count it. */
static void count_without_batcher(impact_tracer_provider *provider)
{
    const bool is_closed = atomic_load_explicit(&provider->is_shut_down, memory_order_relaxed);
    atomic_fetch_add_explicit(is_closed ? &provider->dropped_closed : &provider->without_batcher, 1,
                              memory_order_relaxed);
}

void impact__provider_on_end(impact_tracer_provider *provider, const void *record, size_t size,
                             const impact_tracer *tracer, bool is_sampled)
{
    const size_t batcher_count = is_sampled ? provider->batcher_count : 0;
    const uint32_t scope = impact__tracer_number(tracer);
    for (size_t i = 0; i < batcher_count; i++)
        impact__batcher_put(provider->batchers[i], record, size, scope);
    if (is_sampled && !batcher_count)
        count_without_batcher(provider);
    if (impact__processors_want(&provider->processors, IMPACT__HOOK_END) &&
        !atomic_load_explicit(&provider->is_shut_down, memory_order_relaxed))
        show_to_processors(provider, record, size, tracer, is_sampled);
    impact__grace_span_ended(provider->hold);
}
