/* The history of a check, as a ring. */
#include "health/history.h"

#include <assert.h>

static const uint64_t ns_per_us = 1000;

void impact__history_add(impact__history *history, impact_health_status status,
                         uint64_t duration_ns)
{
    const uint64_t us = duration_ns / ns_per_us;
    history->newest = (uint8_t)((history->newest + 1) % IMPACT__HISTORY_SIZE);
    history->durations_us[history->newest] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
    history->statuses[history->newest] = (uint8_t)status;
    if (history->count < IMPACT__HISTORY_SIZE)
        history->count++;
}

impact_health_past impact__history_get(const impact__history *history, size_t back)
{
    assert(back < history->count);
    const size_t at = (history->newest + IMPACT__HISTORY_SIZE - back) % IMPACT__HISTORY_SIZE;
    return (impact_health_past){
        .size = sizeof(impact_health_past),
        .duration_ns = history->durations_us[at] * ns_per_us,
        .status = (impact_health_status)history->statuses[at],
    };
}
