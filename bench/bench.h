/* A loop that times: batches of one thing, in turn with batches of others, so that all see the same
 * weather on a shared machine. */
#ifndef IMPACT_BENCH_BENCH_H
#define IMPACT_BENCH_BENCH_H

#include <stddef.h>

enum { bench_round_count = 61 }; /* odd: the median is one of them */

typedef struct bench_case {
    const char *name;             /* of the figure, without its unit */
    void (*run)(size_t count);    /* do it `count` times: this is timed */
    void (*rest)(void);           /* between batches, not timed; may be NULL */
    size_t batch_size;            /* times in a batch */
    double ns[bench_round_count]; /* nanoseconds each, a number for each round */
} bench_case;

/* Time every case once a round, in turn. */
void bench_run(bench_case *cases, size_t count);

/* The median over all rounds. */
double bench_median_ns(const bench_case *c);

/* The median of the ratio of two cases, taken round by round. */
double bench_median_ratio(const bench_case *a, const bench_case *b);

/* The one in the middle of `values`, which are sorted; `count` is odd. */
double bench_median(double *values, size_t count);

/* Write "figure <name> <value> <unit>". */
void bench_print(const char *name, double value, const char *unit);

#endif
