/* A report as JSON. */
#ifndef IMPACT_HEALTH_RENDER_REPORT_JSON_H
#define IMPACT_HEALTH_RENDER_REPORT_JSON_H

#include "base/buffer.h"
#include "health/report.h"
#include "health/selector.h"

/* {"available_checks":[...],"checks":{"name":true},"health":"running"}, and "pending_checks",
 * "phase" (when that is why), "empty_groups" and "unknown_checks" when there are any; one line. */
void impact__render_json(impact__buffer *buffer, const impact_health_report *report);

/* {"error":"unknown checks","unknown_checks":[...]}; one line. */
void impact__render_json_unknown(impact__buffer *buffer, const impact__selector *selector);

#endif
