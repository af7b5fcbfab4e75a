/* The state of a service in one line, for people. */
#ifndef IMPACT_HEALTH_STATUS_LINE_H
#define IMPACT_HEALTH_STATUS_LINE_H

#include "health/registry.h"
#include "health/report.h"

enum { IMPACT__STATUS_LINE_SIZE = 512 }; /* a terminal cuts it sooner */

typedef struct impact__status_line {
    char text[IMPACT__STATUS_LINE_SIZE]; /* "serving; failing: db, disk; warning: cache" */
    size_t size;
} impact__status_line;

/* The phase, and the checks that are known to fail or to warn, as far as there is room. Under the
 * lock. */
void impact__status_line_write(impact__status_line *line, const impact_health *health);

#endif
