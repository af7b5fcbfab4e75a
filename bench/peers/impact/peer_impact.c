/* The spans of run.py with impact, and the pair of clock reads that no span can do without. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../works.h"
#include "base/clock.h"

static impact_tracer_provider *sampled;
static impact_tracer *on;
static impact_tracer *off;
static volatile uint64_t sink;

static void clock_pair(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct timespec a = {0}, b = {0};
        (void)clock_gettime(CLOCK_MONOTONIC, &a); /* what it takes is all that is asked */
        (void)clock_gettime(CLOCK_MONOTONIC, &b);
        sink = (uint64_t)(a.tv_nsec + b.tv_nsec);
    }
}

static bool run(const char *work, size_t count)
{
    if (strcmp(work, "clock_pair") == 0)
        clock_pair(count);
    else if (strcmp(work, "start_end") == 0)
        work_start_end(on, count);
    else if (strcmp(work, "three_attributes") == 0)
        work_three_attributes(on, count);
    else if (strcmp(work, "spec") == 0)
        work_spec(on, count);
    else if (strcmp(work, "ten_attributes") == 0)
        work_ten_attributes(on, count);
    else if (strcmp(work, "unsampled") == 0)
        work_start_end(off, count);
    else if (strcmp(work, "no_provider") == 0)
        work_no_provider(count);
    else
        return false;
    return true;
}

static impact_tracer_provider *open_provider(impact_sampler sampler)
{
    impact_exporter *exporter = work_null_exporter;
    impact_tracer_provider *provider = NULL;
    if (impact_tracer_provider_open(
            &provider,
            IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1, .sampler = sampler)))
        abort();
    return provider;
}

static void print_exported(void)
{
    impact_trace_stats stats = {.size = sizeof stats};
    impact_tracer_provider_get_stats(sampled, &stats);
    printf("%llu\n", (unsigned long long)stats.exported);
}

static void answer(const char *line)
{
    char work[32] = "";
    unsigned batches = 0, count = 1;
    if (sscanf(line, "%31s %u %u", work, &batches, &count) == 1) {
        print_exported();
        return;
    }
    for (unsigned i = 0; i < batches; i++) {
        const uint64_t start = impact__clock_monotonic_ns();
        if (!run(work, count))
            break;
        printf("%.2f ", (double)(impact__clock_monotonic_ns() - start) / count);
        if (impact_tracer_provider_flush(sampled, 10000))
            abort();
    }
    printf("\n");
}

int main(void)
{
    char line[64];
    sampled = open_provider(impact_sampler_always_on());
    on = impact_tracer_provider_get_tracer(sampled, "peer", NULL);
    off =
        impact_tracer_provider_get_tracer(open_provider(impact_sampler_always_off()), "peer", NULL);
    while (fgets(line, sizeof line, stdin)) {
        answer(line);
        (void)fflush(stdout);
    }
    return 0;
}
