/* What a backend answers: opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse. */
#ifndef IMPACT_EXPORT_OTLP_RESPONSE_H
#define IMPACT_EXPORT_OTLP_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/text.h>

/* protocol/exporter: responses above 4 MiB are not read. */
enum { OTLP__RESPONSE_LIMIT = 4 * 1024 * 1024 };

typedef struct otlp__response {
    uint64_t rejected_spans;
    impact_text error_message; /* borrowed from the body */
    bool is_json;              /* it is what stands between a string's quotes */
} otlp__response;

/* False, and `response` untouched: the body is no such message. */
bool otlp__response_parse(otlp__response *response, impact_text body);
bool otlp__response_parse_json(otlp__response *response, impact_text body);

#endif
