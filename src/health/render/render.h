/* Reports as bytes. A renderer knows neither checks nor requests: it is a function of a report and
 * of how that is to be shown. */
#ifndef IMPACT_HEALTH_RENDER_RENDER_H
#define IMPACT_HEALTH_RENDER_RENDER_H

#include "base/buffer.h"
#include "health/presentation.h"
#include "health/report.h"

/* In the format of the presentation. */
void impact__render(impact__buffer *buffer, const impact_health_report *report,
                    const impact__presentation *presentation);

#endif
