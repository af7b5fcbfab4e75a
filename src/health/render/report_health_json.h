/* A report as application/health+json. */
#ifndef IMPACT_HEALTH_RENDER_REPORT_HEALTH_JSON_H
#define IMPACT_HEALTH_RENDER_REPORT_HEALTH_JSON_H

#include "base/buffer.h"
#include "health/presentation.h"
#include "health/report.h"

/* draft-inadarei-api-health-check-06; one line. */
void impact__render_health_json(impact__buffer *buffer, const impact_health_report *report,
                                const impact__presentation *presentation);

#endif
