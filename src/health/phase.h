/* Phases: what the life of a service makes of its groups. */
#ifndef IMPACT_HEALTH_PHASE_H
#define IMPACT_HEALTH_PHASE_H

#include "health/report.h"
#include "health/selector.h"

/* Keep in a report the registry's phase, and whether that holds back what is selected. Under the
 * lock. */
void impact__phase_tell(impact_health_report *report, const impact_health *health,
                        const impact__selector *selector);

#endif
