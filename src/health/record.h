/* A check's record: its last result, how often it has failed in a row, and its history. */
#ifndef IMPACT_HEALTH_RECORD_H
#define IMPACT_HEALTH_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "health/history.h"
#include "health/check_limits.h"
#include "health/run.h"

typedef struct impact__record {
    bool has_result;         /* else all below is zero */
    bool is_up;              /* it holds, as thresholds see it */
    impact__outcome outcome; /* of the last run that ended */
    impact__remarks remarks; /* what it said */
    uint64_t ended_ns;       /* of the monotonic clock, for ages */
    uint64_t ended_unix_ns;  /* of the wall clock, to be shown; likewise below */
    uint64_t failures;       /* in a row, the last included; likewise below */
    uint64_t successes;
    uint64_t failing_since_unix_ns; /* when the first of them was known; 0: there is none */
    impact__history history;
} impact__record;

/* A result that has come: now. `limit_ns` is the time that its run had; 0: there was no run. */
typedef struct impact__arrival {
    const impact__limits *limits;
    const impact__outcome *outcome;
    const impact__remarks *remarks;
    uint64_t limit_ns;
    uint64_t now_ns;
    uint64_t now_unix_ns;
} impact__arrival;

void impact__record_add(impact__record *record, const impact__arrival *arrival);

/* How often a run of this length has failed, which has no result in time: once for each limit that
 * it outlived. So a run that hangs is not one failure among those that a threshold forgives. */
uint64_t impact__overruns(uint64_t duration_ns, uint64_t limit_ns);

#endif
