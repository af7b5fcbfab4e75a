/* Who calls whom, drawn from the spans that are kept. */
#ifndef IMPACT_CLI_VIEW_SERVICE_MAP_H
#define IMPACT_CLI_VIEW_SERVICE_MAP_H

#include "base/buffer.h"
#include "store.h"

enum { view_map_node_limit = 200, view_map_edge_limit = 2000 };

typedef struct view_map_node {
    impact_text name;
    bool is_service; /* else it is known from its callers only */
    uint64_t span_count;
    uint64_t error_count;
} view_map_node;

/* A call has been made, from one node to another. */
typedef struct view_map_edge {
    size_t from;
    size_t to;
    uint64_t count;
    uint64_t error_count;
    uint64_t total_ns;
} view_map_edge;

/* What does not fit is left out: nobody reads such a map. */
typedef struct view_map {
    view_map_node nodes[view_map_node_limit];
    view_map_edge edges[view_map_edge_limit];
    size_t node_count;
    size_t edge_count;
} view_map;

/* Borrowed until the next change of the store, and the next call. An edge leads from a span's
 * service to that of its child, or, of a call that no other service recorded, to what the span says
 * that it has called: a database, a queue, a peer. */
const view_map *view_map_of(view_store *store);

/* {"version": 12, "nodes": [["name", is_service, spans, errors], ...],
 *  "edges": [[from, to, calls, errors, total_ns], ...]} */
void view_append_map(impact__buffer *to, view_store *store);

#endif
