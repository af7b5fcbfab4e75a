/* What of a span outlives it, from and to the context that programs see. */
#include "trace/identity.h"

#include "trace/trace_state.h"

impact__shared_text *impact__identity_keep_trace_state(impact_text trace_state)
{
    char room[impact__trace_state_limit];
    return trace_state.size
               ? impact__shared_text_open(impact__trace_state_to_send(room, trace_state))
               : NULL;
}

impact__identity impact__identity_of(const impact_span_context *context)
{
    return (impact__identity){
        .trace_id = context->trace_id,
        .span_id = context->span_id,
        .trace_flags = context->trace_flags,
        .is_remote = context->is_remote,
        .trace_state =
            impact__identity_keep_trace_state(impact_trace_state_text(&context->trace_state)),
    };
}

void impact__identity_show(impact_span_context *context, const impact__identity *identity)
{
    const impact_text state = impact__shared_text_of(identity->trace_state);
    context->trace_id = identity->trace_id;
    context->span_id = identity->span_id;
    context->trace_flags = identity->trace_flags;
    context->is_remote = identity->is_remote;
    if (state.size) /* what is kept is never longer than there is room: see above */
        memcpy(context->trace_state.text, state.data, state.size);
    context->trace_state.text[state.size] = '\0';
}
