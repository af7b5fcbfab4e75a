/* The crew of an engine: who does its steps, a bounded number of threads or those of the host. */
#ifndef IMPACT_HEALTH_CREW_H
#define IMPACT_HEALTH_CREW_H

#include "health/engine.h"

/* No thread yet: they start when they are needed. IMPACT_HEALTH_NO_THREADS: none does ever. */
void impact__crew_open(impact__engine *engine, unsigned workers);

/* ---- all below under the engine's lock ---- */

/* Start the threads that are needed at once. IMPACT_ESYSTEM: there is no keeper, so that nothing
 * would be noticed. Lets go of the lock while it starts one. */
impact_status impact__crew_call(impact__engine *engine);

/* The host's thread does what there is to do, where there are no threads, and hears when the next
 * alarm rings. Lets go of the lock, for good: the engine may be gone then. */
uint64_t impact__crew_pump(impact__engine *engine);

/* Let no run begin, make the calls that were posted, let idle threads leave, and wait for the
 * others until the deadline. */
void impact__crew_stop(impact__engine *engine, uint64_t deadline_ns);

/* In a forked child: there is no thread. */
void impact__crew_forget(impact__engine *engine);

#endif
