/* Pieces of OpenMetrics text (OpenMetrics 1.0, "ABNF"). */
#ifndef IMPACT_HEALTH_RENDER_OPENMETRICS_H
#define IMPACT_HEALTH_RENDER_OPENMETRICS_H

#include <impact/text.h>

#include "base/buffer.h"

/* What stands between the quotes of a label. */
void impact__openmetrics_label_value(impact__buffer *buffer, impact_text value);

/* What is said of a family before its samples; a NULL `unit` is none. */
void impact__openmetrics_heading(impact__buffer *buffer, const char *name, const char *type,
                                 const char *unit, const char *help);

#endif
