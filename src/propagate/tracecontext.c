/* The W3C headers: traceparent and tracestate, in and out (W3C Trace Context level 2). */
#include <impact/propagation.h>

#include "base/text.h"
#include "trace/trace_state.h"

enum {
    traceparent_size = IMPACT_TRACEPARENT_SIZE - 1, /* 3.2.2: 00-{32}-{16}-{2} */
};

void impact_traceparent_format(char text[IMPACT_TRACEPARENT_SIZE],
                               const impact_span_context *context)
{
    static const impact_span_context none;
    if (!text)
        return;
    const impact_span_context *c = context ? context : &none;
    memcpy(text, "00-", 3);
    impact__hex_format(text + 3, c->trace_id.bytes, sizeof c->trace_id.bytes);
    text[35] = '-';
    impact__hex_format(text + 36, c->span_id.bytes, sizeof c->span_id.bytes);
    text[52] = '-';
    impact__hex_format(text + 53, &c->trace_flags, 1);
    text[55] = '\0';
}

/* 3.2.2.1: version ff is invalid; 3.2.4: a higher version may go on after a dash. */
static bool may_end_here(uint8_t version, impact_text text)
{
    if (version == 0xFF)
        return false;
    if (text.size == traceparent_size)
        return true;
    return version > 0 && text.data[traceparent_size] == '-';
}

bool impact_traceparent_parse(impact_span_context *context, impact_text text)
{
    uint8_t version = 0;
    impact_span_context parsed = {.is_remote = true};
    if (!context || !text.data || text.size < traceparent_size)
        return false;
    const char *t = text.data;
    if (t[2] != '-' || t[35] != '-' || t[52] != '-' || !impact__hex_parse(&version, 1, t) ||
        !may_end_here(version, text))
        return false;
    if (!impact__hex_parse(parsed.trace_id.bytes, 16, t + 3) ||
        !impact__hex_parse(parsed.span_id.bytes, 8, t + 36) ||
        !impact__hex_parse(&parsed.trace_flags, 1, t + 53) ||
        !impact_span_context_is_valid(&parsed))
        return false;
    /* 3.2.2.5: what we do not know is not passed on. */
    parsed.trace_flags &= IMPACT_TRACE_FLAG_SAMPLED | IMPACT_TRACE_FLAG_RANDOM;
    *context = parsed;
    return true;
}

bool impact_propagation_extract(impact_span_context *context, impact_carrier_get_fn get,
                                void *carrier)
{
    impact_span_context extracted;
    if (!context || !get ||
        !impact_traceparent_parse(&extracted, impact__text_trim(get(carrier, "traceparent"))))
        return false;
    /* 3.3.1: one ill-formed member makes it void; the traceparent holds all the same. */
    const impact_text state = impact__text_trim(get(carrier, "tracestate"));
    if (impact__trace_state_is_valid(state))
        extracted.trace_state = state;
    *context = extracted;
    return true;
}

void impact_propagation_inject(const impact_span_context *context, impact_carrier_set_fn set,
                               void *carrier)
{
    if (!set || !impact_span_context_is_valid(context))
        return;
    char traceparent[IMPACT_TRACEPARENT_SIZE];
    impact_traceparent_format(traceparent, context);
    set(carrier, "traceparent", traceparent);
    char tracestate[IMPACT_TRACE_STATE_SIZE];
    const impact_text state = impact__trace_state_to_send(tracestate, context->trace_state);
    if (state.size == 0)
        return;
    tracestate[state.size] = '\0';
    set(carrier, "tracestate", tracestate);
}
