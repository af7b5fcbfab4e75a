/* A batch as bytes: one ResourceSpans behind its tag, which is a TracesData and also an
 * ExportTraceServiceRequest (trace.proto, trace_service.proto: field 1 of both). */
#ifndef IMPACT_EXPORT_GATHER_H
#define IMPACT_EXPORT_GATHER_H

#include <impact/exporter.h>

#include "base/buffer.h"

/* Spans of a batch by their number, counted through its scopes: `count` of them from `first` on. */
typedef struct impact__span_range {
    size_t first;
    size_t count;
} impact__span_range;

/* The bytes that impact__gather_append writes. All of it is in memory, so it is a size. */
size_t impact__gather_size(const impact_batch *batch, impact__span_range range);

/* Append those spans of the batch to `buffer`. IMPACT_ENOMEM: the buffer is as it was. */
impact_status impact__gather_append(impact__buffer *buffer, const impact_batch *batch,
                                    impact__span_range range);

#endif
