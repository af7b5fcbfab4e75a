/* Metrics of sources as OpenMetrics text. */
#ifndef IMPACT_HEALTH_RENDER_OPENMETRICS_METRICS_H
#define IMPACT_HEALTH_RENDER_OPENMETRICS_METRICS_H

#include "base/buffer.h"
#include "health/metric_sources.h"

/* Ask each for its metrics now, and append them. */
void impact__openmetrics_render(impact__buffer *buffer, const impact__metric_sources *metrics);

#endif
