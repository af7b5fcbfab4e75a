/* A check's history as a small picture: SVG that stands in a page. */
#ifndef IMPACT_HEALTH_RENDER_CHART_H
#define IMPACT_HEALTH_RENDER_CHART_H

#include "base/buffer.h"
#include "health/history.h"

/* A bar a result, the newest at the right, as high as it took long. Below the line stands a mark
 * for a failure and a dot for a warning, so that colours say nothing that shapes do not; and what
 * it shows is said in words. */
void impact__render_chart(impact__buffer *buffer, const impact__history *history);

/* Results that are no pass and no warning. */
unsigned impact__history_failures(const impact__history *history);

#endif
