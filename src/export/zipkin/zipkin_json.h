/* Zipkin's list of spans in JSON (zipkin2-api.yaml, ListOfSpans), from a request of OTLP. */
#ifndef IMPACT_EXPORT_ZIPKIN_ZIPKIN_JSON_H
#define IMPACT_EXPORT_ZIPKIN_ZIPKIN_JSON_H

#include <stdbool.h>

#include <impact/text.h>

#include "base/buffer.h"

/* Append the spans of an ExportTraceServiceRequest (or TracesData) as one array on one line,
 * without a newline. False, and nothing is added: it is malformed. */
bool zipkin__json_append(impact__buffer *buffer, impact_text request);

#endif
