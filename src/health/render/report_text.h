/* A report as plain text, in the manner of kube-apiserver. */
#ifndef IMPACT_HEALTH_RENDER_REPORT_TEXT_H
#define IMPACT_HEALTH_RENDER_REPORT_TEXT_H

#include "base/buffer.h"
#include "health/presentation.h"
#include "health/report.h"

/* "ok", or a line a check when something is wrong or the presentation is verbose. */
void impact__render_text(impact__buffer *buffer, const impact_health_report *report,
                         const impact__presentation *presentation);

#endif
