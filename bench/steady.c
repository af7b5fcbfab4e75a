/* What a service pays that ends 10,000 spans of three attributes a second, with the real OTLP
 * exporter to a server of another process: every millisecond it wakes up and ends ten.
 *
 * cpu_percent_at_10k: processor time of the whole process, of a core, above that of the same loop
 * without a provider; the median of the rounds, which alternate.
 * rss_mib_at_10k: what of the process is in memory at the end, the queue (16 MiB at most) included.
 *
 * With --orders it is the one of peers/steady.py: it says where its server is, and then, of each
 * line "<ticks> <spans a tick>", how many percent of a core that took.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench.h"
#include "sink.h"
#include "works.h"

enum { spans_a_tick = 10, ticks = 1000, tick_ns = 1000000, round_count = 5, flush_ms = 60000 };

/* Without spans it is the loop alone. */
static double cpu_percent_of(impact_tracer *tracer, unsigned tick_count, unsigned spans)
{
    struct timespec next;
    (void)clock_gettime(CLOCK_MONOTONIC, &next);
    const uint64_t cpu = impact__clock_read(CLOCK_PROCESS_CPUTIME_ID);
    const uint64_t start = impact__clock_monotonic_ns();
    for (unsigned i = 0; i < tick_count; i++) {
        next.tv_nsec += tick_ns;
        next.tv_sec += next.tv_nsec / (long)IMPACT__NS_PER_SEC;
        next.tv_nsec %= (long)IMPACT__NS_PER_SEC;
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        work_three_attributes(tracer, spans);
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

static void check_all_arrived(impact_tracer_provider *provider)
{
    impact_trace_stats stats = {.size = sizeof stats};
    if (impact_tracer_provider_flush(provider, flush_ms))
        abort();
    impact_tracer_provider_get_stats(provider, &stats);
    if (stats.exported == stats.ended)
        return;
    (void)fprintf(stderr,
                  "bench-steady: only %" PRIu64 " of %" PRIu64 " spans were exported: "
                  "the machine is too busy for this figure\n",
                  stats.exported, stats.ended);
    exit(EXIT_FAILURE);
}

static void take_orders(impact_tracer_provider *provider, impact_tracer *tracer)
{
    unsigned tick_count = 0;
    unsigned spans = 0;
    while (scanf("%u %u", &tick_count, &spans) == 2) {
        const double percent = cpu_percent_of(tracer, tick_count, spans);
        check_all_arrived(provider);
        (void)printf("%.4f\n", percent);
        (void)fflush(stdout);
    }
}

static void measure(impact_tracer_provider *provider, impact_tracer *tracer)
{
    double above[round_count];
    (void)cpu_percent_of(tracer, ticks, spans_a_tick); /* to connect, and to warm up */
    for (int i = 0; i < round_count; i++) {
        const double empty = cpu_percent_of(tracer, ticks, 0);
        above[i] = cpu_percent_of(tracer, ticks, spans_a_tick) - empty;
    }
    const double mib = rss_mib();
    check_all_arrived(provider);
    bench_print("cpu_percent_at_10k", bench_median(above, round_count), "%");
    bench_print("rss_mib_at_10k", mib, "MiB");
}

int main(int argc, char **argv)
{
    char endpoint[64];
    impact_exporter *exporter = NULL;
    impact_tracer_provider *provider = NULL;
    (void)snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u/v1/traces", sink_start());
    if (impact_exporter_otlp_open(&exporter, IMPACT_OTLP_OPTIONS(.endpoint = endpoint), NULL) ||
        impact_tracer_provider_open(
            &provider, IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1)))
        abort();
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "bench", "1");
    if (argc > 1 && strcmp(argv[1], "--orders") == 0) {
        (void)puts(endpoint);
        (void)fflush(stdout);
        take_orders(provider, tracer);
    } else {
        measure(provider, tracer);
    }
    impact_tracer_provider_close(provider);
    return 0;
}
