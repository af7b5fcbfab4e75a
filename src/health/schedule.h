/* A schedule: alarms in the order of their time. It looks at no clock and has no lock: who has it
 * does. */
#ifndef IMPACT_HEALTH_SCHEDULE_H
#define IMPACT_HEALTH_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/* A moment at which something is to be looked at. It is part of what it belongs to, and so costs no
 * memory; it rings once, and may be set again while it rings. */
typedef struct impact__alarm impact__alarm;
struct impact__alarm {
    void (*ring)(impact__alarm *alarm); /* fixed */
    bool is_set;
    uint64_t at_ns; /* of the monotonic clock */
    impact__alarm *next;
    impact__alarm *previous;
};

typedef struct impact__schedule {
    impact__alarm *first;
    impact__alarm *last;
} impact__schedule;

/* Set an alarm, or set it anew; and take it off, set or not. */
void impact__schedule_set(impact__schedule *schedule, impact__alarm *alarm, uint64_t at_ns);
void impact__schedule_unset(impact__schedule *schedule, impact__alarm *alarm);

/* When the first alarm rings; UINT64_MAX: none is set. */
uint64_t impact__schedule_next_ns(const impact__schedule *schedule);

/* Take off the first alarm whose time has come, or NULL. */
impact__alarm *impact__schedule_take_due(impact__schedule *schedule, uint64_t now_ns);

#endif
