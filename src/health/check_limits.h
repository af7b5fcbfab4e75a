/* The limits of a check: how long, how often, how fresh, how many times; as registered, with what
 * was not said filled in. */
#ifndef IMPACT_HEALTH_CHECK_LIMITS_H
#define IMPACT_HEALTH_CHECK_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/health.h>

typedef struct impact__limits {
    uint64_t timeout_ns;                 /* of a run */
    uint64_t max_age_ns;                 /* of a result; 0: it does not age */
    uint64_t period_ns;                  /* 0: the check runs when it is asked for */
    uint64_t initial_delay_ns;           /* before its first run, when it has a period */
    uint64_t ttl_ns;                     /* for so long a result that holds is told without a run */
    uint64_t ttl_fail_ns;                /* and one that does not */
    uint64_t failure_threshold;          /* failures in a row that it takes to fail */
    uint64_t success_threshold;          /* and the other way round */
    impact_health_status failure_status; /* FAIL or WARN: what a failure is told as */
    bool holds_at_first;                 /* without a result it passes */
    bool may_overlap;                    /* a second run may begin beside one that is stuck */
} impact__limits;

/* False, and `limits` untouched: what was said contradicts itself. */
bool impact__limits_read(impact__limits *limits, const impact_check *check);

#endif
