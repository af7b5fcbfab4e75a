/* A batch as bytes: one ResourceSpans behind its tag, which is a TracesData and also an
 * ExportTraceServiceRequest (trace.proto, trace_service.proto: field 1 of both). */
#ifndef IMPACT_EXPORT_GATHER_H
#define IMPACT_EXPORT_GATHER_H

#include <impact/exporter.h>

#include "base/buffer.h"

/* The bytes that impact__gather_append writes. all of it is in memory, so it is a size. */
size_t impact__gather_size(const impact_batch *batch);

/* Append the batch to `buffer`. IMPACT_ENOMEM: the buffer is as it was. */
impact_status impact__gather_append(impact__buffer *buffer, const impact_batch *batch);

#endif
