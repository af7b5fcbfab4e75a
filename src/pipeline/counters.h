/* What became of the records that were handed to an exporter's pipeline. */
#ifndef IMPACT_PIPELINE_COUNTERS_H
#define IMPACT_PIPELINE_COUNTERS_H

#include <stdint.h>

/* ended = the sum of all others, in every snapshot: see impact_trace_stats. */
typedef struct impact__counters {
    uint64_t ended;
    uint64_t queued;
    uint64_t in_flight;
    uint64_t exported;
    uint64_t dropped_full;
    uint64_t dropped_closed;
    uint64_t rejected;
    uint64_t failed;
} impact__counters;

#endif
