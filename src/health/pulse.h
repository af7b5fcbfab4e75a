/* A pulse: the last moment at which a part of the program was alive. */
#ifndef IMPACT_HEALTH_PULSE_H
#define IMPACT_HEALTH_PULSE_H

#include <impact/health.h>

/* A pulse that one has, or NULL: no memory. It is freed when the last who has it lets go. */
impact_health_pulse *impact__pulse_open(const impact_allocator *allocator);
void impact__pulse_hold(impact_health_pulse *pulse);

/* When it was last felt, by the monotonic clock; 0: never. NULL was never. */
uint64_t impact__pulse_felt_ns(const impact_health_pulse *pulse);

/* As if it had never been felt. NULL is accepted. */
void impact__pulse_forget(impact_health_pulse *pulse);

#endif
