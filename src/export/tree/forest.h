/* Spans as trees: collected from messages, grouped by trace, linked to their parents. */
#ifndef IMPACT_EXPORT_TREE_FOREST_H
#define IMPACT_EXPORT_TREE_FOREST_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/allocator.h>
#include <impact/span_view.h>
#include <impact/status.h>

typedef struct impact__forest_node impact__forest_node;
struct impact__forest_node {
    impact_span_view span;
    impact_text service; /* the resource's service.name */
    size_t trace;        /* its number in the forest */
    bool is_orphan;      /* it has a parent that is not here */
    bool is_placed;      /* it hangs on a root: see forest.c */
    impact__forest_node *parent;
    impact__forest_node *first_child;
    impact__forest_node *next; /* sibling, or root of the same trace, by start time */
};

typedef struct impact__forest_trace {
    impact__forest_node *first_root;
    size_t span_count;
    uint64_t start_unix_ns; /* the earliest start and the latest end of its spans */
    uint64_t end_unix_ns;
} impact__forest_trace;

/* All text is borrowed from what was added. */
typedef struct impact__forest {
    const impact_allocator *allocator;
    impact__forest_node *nodes;
    size_t node_count;
    size_t node_capacity;
    impact__forest_trace *traces; /* by start time, once planted */
    size_t trace_count;
} impact__forest;

#define IMPACT__FOREST(door) ((impact__forest){.allocator = (door)})

void impact__forest_close(impact__forest *forest);

/* Add a span. IMPACT_EINVAL: it is malformed. */
impact_status impact__forest_add(impact__forest *forest, impact_text span, impact_text service);

/* Add all spans of a TracesData or ExportTraceServiceRequest; malformed ones are left out. */
impact_status impact__forest_add_data(impact__forest *forest, impact_text data);

/* The service.name of a Resource; empty when it has none. */
impact_text impact__forest_service_of(impact_text resource);

/* Link all that was added into trees. */
impact_status impact__forest_plant(impact__forest *forest);

/* The node after this one, parents before children; NULL at the end of its trace. `depth` moves
 * along. */
impact__forest_node *impact__forest_next(impact__forest_node *node, size_t *depth);

#endif
