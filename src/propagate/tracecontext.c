/* The W3C headers: traceparent and tracestate, in and out (W3C Trace Context level 2). */
#include <impact/propagation.h>

#include "base/text.h"
#include "trace/trace_state.h"

enum {
    traceparent_size = IMPACT_TRACEPARENT_SIZE - 1, /* 3.2.2: 00-{32}-{16}-{2} */
    trace_state_member_limit = 32,                  /* 3.3.1.1 */
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

static bool is_key_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' ||
           c == '/' || c == '@';
}

/* 3.3.1.3.1, level 2: a lower-case letter or digit, then up to 255 key characters. */
static bool is_trace_state_key(impact_text key)
{
    if (key.size == 0 || key.size > 256)
        return false;
    const char first = key.data[0];
    if (!((first >= 'a' && first <= 'z') || (first >= '0' && first <= '9')))
        return false;
    for (size_t i = 1; i < key.size; i++)
        if (!is_key_character(key.data[i]))
            return false;
    return true;
}

/* 3.3.1.3.2: up to 256 printable characters but comma and equals sign, not ending in a blank. */
static bool is_trace_state_value(impact_text value)
{
    if (value.size == 0 || value.size > 256 || value.data[value.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] < 0x20 || value.data[i] > 0x7E || value.data[i] == '=')
            return false;
    return true;
}

/* True for "key=value"; and for an empty member, which 3.3.1.2 allows. */
static bool is_trace_state_member(impact_text member)
{
    const char *equals = member.size ? memchr(member.data, '=', member.size) : NULL;
    if (!equals)
        return member.size == 0;
    const size_t key_size = (size_t)(equals - member.data);
    return is_trace_state_key(impact_text_from(member.data, key_size)) &&
           is_trace_state_value(impact_text_from(equals + 1, member.size - key_size - 1));
}

/* 3.3.1: one ill-formed member makes the whole header void; the traceparent holds all the same. */
static impact_text checked_trace_state(impact_text header)
{
    const impact_text none = {NULL, 0};
    header = impact__text_trim(header);
    if (header.size > impact__trace_state_limit)
        return none;
    size_t count = 0;
    impact_text rest = header;
    impact_text member;
    while (impact__text_split(&member, &rest, ',')) {
        member = impact__text_trim(member);
        if (!is_trace_state_member(member) || (member.size && ++count > trace_state_member_limit))
            return none;
    }
    return count ? header : none;
}

bool impact_propagation_extract(impact_span_context *context, impact_carrier_get_fn get,
                                void *carrier)
{
    impact_span_context extracted;
    if (!context || !get ||
        !impact_traceparent_parse(&extracted, impact__text_trim(get(carrier, "traceparent"))))
        return false;
    extracted.trace_state = checked_trace_state(get(carrier, "tracestate"));
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
    const impact_text state = impact__trace_state_to_send(context->trace_state);
    if (state.size == 0)
        return;
    char tracestate[impact__trace_state_limit + 1];
    memcpy(tracestate, state.data, state.size);
    tracestate[state.size] = '\0';
    set(carrier, "tracestate", tracestate);
}
