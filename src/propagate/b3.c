/* B3, single and multi (context/api-propagators "B3 Requirements"; openzipkin/b3-propagation). */
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "propagate/field.h"
#include "propagate/formats.h"
#include "trace/context.h"

static const char field_single[] = "b3";
static const char field_trace_id[] = "x-b3-traceid";
static const char field_span_id[] = "x-b3-spanid";
static const char field_sampled[] = "x-b3-sampled";
static const char field_flags[] = "x-b3-flags";

enum { single_size = 32 + 1 + 16 + 1 + 1 };

/* The debug flag goes with the context, since a span context has no room for it. */
static const char debug_key;
static char debug_value;

typedef struct b3_context {
    impact__identity identity; /* without a trace state */
    bool is_debug;
} b3_context;

/* ---- reading ---- */

/* Trace ids of 64 bits are padded. */
static bool parse_ids(b3_context *b3, impact_text trace_id, impact_text span_id)
{
    *b3 = (b3_context){.identity.is_remote = true};
    return (trace_id.size == 16 || trace_id.size == 32) && span_id.size == 16 &&
           impact__id_parse(b3->identity.trace_id.bytes, 16, trace_id) &&
           impact__id_parse(b3->identity.span_id.bytes, 8, span_id);
}

/* Absent, the decision is left to us, as an unsampled parent leaves it to the sampler. Debug
 * implies accept. False: it is no sampling state. */
static bool parse_state(b3_context *b3, impact_text state)
{
    const bool is_accept = impact__text_equal_string(state, "1") ||
                           impact__text_equal_ignoring_case(state, impact_text_of("true"));
    const bool is_deny = impact__text_equal_string(state, "0") ||
                         impact__text_equal_ignoring_case(state, impact_text_of("false"));
    b3->is_debug = impact__text_equal_string(state, "d");
    if (is_accept || b3->is_debug)
        b3->identity.trace_flags = IMPACT_TRACE_FLAG_SAMPLED;
    return is_accept || is_deny || b3->is_debug || state.size == 0;
}

/* {trace id}-{span id}[-{sampling state}[-{parent span id}]]; the parent's id is of no use to
 * us. */
static bool parse_single(b3_context *b3, impact_text text)
{
    assert(text.data || text.size == 0);
    impact_text rest = text;
    impact_text trace_id;
    impact_text span_id;
    impact_text state = {NULL, 0};
    impact_text parent = {NULL, 0};
    if (!impact__text_split(&trace_id, &rest, '-') || !impact__text_split(&span_id, &rest, '-'))
        return false;
    (void)impact__text_split(&state, &rest, '-'); /* it may be absent, and so may the next */
    (void)impact__text_split(&parent, &rest, '-');
    return !rest.data && parse_ids(b3, trace_id, span_id) && parse_state(b3, state);
}

static bool read_single(b3_context *b3, const impact_carrier_getter *getter, void *carrier)
{
    impact__field field;
    impact__field_open(&field, getter, carrier, field_single);
    const bool is_read = parse_single(b3, field.value);
    impact__field_close(&field);
    return is_read;
}

static bool read_multi(b3_context *b3, const impact_carrier_getter *getter, void *carrier)
{
    impact__field trace_id;
    impact__field span_id;
    impact__field sampled;
    impact__field flags;
    impact__field_open(&trace_id, getter, carrier, field_trace_id);
    impact__field_open(&span_id, getter, carrier, field_span_id);
    impact__field_open(&sampled, getter, carrier, field_sampled);
    impact__field_open(&flags, getter, carrier, field_flags);
    const bool is_debug = impact__text_equal_string(flags.value, "1");
    const impact_text state = is_debug ? impact_text_of("d") : sampled.value;
    const bool is_read = parse_ids(b3, trace_id.value, span_id.value) && parse_state(b3, state);
    impact__field_close(&trace_id);
    impact__field_close(&span_id);
    impact__field_close(&sampled);
    impact__field_close(&flags);
    return is_read;
}

static const impact_context *with_debug(const impact_context *context, bool is_debug)
{
    const bool was_debug = impact_context_value(context, &debug_key) != NULL;
    if (was_debug == is_debug)
        return impact_context_retain(context);
    return impact_context_with_value(context, &debug_key, is_debug ? &debug_value : NULL, NULL);
}

/* Both find both: the single header wins. */
static const impact_context *extract(const impact_propagator *propagator,
                                     const impact_context *context,
                                     const impact_carrier_getter *getter, void *carrier)
{
    (void)propagator; /* it has nothing of its own; likewise below */
    b3_context b3;
    if (!read_single(&b3, getter, carrier) && !read_multi(&b3, getter, carrier))
        return impact_context_retain(context);
    const impact_context *with_span = impact__context_with_identity(context, b3.identity);
    const impact_context *whole = with_debug(with_span, b3.is_debug);
    impact_context_release(with_span);
    return whole;
}

/* ---- writing ---- */

/* False: there is nothing to send. */
static bool find_context(b3_context *b3, const impact_context *context)
{
    impact_span_context found;
    impact__context_show(&found, context);
    b3->identity = (impact__identity){
        .trace_id = found.trace_id, .span_id = found.span_id, .trace_flags = found.trace_flags};
    b3->is_debug = impact_context_value(context, &debug_key) != NULL;
    return impact__identity_is_valid(&b3->identity);
}

static char state_of(const b3_context *b3)
{
    if (b3->is_debug)
        return 'd';
    return b3->identity.trace_flags & IMPACT_TRACE_FLAG_SAMPLED ? '1' : '0';
}

static void inject_single(const impact_propagator *propagator, const impact_context *context,
                          impact_carrier_set_fn set, void *carrier)
{
    (void)propagator;
    b3_context b3;
    char value[single_size + 1] = "";
    if (!set || !find_context(&b3, context))
        return;
    impact_trace_id_format(value, &b3.identity.trace_id);
    value[32] = '-';
    impact_span_id_format(value + 33, &b3.identity.span_id);
    value[49] = '-';
    value[50] = state_of(&b3);
    value[51] = '\0';
    set(carrier, field_single, value);
}

/* "Debug implies an accept decision, so don't also send the X-B3-Sampled header." */
static void inject_multi(const impact_propagator *propagator, const impact_context *context,
                         impact_carrier_set_fn set, void *carrier)
{
    (void)propagator;
    b3_context b3;
    char trace_id[33];
    char span_id[17];
    if (!set || !find_context(&b3, context))
        return;
    impact_trace_id_format(trace_id, &b3.identity.trace_id);
    impact_span_id_format(span_id, &b3.identity.span_id);
    set(carrier, field_trace_id, trace_id);
    set(carrier, field_span_id, span_id);
    if (b3.is_debug)
        set(carrier, field_flags, "1");
    else
        set(carrier, field_sampled,
            b3.identity.trace_flags & IMPACT_TRACE_FLAG_SAMPLED ? "1" : "0");
}

static const char *const single_fields[] = {field_single, NULL};
static const char *const multi_fields[] = {field_trace_id, field_span_id, field_sampled,
                                           field_flags, NULL};

const impact_propagator impact__propagator_b3 = {
    .size = sizeof(impact_propagator),
    .name = "b3",
    .fields = single_fields,
    .extract = extract,
    .inject = inject_single,
};

const impact_propagator impact__propagator_b3multi = {
    .size = sizeof(impact_propagator),
    .name = "b3multi",
    .fields = multi_fields,
    .extract = extract,
    .inject = inject_multi,
};
