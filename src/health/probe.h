/* A probe: ask for checks, wait within the budget, report what is known. */
#ifndef IMPACT_HEALTH_PROBE_H
#define IMPACT_HEALTH_PROBE_H

#include "health/selector.h"

/* As impact_health_probe, of a selector that was read: it knows the unknown names afterwards. */
impact_status impact__health_probe(impact_health *health, impact__selector *selector,
                                   impact_health_report **report);

#endif
