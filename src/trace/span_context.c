/* Ids and span contexts. */
#include <impact/span_context.h>

#include "base/text.h"

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++)
        any |= bytes[i];
    return any == 0;
}

bool impact_span_context_is_valid(const impact_span_context *context)
{
    return context && !is_zero(context->trace_id.bytes, sizeof context->trace_id.bytes) &&
           !is_zero(context->span_id.bytes, sizeof context->span_id.bytes);
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
