/* The traces that match a search, newest first, kept up to date as the store changes.
 *
 * DESIGN: a trace that changes goes to the end of the store's list, and one that leaves stands at
 * its start. So a row whose version is that of its trace is true, one of a version before the
 * list's first is of a trace that is gone, and only what changed since is searched again: however
 * many traces there are, a change costs one pass over the rows.
 */
#ifndef IMPACT_CLI_VIEW_TUI_TRACE_ROWS_H
#define IMPACT_CLI_VIEW_TUI_TRACE_ROWS_H

#include "base/buffer.h"
#include "search.h"

typedef struct view_trace_row {
    view_trace *trace;
    uint64_t version;
    uint64_t number; /* of the trace */
} view_trace_row;

typedef struct view_trace_rows {
    const view_store *store;
    view_search search;
    impact__buffer rows; /* the oldest first */
    uint64_t seen;       /* the store's version; likewise below */
    uint64_t evicted;
} view_trace_rows;

void view_trace_rows_open(view_trace_rows *rows, const view_store *store);
void view_trace_rows_close(view_trace_rows *rows);

/* Search for something else: a query as of view_search_parse. False: it cannot be understood, and
 * nothing has changed. */
bool view_trace_rows_search(view_trace_rows *rows, impact_text query);

/* Make it true again; after any change of the store, before anything else. False: nothing has
 * changed. Without memory what is not there is looked for with the next change. */
bool view_trace_rows_update(view_trace_rows *rows);

size_t view_trace_rows_count(const view_trace_rows *rows);
view_trace_row view_trace_rows_at(const view_trace_rows *rows, size_t place); /* 0: the newest */

/* Where the trace of this number is; `otherwise`: it is not there. */
size_t view_trace_rows_find(const view_trace_rows *rows, uint64_t number, size_t otherwise);

#endif
