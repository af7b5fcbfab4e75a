/* A finished span as one JSON object, in the shape of OpenTelemetry Python's span.to_json. */
#ifndef IMPACT_EXPORT_SPAN_JSON_H
#define IMPACT_EXPORT_SPAN_JSON_H

#include <stdbool.h>

#include <impact/text.h>

#include "base/buffer.h"

/* Append the object and a newline. False, and nothing is added: a message is malformed. */
bool impact__span_json_append(impact__buffer *buffer, impact_text span, impact_text resource);

#endif
