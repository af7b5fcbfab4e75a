/* Which spans are recorded (OpenTelemetry specification, trace/sdk "Sampling"). */
#ifndef IMPACT_TRACE_SAMPLER_H
#define IMPACT_TRACE_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/span_context.h>
#include <impact/trace.h>

typedef enum impact__sampler_root {
    IMPACT__SAMPLE_ALL,
    IMPACT__SAMPLE_NONE,
    IMPACT__SAMPLE_RATIO
} impact__sampler_root;

typedef struct impact__sampler {
    bool is_parent_based;
    impact__sampler_root root;
    uint64_t bound; /* of a ratio: trace ids below it are sampled */
} impact__sampler;

/* False: the kind is unknown, or the ratio not within 0 and 1. */
bool impact__sampler_of(impact__sampler *sampler, impact_sampler options);

/* `parent` is NULL for a root. */
bool impact__sampler_decide(const impact__sampler *sampler, const impact_span_context *parent,
                            const impact_trace_id *trace_id);

#endif
