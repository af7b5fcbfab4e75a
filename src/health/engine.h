/* The engine: a bounded number of threads that run checks, each check at most once at a time. All
 * of it is called under the registry's lock. */
#ifndef IMPACT_HEALTH_ENGINE_H
#define IMPACT_HEALTH_ENGINE_H

#include <stdint.h>

#include "health/registry.h"

/* Ask for a run of an idle check, or for the one that is queued or under way. Returns the run's
 * number: it is over once check->ended has reached it. */
uint64_t impact__engine_ask(impact_health *health, impact__check *check);

/* Take back a run that has not begun, if there is one. Those who wait for it get no result. */
void impact__engine_cancel(impact_health *health, impact__check *check);

/* Notice which runs are past their deadlines, and start the threads that the queue needs. Lets go
 * of the lock while it starts one. */
void impact__engine_tend(impact_health *health);

/* The next moment at which tending can find something new, when nothing is signalled before. */
uint64_t impact__engine_next_ns(const impact_health *health);

#endif
