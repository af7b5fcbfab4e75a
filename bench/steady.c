/* What a service pays that ends 10,000 spans of three attributes a second, with the real OTLP
 * exporter to a server of another process: every millisecond it wakes up and ends ten.
 *
 * cpu_percent_at_10k: processor time of the whole process, of a core, above that of the same loop
 * without a provider; the median of the rounds, which alternate.
 * rss_mib_at_10k: what of the process is in memory at the end, the queue (16 MiB at most) included.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench.h"
#include "sink.h"
#include "works.h"

enum { spans_a_tick = 10, ticks = 1000, tick_ns = 1000000, round_count = 5, flush_ms = 60000 };

/* `tracer` NULL: the loop alone. */
static double cpu_percent_of(impact_tracer *tracer)
{
    struct timespec next;
    (void)clock_gettime(CLOCK_MONOTONIC, &next);
    const uint64_t cpu = impact__clock_read(CLOCK_PROCESS_CPUTIME_ID);
    const uint64_t start = impact__clock_monotonic_ns();
    for (int i = 0; i < ticks; i++) {
        next.tv_nsec += tick_ns;
        next.tv_sec += next.tv_nsec / (long)IMPACT__NS_PER_SEC;
        next.tv_nsec %= (long)IMPACT__NS_PER_SEC;
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        if (tracer)
            work_three_attributes(tracer, spans_a_tick);
    }
    const double took = (double)(impact__clock_monotonic_ns() - start);
    return 100 * (double)(impact__clock_read(CLOCK_PROCESS_CPUTIME_ID) - cpu) / took;
}

static double rss_mib(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*u %lu", &pages) != 1)
        abort();
    (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

int main(void)
{
    char endpoint[64];
    double above[round_count];
    impact_exporter *exporter = NULL;
    impact_tracer_provider *provider = NULL;
    (void)snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u/v1/traces", sink_start());
    if (impact_exporter_otlp_open(&exporter, IMPACT_OTLP_OPTIONS(.endpoint = endpoint), NULL) ||
        impact_tracer_provider_open(
            &provider, IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1)))
        abort();
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "bench", "1");
    (void)cpu_percent_of(tracer); /* to connect, and to warm up */
    for (int i = 0; i < round_count; i++) {
        const double empty = cpu_percent_of(NULL);
        above[i] = cpu_percent_of(tracer) - empty;
    }
    const double mib = rss_mib();
    impact_trace_stats stats = {.size = sizeof stats};
    if (impact_tracer_provider_flush(provider, flush_ms))
        abort();
    impact_tracer_provider_get_stats(provider, &stats);
    if (stats.exported != stats.ended)
        abort();
    bench_print("cpu_percent_at_10k", bench_median(above, round_count), "%");
    bench_print("rss_mib_at_10k", mib, "MiB");
    impact_tracer_provider_close(provider);
    return 0;
}
