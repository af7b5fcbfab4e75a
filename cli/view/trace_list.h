/* The answers of the page's interface, in JSON. */
#ifndef IMPACT_CLI_VIEW_TRACE_LIST_H
#define IMPACT_CLI_VIEW_TRACE_LIST_H

#include "base/buffer.h"
#include "search.h"

/* The traces that match, those that changed last first, and only what changed after `since`:
 *
 *   {"instance": 9, "version": 12, "oldest": 3, "traces": [[number, version, "id", "service",
 *    "name", start_us, duration_ns, spans, errors], ...], "services": ["a", ...], "spans": 7, ...}
 *
 * Traces of a version before `oldest` are gone; of another instance, all of them. */
void view_append_list(impact__buffer *to, const view_store *store, const view_search *search,
                      uint64_t since);

#endif
