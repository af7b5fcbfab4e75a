/* A batch as the bodies of requests, each an ExportTraceServiceRequest within a limit. */
#ifndef IMPACT_EXPORT_OTLP_REQUEST_H
#define IMPACT_EXPORT_OTLP_REQUEST_H

#include <stddef.h>

#include "export/gather.h"

/* protocol/exporter: requests above 64 MiB are not sent. */
enum { OTLP__REQUEST_LIMIT = 64 * 1024 * 1024 };

/* The spans from `first` on that fit into one request of `limit` bytes; none when even the first
 * one does not. */
impact__span_range otlp__request_range(const impact_batch *batch, size_t first, size_t limit);

#endif
