/* The spans of one trace as a tree of which parts are folded.
 *
 * DESIGN: a copy of the trace, so that it stays when the store makes room. Spans are known by the
 * order in which they came, which stays when more of them come: so do what is folded and where the
 * reader is.
 */
#ifndef IMPACT_CLI_VIEW_TUI_TRACE_TREE_H
#define IMPACT_CLI_VIEW_TUI_TRACE_TREE_H

#include "base/buffer.h"
#include "export/tree/forest.h"
#include "store.h"

typedef struct view_tree_row {
    size_t node; /* its number in the forest */
    size_t depth;
} view_tree_row;

typedef struct view_trace_tree {
    const view_store *store;
    bool is_open; /* there is a trace */
    bool is_gone; /* the store has it no more */
    impact_trace_id id;
    uint64_t version;
    impact__buffer request; /* what the forest borrows from */
    impact__forest forest;
    impact__buffer folded; /* a byte a node */
    impact__buffer rows;   /* what is not in a folded part */
} view_trace_tree;

void view_trace_tree_init(view_trace_tree *tree, const view_store *store);
void view_trace_tree_close(view_trace_tree *tree);

/* Show a trace that the store has. False: no memory. */
bool view_trace_tree_open(view_trace_tree *tree, const view_trace *trace);

/* After a change of the store. False: nothing has changed for this trace. Without memory nothing is
 * open then, as after folding. */
bool view_trace_tree_update(view_trace_tree *tree);

const impact__forest_trace *view_trace_tree_facts(const view_trace_tree *tree);
size_t view_trace_tree_row_count(const view_trace_tree *tree);
view_tree_row view_trace_tree_row(const view_trace_tree *tree, size_t number);
const impact__forest_node *view_trace_tree_node(const view_trace_tree *tree, size_t number);

/* The row of a node, or of the first of its ancestors that is not in a folded part. */
size_t view_trace_tree_find(const view_trace_tree *tree, size_t node);

bool view_trace_tree_is_folded(const view_trace_tree *tree, size_t node);
void view_trace_tree_fold(view_trace_tree *tree, size_t node, bool is_folded);

#endif
