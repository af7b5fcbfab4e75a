/* A decoded value as JSON (common/README, "AnyValue representation for non-OTLP protocols"). */
#ifndef IMPACT_EXPORT_VALUE_JSON_H
#define IMPACT_EXPORT_VALUE_JSON_H

#include <impact/span_view.h>

#include "export/tree/outline.h"

/* Write it where a member or an item has begun. A number that JSON does not have is null, as in the
 * other fields of an outline; in one line it is its name, a string. What lies deeper than
 * IMPACT_VALUE_DEPTH_LIMIT is null. */
void impact__value_json(impact__outline *outline, const impact_value_view *value);

#endif
