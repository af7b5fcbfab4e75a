/* Trace state, inside: what of one may leave the process. */
#ifndef IMPACT_TRACE_TRACE_STATE_H
#define IMPACT_TRACE_TRACE_STATE_H

#include <impact/trace_state.h>

enum { impact__trace_state_limit = IMPACT_TRACE_STATE_SIZE - 1 }; /* characters */

/* At most 32 members, all of them well-formed; and one at least. */
bool impact__trace_state_is_valid(impact_text state);

/* What may leave of a text that a program or a stranger made: as impact_trace_state_parse, written
 * to `room`, which lies elsewhere. Empty where that is false. */
impact_text impact__trace_state_to_send(char room[impact__trace_state_limit], impact_text state);

#endif
