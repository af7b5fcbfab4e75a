/* The W3C headers: traceparent and tracestate, in and out (W3C Trace Context level 2). */
#include <impact/propagation.h>

#include <assert.h>

#include "base/text.h"

#include "propagate/field.h"
#include "propagate/formats.h"
#include "trace/context.h"

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
    assert(text.size >= traceparent_size);
    if (version == 0xFF)
        return false;
    if (text.size == traceparent_size)
        return true;
    return version > 0 && text.data[traceparent_size] == '-';
}

static bool parse(impact__identity *identity, impact_text text)
{
    uint8_t version = 0;
    *identity = (impact__identity){.is_remote = true};
    if (!text.data || text.size < traceparent_size)
        return false;
    const char *t = text.data;
    if (t[2] != '-' || t[35] != '-' || t[52] != '-' || !impact__hex_parse(&version, 1, t) ||
        !may_end_here(version, text))
        return false;
    if (!impact__hex_parse(identity->trace_id.bytes, 16, t + 3) ||
        !impact__hex_parse(identity->span_id.bytes, 8, t + 36) ||
        !impact__hex_parse(&identity->trace_flags, 1, t + 53))
        return false;
    /* 3.2.2.5: what we do not know is not passed on. */
    identity->trace_flags &= IMPACT_TRACE_FLAG_SAMPLED | IMPACT_TRACE_FLAG_RANDOM;
    return impact__identity_is_valid(identity);
}

bool impact_traceparent_parse(impact_span_context *context, impact_text text)
{
    impact__identity parsed;
    if (!context || !parse(&parsed, text))
        return false;
    impact__identity_show(context, &parsed);
    return true;
}

/* ---- the propagator ---- */

static const char field_parent[] = "traceparent";
static const char field_state[] = "tracestate";

/* 4.3: with more than one traceparent there is none. 3.3.1: one ill-formed member makes a trace
 * state void; the traceparent holds all the same. */
static const impact_context *extract(const impact_propagator *propagator,
                                     const impact_context *context,
                                     const impact_carrier_getter *getter, void *carrier)
{
    (void)propagator; /* it has nothing of its own; likewise below */
    impact__field parent;
    impact__field state;
    impact__identity parsed;
    impact__field_open(&parent, getter, carrier, field_parent);
    const bool is_parsed = parent.count == 1 && parse(&parsed, parent.value);
    impact__field_close(&parent);
    if (!is_parsed)
        return impact_context_retain(context);
    impact__field_open(&state, getter, carrier, field_state);
    parsed.trace_state = impact__identity_keep_trace_state(state.value);
    impact__field_close(&state);
    return impact__context_with_identity(context, parsed);
}

static void inject(const impact_propagator *propagator, const impact_context *context,
                   impact_carrier_set_fn set, void *carrier)
{
    (void)propagator;
    impact_span_context found;
    impact__context_show(&found, context);
    char traceparent[IMPACT_TRACEPARENT_SIZE];
    if (!set || !impact_span_context_is_valid(&found))
        return;
    impact_traceparent_format(traceparent, &found);
    set(carrier, field_parent, traceparent);
    if (found.trace_state.text[0]) /* a context keeps what may leave only */
        set(carrier, field_state, found.trace_state.text);
}

static const char *const fields[] = {field_parent, field_state, NULL};

const impact_propagator impact__propagator_tracecontext = {
    .size = sizeof(impact_propagator),
    .name = "tracecontext",
    .fields = fields,
    .extract = extract,
    .inject = inject,
};
