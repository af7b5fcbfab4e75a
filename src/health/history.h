/* The history of a check: its last results, for those who want to see how it went. */
#ifndef IMPACT_HEALTH_HISTORY_H
#define IMPACT_HEALTH_HISTORY_H

#include <stdint.h>

#include <impact/health.h>

enum { IMPACT__HISTORY_SIZE = 64 };

/* A ring; five bytes a result, so that a report can have a copy of it. */
typedef struct impact__history {
    uint32_t durations_us[IMPACT__HISTORY_SIZE];
    uint8_t statuses[IMPACT__HISTORY_SIZE];
    uint8_t count;
    uint8_t newest; /* where it stands */
} impact__history;

/* Add a result; the oldest of 64 goes for it. A duration above 71 minutes is told as that. */
void impact__history_add(impact__history *history, impact_health_status status,
                         uint64_t duration_ns);

/* The result `back` results before the newest; `back` is below the count. */
impact_health_past impact__history_get(const impact__history *history, size_t back);

#endif
