/* A finished span's way from its provider to batchers and processors. */
#ifndef IMPACT_TRACE_DELIVERY_H
#define IMPACT_TRACE_DELIVERY_H

#include "trace/census.h"
#include "trace/provider.h"

/* Somebody may get to see a span that starts now. */
bool impact__provider_wants_spans(const impact_tracer_provider *provider);

/* What of a span's end is more than to put it into batchers. */
void impact__provider_count_without_batcher(impact_tracer_provider *provider);
void impact__provider_show_end(impact_tracer_provider *provider, const void *record, size_t size,
                               const impact_tracer *tracer, bool is_sampled);

/* A finished span, after which the provider is not to be touched: `record` is field 2 of
 * ScopeSpans, its tag, its length and the Span. One that is not sampled is only recorded:
 * processors see it, exporters do not. */
static inline void impact__provider_on_end(impact_tracer_provider *provider, const void *record,
                                           size_t size, const impact_tracer *tracer,
                                           bool is_sampled)
{
    const size_t batcher_count = is_sampled ? provider->batcher_count : 0;
    for (size_t i = 0; i < batcher_count; i++)
        impact__batcher_put(provider->batchers[i], record, size, impact__tracer_number(tracer));
    if (is_sampled && !batcher_count)
        impact__provider_count_without_batcher(provider);
    if (impact__processors_want(&provider->processors, IMPACT__HOOK_END))
        impact__provider_show_end(provider, record, size, tracer, is_sampled);
    if (__builtin_expect(!is_sampled, 0))
        impact__census_count(IMPACT__CENSUS_RECORDED_ONLY_ENDED);
    impact__grace_span_ended(provider->hold);
}

#endif
