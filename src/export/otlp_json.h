/* OTLP in JSON: what goes over HTTP as application/json, and into OTLP files (protocol/otlp "JSON
 * Protobuf Encoding", protocol/file-exporter). */
#ifndef IMPACT_EXPORT_OTLP_JSON_H
#define IMPACT_EXPORT_OTLP_JSON_H

#include <stdbool.h>

#include <impact/text.h>

#include "base/buffer.h"

/* Append an ExportTraceServiceRequest (or TracesData) as one object on one line, without a newline.
 * Fields that are not known are left out; what lies deeper than our own spans ever do is empty.
 * False, and nothing is added: it is malformed. */
bool impact__otlp_json_append(impact__buffer *buffer, impact_text request);

#endif
