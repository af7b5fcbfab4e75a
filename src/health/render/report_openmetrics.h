/* A report as OpenMetrics text. */
#ifndef IMPACT_HEALTH_RENDER_REPORT_OPENMETRICS_H
#define IMPACT_HEALTH_RENDER_REPORT_OPENMETRICS_H

#include "base/buffer.h"
#include "health/metric_sources.h"
#include "health/report.h"

/* OpenMetrics 1.0: what is known of each check, in gauges and a state set. No texts.
 * Behind the checks come the metrics of those sources. */
void impact__render_openmetrics(impact__buffer *buffer, const impact_health_report *report,
                                const impact__metric_sources *metrics);

#endif
