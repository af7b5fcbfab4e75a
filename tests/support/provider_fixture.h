/* A provider of the test program's own, and a tracer of it: for tests of what becomes of spans. */
#ifndef IMPACT_TESTS_PROVIDER_FIXTURE_H
#define IMPACT_TESTS_PROVIDER_FIXTURE_H

#include "support/check.h"
#include "support/tracing.h"
#include "trace/provider.h"

static impact_tracer_provider *provider;
static impact_tracer *tracer;

static inline bool open_provider(impact_exporter *const *exporters, size_t exporter_count,
                                 impact_trace_options options)
{
    options.size = sizeof options;
    options.exporters = exporters;
    options.exporter_count = exporter_count;
    if (impact_tracer_provider_open(&provider, &options))
        return false;
    tracer = impact_tracer_provider_get_tracer(provider, "test", NULL);
    return true;
}

static inline void end_spans(int count)
{
    for (int i = 0; i < count; i++)
        impact_span_end(impact_span_start(tracer, "a", NULL));
}

static inline void close_and_check(void)
{
    (void)impact_tracer_provider_shutdown(provider, tracing_timeout_ms);
    const impact_trace_stats stats = stats_of(provider);
    CHECK_EQUAL(stats.queued + stats.in_flight, 0);
    impact_tracer_provider_close(provider);
}

#endif
