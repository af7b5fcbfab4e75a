/* Traces on a terminal, as they come to rest.
 *
 * DESIGN: a trace that changes goes to the end of the store's list, and is not shown any more: so
 * those that are to be printed are the end of the list.
 */
#include "follow.h"

#include <impact/exporter.h>

#include "base/clock.h"
#include "ingest.h"

static const uint64_t rest_ns = view_rest_ms * IMPACT__NS_PER_MS;

static view_trace *first_to_show(const view_store *store)
{
    view_trace *trace = store->last;
    while (trace && !trace->is_shown && trace->earlier && !trace->earlier->is_shown)
        trace = trace->earlier;
    return trace && !trace->is_shown ? trace : NULL;
}

static void print(const view_store *store, int descriptor, const view_trace *trace)
{
    impact__buffer request = IMPACT__BUFFER(store->allocator);
    view_append_request(&request, trace);
    const impact_text text = impact__buffer_text(&request);
    if (!request.has_failed)
        (void)!impact_tree_print(descriptor, &text, 1, store->allocator); /* the page has it too */
    impact__buffer_close(&request);
}

int view_follow(view_store *store, int descriptor, uint64_t now_ns)
{
    for (view_trace *trace = first_to_show(store); trace; trace = trace->later) {
        const uint64_t at_rest_ns = trace->changed_ns + rest_ns;
        if (now_ns < at_rest_ns)
            return (int)((at_rest_ns - now_ns) / IMPACT__NS_PER_MS) + 1;
        print(store, descriptor, trace);
        trace->is_shown = true;
    }
    return -1;
}
