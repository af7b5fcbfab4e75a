/* Traces on a terminal, as they come to rest.
 *
 * DESIGN: a trace that changes goes to the end of the store's list, and is not shown any more: so
 * those that are to be printed are the end of the list.
 */
#include "follow.h"

#include "base/clock.h"
#include "export/tree/forest.h"
#include "export/tree/waterfall.h"
#include "ingest.h"

static const uint64_t rest_ns = view_rest_ms * IMPACT__NS_PER_MS;

static view_trace *first_to_show(const view_store *store)
{
    view_trace *trace = store->last;
    while (trace && !trace->is_shown && trace->earlier && !trace->earlier->is_shown)
        trace = trace->earlier;
    return trace && !trace->is_shown ? trace : NULL;
}

/* Without memory it is left out: the page has it too. */
static void append(impact__buffer *to, const view_trace *trace, bool in_colour)
{
    impact__buffer request = IMPACT__BUFFER(to->allocator);
    impact__forest forest = IMPACT__FOREST(to->allocator);
    view_append_request(&request, trace);
    if (!request.has_failed && !impact__forest_add_data(&forest, impact__buffer_text(&request)) &&
        !impact__forest_plant(&forest))
        impact__waterfall_append(to, &forest, in_colour);
    impact__forest_close(&forest);
    impact__buffer_close(&request);
}

int view_follow(view_store *store, view_outlet *to, bool in_colour, uint64_t now_ns)
{
    if (!to->descriptor)
        return -1;
    for (view_trace *trace = first_to_show(store); trace; trace = trace->later) {
        if (view_outlet_awaited(to) >= 0)
            return -1;
        const uint64_t at_rest_ns = trace->changed_ns + rest_ns;
        if (now_ns < at_rest_ns)
            return (int)((at_rest_ns - now_ns) / IMPACT__NS_PER_MS) + 1;
        append(&to->bytes, trace, in_colour);
        view_outlet_send(to);
        trace->is_shown = true;
    }
    return -1;
}
