/* The spans that are timed, compared with other libraries' and counted in instructions: one
 * definition each, so that all three speak of the same thing. */
#ifndef IMPACT_BENCH_WORKS_H
#define IMPACT_BENCH_WORKS_H

#include <stddef.h>

#include <impact/trace.h>

/* Started and ended. With the tracer of a provider that samples nothing: the unsampled span. */
void work_start_end(impact_tracer *tracer, size_t count);

/* An integer, a short text and a truth value. */
void work_three_attributes(impact_tracer *tracer, size_t count);

/* What OpenTelemetry's "Performance Benchmark of OpenTelemetry API" asks for: one integer attribute
 * and one event. */
void work_spec(impact_tracer *tracer, size_t count);

/* Its span for throughput: ten attributes with keys and texts of 20 characters. */
void work_ten_attributes(impact_tracer *tracer, size_t count);

/* No provider is set: what a library pays that is instrumented in a program that does not trace. */
void work_no_provider(size_t count);

/* Takes every batch, and does nothing with it. One a process: several providers may have it. */
extern impact_exporter *const work_null_exporter;

#endif
