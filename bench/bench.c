/* A loop that times. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static double time_batch(const bench_case *c)
{
    const uint64_t start = impact__clock_monotonic_ns();
    c->run(c->batch_size);
    const uint64_t end = impact__clock_monotonic_ns();
    if (c->rest)
        c->rest();
    return (double)(end - start) / (double)c->batch_size;
}

void bench_run(bench_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) /* to warm up */
        (void)time_batch(&cases[i]);
    for (size_t round = 0; round < bench_round_count; round++)
        for (size_t i = 0; i < count; i++)
            cases[i].ns[round] = time_batch(&cases[i]);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return values[count / 2];
}

static double median(const double *rounds)
{
    double copy[bench_round_count];
    memcpy(copy, rounds, sizeof copy);
    return bench_median(copy, bench_round_count);
}

double bench_median_ns(const bench_case *c)
{
    return median(c->ns);
}

double bench_median_ratio(const bench_case *a, const bench_case *b)
{
    double ratios[bench_round_count];
    for (size_t i = 0; i < bench_round_count; i++)
        ratios[i] = a->ns[i] / b->ns[i];
    return median(ratios);
}

void bench_print(const char *name, double value, const char *unit)
{
    printf("figure %s %.2f %s\n", name, value, unit);
}
