/* A report as a page for people. */
#ifndef IMPACT_HEALTH_RENDER_REPORT_HTML_H
#define IMPACT_HEALTH_RENDER_REPORT_HTML_H

#include "base/buffer.h"
#include "health/presentation.h"
#include "health/report.h"

/* A page that stands alone: no other file, no other host. What is wrong comes first. */
void impact__render_html(impact__buffer *buffer, const impact_health_report *report,
                         const impact__presentation *presentation);

#endif
