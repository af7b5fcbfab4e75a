/* One run of a check, on the thread that it was given. */
#ifndef IMPACT_HEALTH_RUN_H
#define IMPACT_HEALTH_RUN_H

#include "health/registry.h"

/* Call the check, report its failure to the diagnostics, and say what it came to. Without the lock;
 * the check is running. */
impact__outcome impact__run(const impact__check *check);

#endif
