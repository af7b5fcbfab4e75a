/* A report as OpenMetrics text. */
#ifndef IMPACT_HEALTH_RENDER_REPORT_OPENMETRICS_H
#define IMPACT_HEALTH_RENDER_REPORT_OPENMETRICS_H

#include "base/buffer.h"
#include "health/report.h"

/* OpenMetrics 1.0: what is known of each check, in gauges and a state set. No texts. */
void impact__render_openmetrics(impact__buffer *buffer, const impact_health_report *report);

#endif
