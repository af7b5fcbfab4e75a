/* What became of the records that were handed to an exporter's pipeline. */
#ifndef IMPACT_PIPELINE_COUNTERS_H
#define IMPACT_PIPELINE_COUNTERS_H

#include <stdint.h>

/* How a call of the exporter ended. */
typedef enum impact__export_outcome {
    IMPACT__EXPORT_TAKEN,
    IMPACT__EXPORT_REJECTED,
    IMPACT__EXPORT_TIMED_OUT,
    IMPACT__EXPORT_FAILED,
    impact__export_outcomes
} impact__export_outcome;

typedef struct impact__export_tally {
    uint64_t calls;
    uint64_t spans;
    uint64_t duration_ns;
} impact__export_tally;

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
    impact__export_tally exports[impact__export_outcomes];
} impact__counters;

#endif
