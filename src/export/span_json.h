/* A finished span as one JSON object, in the shape of OpenTelemetry Python's ReadableSpan.to_json. */
#ifndef IMPACT_EXPORT_SPAN_JSON_H
#define IMPACT_EXPORT_SPAN_JSON_H

#include <stdbool.h>

#include <impact/text.h>

#include "core/buffer.h"

/* Append the object and a newline. False: `span` or `resource` is malformed, and nothing is added. */
bool impact__span_json_append(impact__buffer *buffer, impact_text span, impact_text resource);

#endif
