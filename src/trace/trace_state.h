/* Trace state on its way out: what may stand in a header, and in UTF-8. */
#ifndef IMPACT_TRACE_TRACE_STATE_H
#define IMPACT_TRACE_TRACE_STATE_H

#include <impact/text.h>

enum { impact__trace_state_limit = 512 }; /* bytes: W3C Trace Context 3.3.1.5 */

/* The same text, or the empty one when it is too long or has bytes that are not printable ASCII, blank
 * or tab: a context that the program made by hand may hold anything. */
static inline impact_text impact__trace_state_to_send(impact_text state)
{
    const impact_text none = {NULL, 0};
    if (!state.data || state.size > impact__trace_state_limit)
        return none;
    for (size_t i = 0; i < state.size; i++)
        if ((state.data[i] < 0x20 || state.data[i] > 0x7E) && state.data[i] != '\t')
            return none;
    return state;
}

#endif
