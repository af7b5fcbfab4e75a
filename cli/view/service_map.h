/* Who calls whom, drawn from the spans that are kept. */
#ifndef IMPACT_CLI_VIEW_SERVICE_MAP_H
#define IMPACT_CLI_VIEW_SERVICE_MAP_H

#include "base/buffer.h"
#include "store.h"

/* {"version": 12, "nodes": [["name", is_service, spans, errors], ...],
 *  "edges": [[from, to, calls, errors, total_ns], ...]}
 *
 * An edge leads from a span's service to that of its child, or, of a call that no other service
 * recorded, to what the span says that it has called: a database, a queue, a peer. */
void view_append_map(impact__buffer *to, view_store *store);

#endif
