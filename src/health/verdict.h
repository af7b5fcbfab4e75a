/* A verdict: what is told of a check. A pure function of what is known of it, and the only place
 * where that is decided. */
#ifndef IMPACT_HEALTH_VERDICT_H
#define IMPACT_HEALTH_VERDICT_H

#include "health/check_limits.h"
#include "health/record.h"

/* What stands between a question and a newer result. */
typedef enum impact__flight {
    IMPACT__FLIGHT_NONE,    /* nothing: the result is what was asked for */
    IMPACT__FLIGHT_PENDING, /* a run that may still end in time, or is yet to begin */
    IMPACT__FLIGHT_STUCK    /* a run that is past its deadline */
} impact__flight;

typedef struct impact__verdict_facts {
    const impact__limits *limits;
    const impact__record *record;
    impact__flight flight;
    uint64_t running_ns; /* of the run in flight: for how long, */
    uint64_t limit_ns;   /* and how long it may */
    uint64_t age_ns;     /* of the result; without one, since it could have come */
    bool is_disabled;
    bool comes_unasked; /* the results do, so a missing one is a failure */
} impact__verdict_facts;

typedef struct impact__verdict {
    impact__outcome outcome;         /* as it is told */
    impact_health_status raw_status; /* before thresholds and the severity of the check */
    bool is_last;                    /* it is that of the last result */
} impact__verdict;

impact__verdict impact__verdict_of(const impact__verdict_facts *facts);

#endif
