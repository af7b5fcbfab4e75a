/* Two limits of a measured value: from where on it is a reservation, and from where on a
 * failure. */
#ifndef IMPACT_CHECKS_LIMITS_H
#define IMPACT_CHECKS_LIMITS_H

#include <math.h>
#include <stdbool.h>

#include <impact/health.h>

#include "base/alloc.h"

typedef struct impact__limits {
    double warn; /* 0: none */
    double fail; /* 0: none */
} impact__limits;

/* Both are numbers, and at least one is a limit: without any a check would hold whatever it
 * sees. */
static inline bool impact__limits_are_set(impact__limits limits)
{
    return isfinite(limits.warn) && isfinite(limits.fail) && limits.warn >= 0 && limits.fail >= 0 &&
           (limits.warn > 0 || limits.fail > 0);
}

/* Of a value that is the worse the larger it is; what is no number fails. */
static inline impact_health_status impact__limits_judge(impact__limits limits, double value)
{
    if (isnan(value) || (limits.fail > 0 && value >= limits.fail))
        return IMPACT_HEALTH_FAIL;
    return limits.warn > 0 && value >= limits.warn ? IMPACT_HEALTH_WARN : IMPACT_HEALTH_PASS;
}

/* For a check that has nothing else; NULL without memory. */
static inline void *impact__limits_copy(impact__limits limits)
{
    impact__limits *copy = impact__alloc(NULL, sizeof *copy);
    if (copy)
        *copy = limits;
    return copy;
}

#endif
