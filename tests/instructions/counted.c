/* Five works, a function each, whose instructions callgrind counts; count.py runs this program. The
 * counted functions are known by the beginning of their names, and none is part of another. */
#include <stdlib.h>

#include <impact/trace.h>

#include "../../bench/works.h"

/* So many that what the first one does besides is nothing, and fewer than a batch (512): the worker
 * sleeps. count.py reads the number here. */
enum { counted_spans = 400 };

/* Not inlined and not static, so that callgrind meets each under its name. */
#define COUNTED(name)                                                                              \
    void counted_##name(impact_tracer *tracer);                                                    \
    __attribute__((noinline)) void counted_##name(impact_tracer *tracer)

COUNTED(start_end)
{
    work_start_end(tracer, counted_spans);
}

COUNTED(three_attributes)
{
    work_three_attributes(tracer, counted_spans);
}

COUNTED(spec)
{
    work_spec(tracer, counted_spans);
}

COUNTED(unsampled)
{
    work_start_end(tracer, counted_spans);
}

COUNTED(no_provider)
{
    (void)tracer;
    work_no_provider(counted_spans);
}

/* By the kernel's clock: the other one asks that, too, once a millisecond, which is few spans in
 * here. */
static impact_tracer_provider *open_provider(impact_sampler sampler)
{
    impact_tracer_provider *provider = NULL;
    impact_exporter *exporter = work_null_exporter;
    if (impact_tracer_provider_open(
            &provider, IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1,
                                            .schedule_delay_ms = 3600000, .sampler = sampler,
                                            .uses_system_clock = true)))
        abort();
    return provider;
}

/* Flushed before: there is room in the queue, and the worker has gone to sleep. */
static void run(impact_tracer_provider *provider, void (*work)(impact_tracer *))
{
    if (impact_tracer_provider_flush(provider, 60000))
        abort();
    work(impact_tracer_provider_get_tracer(provider, "counted", "1"));
}

static void require_none_lost(impact_tracer_provider *provider, size_t count)
{
    impact_trace_stats stats = {.size = sizeof stats};
    if (impact_tracer_provider_flush(provider, 60000))
        abort();
    impact_tracer_provider_get_stats(provider, &stats);
    if (stats.ended != count || stats.exported != count)
        abort();
}

int main(void)
{
    impact_tracer_provider *provider = open_provider(impact_sampler_always_on());
    impact_tracer_provider *silent = open_provider(impact_sampler_always_off());
    for (int i = 0; i < 2; i++) { /* the first time is to warm up: its counts are passed over */
        run(provider, counted_start_end);
        run(provider, counted_three_attributes);
        run(provider, counted_spec);
        run(silent, counted_unsampled);
        run(silent, counted_no_provider);
    }
    require_none_lost(provider, (size_t)6 * counted_spans);
    require_none_lost(silent, 0);
    impact_tracer_provider_close(silent);
    impact_tracer_provider_close(provider);
    return 0;
}
