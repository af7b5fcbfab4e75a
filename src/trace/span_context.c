/* Ids and span contexts. */
#include <impact/span_context.h>
#include <impact/span_view.h>

#include "base/bytes.h"
#include "base/text.h"

bool impact_span_context_is_valid(const impact_span_context *context)
{
    return context && !impact__is_zero(context->trace_id.bytes, sizeof context->trace_id.bytes) &&
           !impact__is_zero(context->span_id.bytes, sizeof context->span_id.bytes);
}

impact_span_context impact_span_context_of_view(const impact_span_context_view *view)
{
    impact_span_context context = {.trace_flags = 0};
    if (!view)
        return context;
    context.trace_id = view->trace_id;
    context.span_id = view->span_id;
    context.trace_flags = view->trace_flags;
    context.is_remote = view->is_remote;
    (void)impact_trace_state_parse(&context.trace_state, view->trace_state); /* or none */
    return context;
}

void impact_trace_id_format(char text[33], const impact_trace_id *id)
{
    static const impact_trace_id none;
    if (!text)
        return;
    impact__hex_format(text, (id ? id : &none)->bytes, sizeof id->bytes);
    text[32] = '\0';
}

void impact_span_id_format(char text[17], const impact_span_id *id)
{
    static const impact_span_id none;
    if (!text)
        return;
    impact__hex_format(text, (id ? id : &none)->bytes, sizeof id->bytes);
    text[16] = '\0';
}
