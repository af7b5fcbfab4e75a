/* An ExportTraceServiceRequest into the store. */
#ifndef IMPACT_CLI_VIEW_INGEST_H
#define IMPACT_CLI_VIEW_INGEST_H

#include "base/buffer.h"
#include "store.h"
#include "well_formed.h"

typedef struct view_ingested {
    size_t no_ids; /* spans that have no valid ids, which no try again would change */
    size_t no_room;
} view_ingested;

typedef struct view_ingestion {
    view_store *store;
    impact_text request;
    view_check check;
    bool is_checked;
    bool has_spans;
    impact_message_walk resources; /* what is left of each */
    impact_message_walk scopes;
    impact_message_walk spans;
    view_shared *resource; /* of the next span; NULL: there was no memory */
    view_shared *scope;
    view_ingested ingested;
} view_ingestion;

/* Add every span, piece by piece, when the bytes are a request; nothing before that. `request` is
 * borrowed until the end. */
void view_ingest_begin(view_ingestion *ingestion, view_store *store, impact_text request);
view_progress view_ingest_some(view_ingestion *ingestion, view_slice *slice);
void view_ingest_end(view_ingestion *ingestion); /* accepts one that was never begun */

/* All at once. IMPACT_EINVAL: the bytes are no request, and nothing was added. */
impact_status view_ingest(view_store *store, impact_text request, view_ingested *ingested);

/* Append the spans of a trace as an ExportTraceServiceRequest. */
void view_append_request(impact__buffer *to, const view_trace *trace);

#endif
