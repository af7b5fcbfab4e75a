/* A schedule, as a list. An alarm is usually set for later than those that are set already, so its
 * place is looked for from the end. */
#include "health/schedule.h"

#include <assert.h>
#include <stddef.h>

/* The alarm after which one of this time stands; NULL: it is the first. */
static impact__alarm *place_of(const impact__schedule *schedule, uint64_t at_ns)
{
    impact__alarm *before = schedule->last;
    while (before && before->at_ns > at_ns)
        before = before->previous;
    return before;
}

void impact__schedule_set(impact__schedule *schedule, impact__alarm *alarm, uint64_t at_ns)
{
    assert(alarm->ring);
    impact__schedule_unset(schedule, alarm);
    impact__alarm *before = place_of(schedule, at_ns);
    impact__alarm *after = before ? before->next : schedule->first;
    alarm->is_set = true;
    alarm->at_ns = at_ns;
    alarm->previous = before;
    alarm->next = after;
    *(before ? &before->next : &schedule->first) = alarm;
    *(after ? &after->previous : &schedule->last) = alarm;
}

void impact__schedule_unset(impact__schedule *schedule, impact__alarm *alarm)
{
    if (!alarm->is_set)
        return;
    *(alarm->previous ? &alarm->previous->next : &schedule->first) = alarm->next;
    *(alarm->next ? &alarm->next->previous : &schedule->last) = alarm->previous;
    alarm->is_set = false;
    alarm->next = NULL;
    alarm->previous = NULL;
}

uint64_t impact__schedule_next_ns(const impact__schedule *schedule)
{
    return schedule->first ? schedule->first->at_ns : UINT64_MAX;
}

impact__alarm *impact__schedule_take_due(impact__schedule *schedule, uint64_t now_ns)
{
    impact__alarm *alarm = schedule->first;
    if (!alarm || alarm->at_ns > now_ns)
        return NULL;
    impact__schedule_unset(schedule, alarm);
    return alarm;
}
