/* A period: asks for a job again and again. It has no thread: an alarm of the engine's schedule
 * asks. */
#ifndef IMPACT_HEALTH_PERIOD_H
#define IMPACT_HEALTH_PERIOD_H

#include "base/random.h"
#include "health/engine.h"

/* Part of what has the job. Guarded by the engine's lock. */
typedef struct impact__period {
    impact__job *job; /* fixed */
    impact__alarm due;
    uint64_t length_ns; /* 0: there is none */
    bool has_phase;     /* the first run was asked for */
    impact__random random;
} impact__period;

void impact__period_open(impact__period *period, impact__job *job);

/* Ask every length_ns from `delay_ns` on, or, when that is 0, no more. */
void impact__period_start(impact__period *period, uint64_t length_ns, uint64_t delay_ns);

/* Ask at once, when there is a period; and in its time again. */
void impact__period_hurry(impact__period *period);

/* Ask now, if it is time and the keeper has not come to it. */
void impact__period_look(impact__period *period, uint64_t now_ns);

#endif
