/* An ExportTraceServiceRequest into the store. */
#ifndef IMPACT_CLI_VIEW_INGEST_H
#define IMPACT_CLI_VIEW_INGEST_H

#include "base/buffer.h"
#include "store.h"

typedef struct view_ingested {
    size_t no_ids; /* spans that have no valid ids, which no try again would change */
    size_t no_room;
} view_ingested;

/* Add every span. IMPACT_EINVAL: the bytes are no request, and nothing was added. */
impact_status view_ingest(view_store *store, impact_text request, view_ingested *ingested);

/* Append the spans of a trace as an ExportTraceServiceRequest. */
void view_append_request(impact__buffer *to, const view_trace *trace);

#endif
